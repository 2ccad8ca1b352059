//! Opening a PostgreSQL database: whose it is, whether it can be written, and bringing its tables up to date.

use std::time::Duration;

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::SimpleAsyncConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures_util::FutureExt;
use uuid::Uuid;

use super::Conn;
use super::connection::{ConnectError, Connection, Settings, connect_patiently};
use super::history::{History, home, settle, text};
use super::transaction::{Failed, Purpose, transact};
use crate::OpenError;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The advisory lock under which servers that start at once bring the tables up to date one after the other: "groups".
const LOCK: i64 = 0x0067_726f_7570_7300;

/// Between two looks whether another server is still at it.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Brings the tables up to date, and tells which history the database has.
pub(super) async fn prepare(settings: &Settings, proposal: Uuid) -> Result<History, OpenError> {
    let database = settings.database.clone();
    let unreachable = |detail: String| OpenError::Unreachable { database: database.clone(), detail };
    // A migration may take longer than a statement otherwise may.
    let mut connection = open(&settings.patient()).await?;
    let conn = connection.conn();
    if holds(conn, &database, "current_setting('transaction_read_only')::bool").await? {
        return Err(OpenError::ReadOnly { database });
    }
    // Another server may be at it for as long. Its turn is not waited for in a statement, which PostgreSQL would wait for in turn
    // where it makes an index beside the work.
    while !holds(conn, &database, &format!("pg_try_advisory_lock({LOCK})")).await? {
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    conn.batch_execute("SET lock_timeout = 0; SET statement_timeout = 0")
        .await
        .map_err(|error| unreachable(error.to_string()))?;
    refuse(conn, &database).await?;
    // Diesel's migrations are synchronous; the lock goes with the connection.
    let (conn, whole) = connection.into_parts();
    let migrated = tokio::task::spawn_blocking(move || {
        let mut conn = AsyncConnectionWrapper::<Conn>::from(conn);
        let result = conn.run_pending_migrations(MIGRATIONS).map(drop).map_err(|error| error.to_string());
        (result, conn.into_inner())
    });
    let (result, conn) = migrated.await.map_err(|error| unreachable(error.to_string()))?;
    result.map_err(|detail| OpenError::Migration { database: database.clone(), detail })?;
    let mut connection = whole(conn);
    let home = home(&mut connection).await.map_err(|error| unreachable(error.to_string()))?;
    let own = home.clone();
    let settled = transact(&mut connection, Purpose::Write, move |conn| {
        async move { settle(conn, &own, None, proposal).await }.boxed()
    });
    let id = settled.await.map_err(|error| match error {
        Failed::Before(failure) => unreachable(failure.into_error().to_string()),
        Failed::During(_, detail) => unreachable(detail),
    })?;
    Ok(History::new(id, home))
}

/// A connection to a database in which everything can be said.
async fn open(settings: &Settings) -> Result<Connection, OpenError> {
    let database = settings.database.clone();
    let mut connection = connect_patiently(settings).await.map_err(|error| match error {
        ConnectError::Standby(_) => OpenError::ReadOnly { database: database.clone() },
        error => OpenError::Unreachable { database: database.clone(), detail: error.to_string() },
    })?;
    let encoding = text(connection.conn(), "current_setting('server_encoding')").await;
    match encoding.map_err(|error| OpenError::Unreachable { database: database.clone(), detail: error.to_string() })? {
        encoding if encoding == "UTF8" => Ok(connection),
        encoding => Err(OpenError::NotUtf8 { database, encoding }),
    }
}

/// The migrations that are still to be applied, by name. Changes nothing.
pub(super) async fn pending(settings: &Settings) -> Result<Vec<String>, OpenError> {
    let database = settings.database.clone();
    let unreachable = |detail: String| OpenError::Unreachable { database: database.clone(), detail };
    let mut connection = open(settings).await?;
    let conn = connection.conn();
    refuse(conn, &database).await?;
    let applied = applied(conn).await.map_err(|error| unreachable(error.to_string()))?;
    crate::migrate::unapplied::<Pg>(&MIGRATIONS, &applied)
        .map_err(|detail| OpenError::Migration { database: database.clone(), detail })
}

/// The versions of the applied migrations, newest first.
async fn applied(conn: &mut Conn) -> QueryResult<Vec<String>> {
    if text(conn, "to_regclass('__diesel_schema_migrations') IS NULL").await? == "true" {
        return Ok(Vec::new());
    }
    let applied = "SELECT coalesce(string_agg(version, ' ' ORDER BY version DESC), '') FROM __diesel_schema_migrations";
    Ok(text(conn, applied).await?.split_whitespace().map(str::to_owned).collect())
}

/// Refuses what another program, or a newer version of this one, has made.
async fn refuse(conn: &mut Conn, database: &str) -> Result<(), OpenError> {
    let exists = async |conn: &mut Conn, table: &str| {
        holds(conn, database, &format!("to_regclass('{table}') IS NOT NULL")).await
    };
    let ours = exists(conn, "meta").await? && exists(conn, "idempotency").await?;
    if !exists(conn, "__diesel_schema_migrations").await? {
        let in_the_way = exists(conn, "groups").await? || exists(conn, "log").await? || exists(conn, "meta").await?;
        return if in_the_way { Err(OpenError::Foreign { database: database.to_owned() }) } else { Ok(()) };
    }
    let applied = applied(conn).await;
    let applied =
        applied.map_err(|error| OpenError::Unreachable { database: database.to_owned(), detail: error.to_string() })?;
    let known = MigrationSource::<Pg>::migrations(&MIGRATIONS)
        .map_err(|error| OpenError::Migration { database: database.to_owned(), detail: error.to_string() })?;
    let known: Vec<MigrationVersion<'_>> = known.iter().map(|migration| migration.name().version()).collect();
    match applied.into_iter().find(|version| !known.contains(&MigrationVersion::from(version.as_str()))) {
        Some(migration) if ours => Err(OpenError::Newer { database: database.to_owned(), migration }),
        Some(_) => Err(OpenError::Foreign { database: database.to_owned() }),
        None => Ok(()),
    }
}

async fn holds(conn: &mut Conn, database: &str, expression: &str) -> Result<bool, OpenError> {
    match text(conn, expression).await {
        Ok(value) => Ok(value == "true"),
        Err(error) => Err(OpenError::Unreachable { database: database.to_owned(), detail: error.to_string() }),
    }
}
