//! Which parts of the service work, and the log's word when one is lost and when it has come again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use groups_store::{Reason, Store, StoreError};
use serde_json::{Value, json};

use crate::bus::Bus;

/// How often the parts are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Every so many looks it is tried whether the database can be written, unless changes show that it can.
const WRITE_EVERY_LOOKS: u32 = 5;

/// How long a look may take. A database that answers later is as good as gone for those who wait.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// How long the result of a look is believed. Older than this, nobody is looking any more.
const BELIEVED_MAX: Duration = Duration::from_secs(15);

/// What the last look found. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub(crate) struct Health(Arc<Mutex<Found>>);

struct Found {
    database: bool,
    at: Instant,
}

impl Health {
    /// Of a service whose database was opened just now, and written for that.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Found { database: true, at: Instant::now() })))
    }

    /// Whether the database answers and can be written.
    pub(crate) fn has_database(&self) -> bool {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.database && found.at.elapsed() < BELIEVED_MAX
    }

    fn found(&self, database: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Found { database, at: Instant::now() };
    }
}

/// What an operator is told of each part.
pub(crate) fn components(database: bool, bus: &Bus) -> Value {
    let state = |up: bool| if up { "up" } else { "down" };
    json!({
        "database": {"state": state(database)},
        "bus": {"kind": bus.kind(), "state": state(bus.is_up())},
    })
}

/// Looks at every part again and again, and logs what is lost and what has come again, until aborted or until the store is closed.
pub(crate) async fn watch(store: Store, bus: Bus, health: Health) {
    let mut database = Part::new("database", "requests are answered with 503 meanwhile");
    let mut between = Part::new("bus", "changes made by other servers are up to a second late meanwhile");
    let mut commits = store.commits();
    let (mut looks, mut writable) = (0_u32, true);
    loop {
        if commits.has_changed().unwrap_or(false) {
            // Somebody has just shown it.
            commits.mark_unchanged();
            writable = true;
        } else if looks % WRITE_EVERY_LOOKS == 0 {
            writable = false;
        }
        let look = async {
            store.ping().await?;
            if !writable { store.check_writable().await } else { Ok(()) }
        };
        let late = || StoreError::Unavailable(Reason::Busy);
        match tokio::time::timeout(LOOK_MAX, look).await.unwrap_or_else(|_| Err(late())) {
            Err(StoreError::Unavailable(Reason::Closed)) => return,
            Err(error) => {
                health.found(false);
                database.is(false, &error.to_string());
            }
            Ok(()) => {
                writable = true;
                health.found(true);
                database.is(true, "");
            }
        }
        between.is(bus.is_up(), bus.kind());
        looks = looks.wrapping_add(1);
        tokio::time::sleep(EVERY).await;
    }
}

/// A part, and since when it is lost.
struct Part {
    name: &'static str,
    meanwhile: &'static str,
    lost: Option<Instant>,
    /// What is lost for one look only, as right after the start, is not worth a line.
    looks_down: u32,
}

impl Part {
    fn new(name: &'static str, meanwhile: &'static str) -> Self {
        Self { name, meanwhile, lost: None, looks_down: 0 }
    }

    fn is(&mut self, up: bool, detail: &str) {
        if up {
            self.looks_down = 0;
            if let Some(lost) = self.lost.take() {
                let after = lost.elapsed();
                tracing::info!(component = self.name, ?after, "recovered");
            }
            return;
        }
        self.looks_down = self.looks_down.saturating_add(1);
        if self.looks_down == 2 {
            self.lost = Some(Instant::now());
            tracing::error!(component = self.name, detail, "lost: {}", self.meanwhile);
        }
    }
}
