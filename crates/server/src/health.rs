//! Which parts of the service work, and the log's word when one is lost and when it has come again.

use std::time::{Duration, Instant};

use groups_store::{Reason, Store, StoreError};
use serde_json::{Value, json};

use crate::bus::Bus;

/// How often the parts are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// What an operator is told of each part.
pub(crate) fn components(database: bool, bus: &Bus) -> Value {
    let state = |up: bool| if up { "up" } else { "down" };
    json!({
        "database": {"state": state(database)},
        "bus": {"kind": bus.kind(), "state": state(bus.is_up())},
    })
}

/// Looks at every part again and again, and logs what is lost and what has come again, until aborted or until the store is closed.
pub(crate) async fn watch(store: Store, bus: Bus) {
    let mut database = Part::new("database", "requests are answered with 503 meanwhile");
    let mut between = Part::new("bus", "changes made by other servers are up to a second late meanwhile");
    loop {
        match store.ping().await {
            Err(StoreError::Unavailable(Reason::Closed)) => return,
            Err(error) => database.is(false, &error.to_string()),
            Ok(()) => database.is(true, ""),
        }
        between.is(bus.is_up(), bus.kind());
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
