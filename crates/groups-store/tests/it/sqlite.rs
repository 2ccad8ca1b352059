//! The suite on SQLite, and what only SQLite can show.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use groups_store::{Store, StoreOptions};
use tempfile::TempDir;

#[path = "suite/commands.rs"]
mod commands;
#[path = "suite/stream.rs"]
mod stream;

/// A database of a test's own.
pub(crate) struct Db {
    directory: TempDir,
}

impl Db {
    pub(crate) fn options(&self) -> StoreOptions {
        StoreOptions::new(format!("sqlite://{}", self.path()))
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(self.options()).await.unwrap()
    }

    /// Beside the store, as somebody else would.
    pub(crate) async fn sql(&self, sql: &str) {
        let mut conn = SqliteConnection::establish(&self.path()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA ignore_check_constraints = ON").unwrap();
        conn.batch_execute(sql).unwrap();
    }

    fn path(&self) -> String {
        self.directory.path().join("groups.db").display().to_string()
    }
}

/// Runs a test on a fresh database, on the kind of runtime that an actix worker has.
fn run(test: impl AsyncFnOnce(&Db)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let db = Db { directory: tempfile::tempdir().unwrap() };
    runtime.block_on(test(&db));
}
