//! The suite on PostgreSQL, and what only PostgreSQL can show.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::QueryableByName;
use diesel::migration::MigrationSource;
use diesel::sql_types::Text;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use groups_store::{Store, StoreOptions};
use tokio::runtime::Runtime;

use crate::server;

#[path = "suite/commands.rs"]
mod commands;
mod copied;
mod failover;
#[path = "suite/hooks.rs"]
mod hooks;
#[path = "suite/jobs.rs"]
mod jobs;
#[path = "suite/keys.rs"]
mod keys;
#[path = "suite/laws.rs"]
mod laws;
mod limits;
mod line;
mod locks;
#[path = "suite/names.rs"]
mod names;
mod network;
#[path = "suite/operators.rs"]
mod operators;
#[path = "suite/people.rs"]
mod people;
mod plans;
mod pooled;
#[path = "suite/pruning.rs"]
mod pruning;
#[path = "suite/quotas.rs"]
mod quotas;
mod replica;
mod replica_changes;
#[path = "suite/resume.rs"]
mod resume;
#[path = "suite/robust.rs"]
mod robust;
mod schemas;
mod several;
#[path = "suite/sinks.rs"]
mod sinks;
#[path = "suite/stream.rs"]
mod stream;
mod tls;
#[path = "suite/upgrade.rs"]
mod upgrade;
#[path = "suite/ways_in.rs"]
mod ways_in;
#[path = "suite/webhooks.rs"]
mod webhooks;

type Backend = diesel::pg::Pg;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The migration that adds who has acted.
const ACTED_UP: &str = include_str!("../../migrations/postgres/2026-11-26-131000_acted/up.sql");
const ACTED_DOWN: &str = include_str!("../../migrations/postgres/2026-11-26-131000_acted/down.sql");

/// A database of version 0.1, as SQL.
const VERSION_0_1: &str = include_str!("fixtures/0.1.postgres.sql");
const BEFORE_WAYS_IN: &str = include_str!("fixtures/before_ways_in.postgres.sql");
const WRITES_BEFORE_WAYS_IN: &str = include_str!("fixtures/writes_before_ways_in.postgres.sql");

/// How many random cases are tried.
const CASES: u32 = 12;

/// A database of a test's own on the shared server.
pub(crate) struct Db {
    url: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
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
        self.connect().await.batch_execute(sql).await.unwrap();
    }

    /// Changes rows in a way that the schema forbids.
    pub(crate) async fn damage(&self, table: &str, set: &str, condition: &str) {
        self.sql(&format!(
            "ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_role_check; UPDATE {table} SET {set} WHERE {condition}"
        ))
        .await;
    }

    /// Lets a table take no further rows, or no changes of them, without saying so.
    pub(crate) async fn ignore(&self, table: &str, operation: &str) {
        self.sql(&format!(
            "CREATE FUNCTION ignore() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
             CREATE TRIGGER ignore BEFORE {operation} ON {table} FOR EACH ROW EXECUTE FUNCTION ignore()"
        ))
        .await;
    }

    /// Keeps everybody from writing until dropped.
    pub(crate) async fn lock_all(&self) -> AsyncPgConnection {
        let mut conn = self.connect().await;
        conn.batch_execute("BEGIN; LOCK TABLE memberships IN SHARE MODE").await.unwrap();
        conn
    }

    /// All that the schema consists of.
    pub(crate) async fn schema(&self) -> Vec<String> {
        let columns = "SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default, collation_name) \
                       AS line FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1";
        let indexes = "SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1";
        let constraints = "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) AS line FROM pg_constraint \
                           WHERE connamespace = 'public'::regnamespace ORDER BY 1";
        [self.lines(columns).await, self.lines(indexes).await, self.lines(constraints).await].concat()
    }

    /// The column `line` of a query.
    pub(crate) async fn read(&self, query: &str) -> Vec<String> {
        self.lines(query).await
    }

    /// All columns of all tables.
    pub(crate) async fn columns(&self) -> Vec<String> {
        self.lines(
            "SELECT table_name || '.' || column_name AS line FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%' ORDER BY 1",
        )
        .await
    }

    pub(crate) async fn down_and_up(&self) {
        let conn = self.connect().await;
        tokio::task::spawn_blocking(move || {
            let mut conn = AsyncConnectionWrapper::<AsyncPgConnection>::from(conn);
            let migrations = MigrationSource::<Backend>::migrations(&MIGRATIONS).unwrap();
            migrations.iter().rev().for_each(|migration| migration.revert(&mut conn).unwrap());
            migrations.iter().for_each(|migration| migration.run(&mut conn).unwrap());
        })
        .await
        .unwrap();
    }

    async fn lines(&self, query: &str) -> Vec<String> {
        let lines: Vec<Line> = diesel::sql_query(query).load(&mut self.connect().await).await.unwrap();
        lines.into_iter().map(|row| row.line).collect()
    }

    async fn connect(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&self.url).await.unwrap()
    }
}

fn id_literal(id: uuid::Uuid) -> String {
    format!("'{id}'")
}

/// An insertion with a fresh id for each row.
fn many_rows(count: u32, insert: impl Fn(&str) -> String) -> String {
    format!("{} FROM generate_series(1, {count}) AS n", insert("gen_random_uuid()"))
}

/// Gives a test a fresh database, and the kind of runtime that an actix worker has.
fn with(test: impl FnOnce(&Runtime, &Db)) {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    // Making one takes longer than most tests, so that those that have passed leave theirs to others.
    static FREE: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let Some(server) = server::shared() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let free = FREE.lock().unwrap().pop();
    let name = runtime.block_on(async {
        if let Some(name) = free {
            empty(&server.url(&name), &name).await;
            return name;
        }
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut admin = AsyncPgConnection::establish(&server.url("postgres")).await.unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        name
    });
    test(&runtime, &Db { url: server.url(&name) });
    drop(runtime);
    FREE.lock().unwrap().push(name);
}

/// Makes a database as if it were new: no connections, no settings, no tables.
async fn empty(url: &str, name: &str) {
    let mut conn = AsyncPgConnection::establish(url).await.unwrap();
    let sql = format!(
        "SET default_transaction_read_only = off; ALTER DATABASE {name} RESET ALL; \
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid(); \
         DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
    );
    for statement in sql.split_inclusive(';') {
        conn.batch_execute(statement).await.unwrap();
    }
}

fn run(test: impl AsyncFnOnce(&Db)) {
    with(|runtime, db| runtime.block_on(test(db)));
}

/// Like [`run`], on a server of the test's own.
fn run_alone(test: impl AsyncFnOnce(&Db)) {
    let Some(server) = server::own() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test(&Db { url: server.url("postgres") }));
}
