//! The suite on SQLite, and what only SQLite can show.

use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use groups_store::{Store, StoreOptions};
use tempfile::TempDir;
use tokio::runtime::Runtime;

#[path = "suite/commands.rs"]
mod commands;
mod files;
mod guarded;
#[path = "suite/hooks.rs"]
mod hooks;
#[path = "suite/jobs.rs"]
mod jobs;
#[path = "suite/keys.rs"]
mod keys;
#[path = "suite/laws.rs"]
mod laws;
#[path = "suite/names.rs"]
mod names;
#[path = "suite/operators.rs"]
mod operators;
#[path = "suite/people.rs"]
mod people;
#[path = "suite/pruning.rs"]
mod pruning;
#[path = "suite/quotas.rs"]
mod quotas;
#[path = "suite/resume.rs"]
mod resume;
#[path = "suite/robust.rs"]
mod robust;
#[path = "suite/sinks.rs"]
mod sinks;
#[path = "suite/stream.rs"]
mod stream;
#[path = "suite/upgrade.rs"]
mod upgrade;
#[path = "suite/ways_in.rs"]
mod ways_in;
#[path = "suite/webhooks.rs"]
mod webhooks;

type Backend = diesel::sqlite::Sqlite;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// The migration that adds who has acted.
const ACTED_UP: &str = include_str!("../../migrations/sqlite/2026-11-26-131000_acted/up.sql");
const ACTED_DOWN: &str = include_str!("../../migrations/sqlite/2026-11-26-131000_acted/down.sql");

/// A database of version 0.1, as SQL.
const VERSION_0_1: &str = include_str!("fixtures/0.1.sqlite.sql");
const BEFORE_WAYS_IN: &str = include_str!("fixtures/before_ways_in.sqlite.sql");
const WRITES_BEFORE_WAYS_IN: &str = include_str!("fixtures/writes_before_ways_in.sqlite.sql");

/// How many random cases are tried.
const CASES: u32 = 24;

/// A database of a test's own.
pub(crate) struct Db {
    directory: TempDir,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
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
        self.connect().batch_execute(sql).unwrap();
    }

    /// Changes rows in a way that the schema forbids.
    pub(crate) async fn damage(&self, table: &str, set: &str, condition: &str) {
        let update = format!("PRAGMA ignore_check_constraints = ON; UPDATE {table} SET {set} WHERE {condition}");
        self.connect().batch_execute(&update).unwrap();
    }

    /// Lets a table take no further rows, or no changes of them, without saying so.
    pub(crate) async fn ignore(&self, table: &str, operation: &str) {
        self.sql(&format!("CREATE TRIGGER ignore BEFORE {operation} ON {table} BEGIN SELECT RAISE(IGNORE); END")).await;
    }

    /// Keeps everybody from writing until dropped.
    pub(crate) async fn lock_all(&self) -> SqliteConnection {
        let mut conn = self.connect();
        conn.batch_execute("BEGIN IMMEDIATE").unwrap();
        conn
    }

    /// All that the schema consists of.
    pub(crate) async fn schema(&self) -> Vec<String> {
        self.lines("SELECT coalesce(sql, name) AS line FROM sqlite_master ORDER BY name")
    }

    /// The column `line` of a query.
    pub(crate) async fn read(&self, query: &str) -> Vec<String> {
        self.lines(query)
    }

    /// All columns of all tables.
    pub(crate) async fn columns(&self) -> Vec<String> {
        self.lines(
            "SELECT m.name || '.' || c.name AS line FROM sqlite_master AS m, pragma_table_xinfo(m.name) AS c \
             WHERE m.type = 'table' AND m.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%' ORDER BY 1",
        )
    }

    pub(crate) async fn down_and_up(&self) {
        let mut conn = self.connect();
        let migrations = MigrationSource::<Backend>::migrations(&MIGRATIONS).unwrap();
        migrations.iter().rev().for_each(|migration| migration.revert(&mut conn).unwrap());
        migrations.iter().for_each(|migration| migration.run(&mut conn).unwrap());
    }

    fn lines(&self, query: &str) -> Vec<String> {
        let lines: Vec<Line> = diesel::sql_query(query).load(&mut self.connect()).unwrap();
        lines.into_iter().map(|row| row.line).collect()
    }

    fn connect(&self) -> SqliteConnection {
        let mut conn = SqliteConnection::establish(&self.path()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
        conn
    }

    fn path(&self) -> String {
        self.directory.path().join("groups.db").display().to_string()
    }
}

fn id_literal(id: uuid::Uuid) -> String {
    format!("x'{}'", id.simple())
}

/// An insertion with a fresh id for each row.
fn many_rows(count: u32, insert: impl Fn(&str) -> String) -> String {
    let numbers = format!("WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})");
    format!("{numbers} {} FROM n", insert("randomblob(16)"))
}

/// Gives a test a fresh database, and the kind of runtime that an actix worker has.
fn with(test: impl FnOnce(&Runtime, &Db)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    test(&runtime, &Db { directory: tempfile::tempdir().unwrap() });
}

fn run(test: impl AsyncFnOnce(&Db)) {
    with(|runtime, db| runtime.block_on(test(db)));
}
