//! Monitors the components of the service, and logs when one is lost and when it recovers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use groups_store::{Reason, Store, StoreError};
use serde_json::{Value, json};

use crate::bus::Bus;

/// Interval between health checks.
const EVERY: Duration = Duration::from_secs(1);

/// Every n-th check also verifies that the database is writable, unless commits have shown so
/// since.
const WRITE_EVERY_LOOKS: u32 = 5;

/// Timeout of a health check. A database that answers later counts as down.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// Maximum age of a result. An older one means that the health task no longer runs, so the database
/// counts as down.
const BELIEVED_MAX: Duration = Duration::from_secs(15);

/// The result of the last health check. Cheap to clone; all clones share it.
#[derive(Clone)]
pub(crate) struct Health(Arc<Mutex<Found>>);

struct Found {
    database: bool,
    at: Instant,
}

impl Health {
    /// For a service that has just opened, and thereby written to, its database.
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

/// The state of each component, as `/readyz` reports it.
pub(crate) fn components(database: bool, bus: &Bus) -> Value {
    let state = |up: bool| if up { "up" } else { "down" };
    json!({
        "database": {"state": state(database)},
        "bus": {"kind": bus.kind(), "state": state(bus.is_up())},
    })
}

/// Checks all components at regular intervals and logs losses and recoveries. Runs until it is
/// aborted or the store is closed.
pub(crate) async fn watch(store: Store, bus: Bus, health: Health) {
    let mut database = Part::new("database", "requests are answered with 503 meanwhile");
    let mut between = Part::new("bus", "changes made by other servers are up to a second late meanwhile");
    let mut commits = store.commits();
    let (mut looks, mut writable) = (0_u32, true);
    loop {
        if commits.has_changed().unwrap_or(false) {
            // A commit proves that the database is writable.
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

/// A component, and since when it is down.
struct Part {
    name: &'static str,
    meanwhile: &'static str,
    lost: Option<Instant>,
    /// Number of failed checks in a row. A single failed check, as right after startup, is not
    /// logged.
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
