//! The suite on PostgreSQL, and what only PostgreSQL can show.

use std::sync::atomic::{AtomicU32, Ordering};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use groups_store::{Store, StoreOptions};

use crate::server;

#[path = "suite/commands.rs"]
mod commands;
#[path = "suite/stream.rs"]
mod stream;

/// A database of a test's own on the shared server.
pub(crate) struct Db {
    url: String,
}

impl Db {
    pub(crate) fn options(&self) -> StoreOptions {
        // Many tests at once share the server's connections.
        StoreOptions { postgres_connections_max: 4, postgres_lanes: 2, ..StoreOptions::new(&self.url) }
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(self.options()).await.unwrap()
    }

    /// Beside the store, as somebody else would.
    pub(crate) async fn sql(&self, sql: &str) {
        AsyncPgConnection::establish(&self.url).await.unwrap().batch_execute(sql).await.unwrap();
    }
}

/// Runs a test on a fresh database, on the kind of runtime that an actix worker has.
fn run(test: impl AsyncFnOnce(&Db)) {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let Some(server) = server::shared() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut admin = AsyncPgConnection::establish(&server.url("postgres")).await.unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        test(&Db { url: server.url(&name) }).await;
    });
}
