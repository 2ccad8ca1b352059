//! Opens a PostgreSQL database: checks its owner and that it is writable, and applies the
//! migrations.

use std::time::Duration;

use diesel::pg::Pg;
use diesel_async::SimpleAsyncConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use futures_util::FutureExt;
use uuid::Uuid;

use super::connection::{ConnectError, Connection, Settings, connect_patiently, quoted};
use super::history::{History, home, settle, text};
use super::pooler::{Route, route};
use super::transaction::{Failed, Purpose, transact};
use crate::connection::PostgresConn;
use crate::migrate::{self, Found, NotMigrated};
use crate::{OpenError, StoreOptions};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The advisory lock that serializes the migrations of servers that start at the same time:
/// "groups".
const LOCK: i64 = 0x0067_726f_7570_7300;

/// Pause between two attempts to get the lock.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Applies the migrations, and returns the history of the database.
pub(super) async fn prepare(settings: &Settings, proposal: Uuid) -> Result<History, OpenError> {
    let database = settings.database.clone();
    let unreachable = |detail: String| OpenError::Unreachable { database: database.clone(), detail };
    // A migration may take longer than the statement timeout.
    let mut connection = open(&settings.patient()).await?;
    let conn = connection.conn();
    if holds(conn, &database, "current_setting('transaction_read_only')::bool").await? {
        return Err(OpenError::ReadOnly { database });
    }
    // Another server may be migrating. Poll instead of waiting inside a statement, because CREATE
    // INDEX CONCURRENTLY would wait for that statement and deadlock.
    while !holds(conn, &database, &format!("pg_try_advisory_lock({LOCK})")).await? {
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    conn.batch_execute("SET lock_timeout = 0; SET statement_timeout = 0")
        .await
        .map_err(|error| unreachable(error.to_string()))?;
    if let Some(schema) = &settings.schema {
        make_schema(conn, &database, schema).await?;
    }
    let found = find(conn, &database).await?;
    // Diesel's migrations are synchronous; the lock is released with the connection.
    let (conn, whole) = connection.into_parts();
    let migrated = tokio::task::spawn_blocking(move || {
        let mut conn = AsyncConnectionWrapper::<PostgresConn>::from(conn);
        let result = migrate::run(&mut conn, &MIGRATIONS, &found);
        (result, conn.into_inner())
    });
    let (result, conn) = migrated.await.map_err(|error| unreachable(error.to_string()))?;
    result.map_err(|error| not_migrated(&database, error))?;
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

/// How to reach the database, given the settings of the URL, and those of a direct URL, if there is one.
pub(super) async fn find_route(settings: Settings, direct: Option<&Settings>) -> Result<Settings, OpenError> {
    let database = settings.database.clone();
    match route(&settings, direct.is_some()).await.map_err(|error| not_connected(&database, error))? {
        Route::Direct => Ok(settings),
        Route::Pooled if direct.is_none() => Err(OpenError::TransactionPooling { database }),
        Route::Pooled => Ok(settings.pooled()),
    }
}

/// Checks that a URL leads to the database with this history.
pub(super) async fn check_same(settings: &Settings, history: &History) -> Result<(), OpenError> {
    let database = settings.database.clone();
    let failed = |error: ConnectError| not_connected(&database, error);
    let mut connection = connect_patiently(settings).await.map_err(failed)?;
    if history.is_of(&mut connection).await.map_err(failed)? {
        return Ok(());
    }
    let detail = "it is another database than the direct URL leads to".to_owned();
    Err(OpenError::Unreachable { database, detail })
}

fn not_connected(database: &str, error: ConnectError) -> OpenError {
    let database = database.to_owned();
    match error {
        ConnectError::Standby(_) => OpenError::ReadOnly { database },
        error => OpenError::Unreachable { database, detail: error.to_string() },
    }
}

/// Opens a connection, and checks that the database encoding is UTF-8.
async fn open(settings: &Settings) -> Result<Connection, OpenError> {
    let database = settings.database.clone();
    let mut connection = connect_patiently(settings).await.map_err(|error| not_connected(&database, error))?;
    let encoding = text(connection.conn(), "current_setting('server_encoding')").await;
    match encoding.map_err(|error| OpenError::Unreachable { database: database.clone(), detail: error.to_string() })? {
        encoding if encoding == "UTF8" => Ok(connection),
        encoding => Err(OpenError::NotUtf8 { database, encoding }),
    }
}

/// The names of the pending migrations of a database. Changes nothing.
pub(crate) async fn pending(url: String, options: &StoreOptions) -> Result<Vec<String>, OpenError> {
    let url = options.postgres_direct_url.as_ref().unwrap_or(&url);
    let settings = &Settings::new(url, options)?;
    let database = settings.database.clone();
    let mut connection = open(settings).await?;
    let found = find(connection.conn(), &database).await?;
    migrate::unapplied_names::<Pg>(&MIGRATIONS, &found).map_err(|error| not_migrated(&database, error))
}

/// Checks that the URL of the replica, if there is one, leads to a standby of the database. Changes
/// nothing.
pub(crate) async fn check_replica(url: String, options: &StoreOptions) -> Result<(), OpenError> {
    let Some(replica) = &options.postgres_replica_url else { return Ok(()) };
    let url = options.postgres_direct_url.as_ref().unwrap_or(&url);
    let (primary, standby) = (Settings::new(url, options)?, Settings::new(replica, options)?.of_standby());
    let mut copied = Vec::new();
    for settings in [primary, standby.clone()] {
        let unreachable = |detail: String| OpenError::Unreachable { database: settings.database.clone(), detail };
        let connected = connect_patiently(&settings).await;
        let mut connection = connected.map_err(|error| not_connected(&settings.database, error))?;
        // A role that may not read the id of the cluster can still compare the names.
        let cluster = text(connection.conn(), "SELECT system_identifier FROM pg_control_system()").await;
        let name = text(connection.conn(), "current_database()").await;
        copied.push((cluster.ok(), name.map_err(|error| unreachable(error.to_string()))?));
    }
    if copied.windows(2).all(|both| both[0] == both[1]) {
        return Ok(());
    }
    let detail = "it is not a standby of the database that DATABASE_URL leads to".to_owned();
    Err(OpenError::Unreachable { database: standby.database, detail })
}

fn not_migrated(database: &str, error: NotMigrated) -> OpenError {
    let database = database.to_owned();
    match error {
        NotMigrated::Newer(migration) => OpenError::Newer { database, migration },
        NotMigrated::Failed(detail) => OpenError::Migration { database, detail },
    }
}

/// Creates the schema if it does not exist. Only then does the role need the CREATE privilege.
async fn make_schema(conn: &mut PostgresConn, database: &str, schema: &str) -> Result<(), OpenError> {
    let name = quoted(schema);
    if holds(
        conn,
        database,
        &format!("EXISTS (SELECT FROM pg_namespace WHERE nspname = '{}')", schema.replace('\'', "''")),
    )
    .await?
    {
        return Ok(());
    }
    conn.batch_execute(&format!("CREATE SCHEMA {name}"))
        .await
        .map_err(|error| OpenError::Migration { database: database.to_owned(), detail: error.to_string() })
}

/// Finds out which tables the database has. Rejects tables of another program with our names.
async fn find(conn: &mut PostgresConn, database: &str) -> Result<Found, OpenError> {
    let exists = async |conn: &mut PostgresConn, table: &str| {
        holds(conn, database, &format!("to_regclass('{table}') IS NOT NULL")).await
    };
    if exists(conn, migrate::TABLE).await? {
        return Ok(Found::Ours(versions(conn, database, migrate::TABLE).await?));
    }
    let mut is_free = true;
    for table in migrate::TABLES {
        is_free &= !exists(conn, table).await?;
    }
    if is_free {
        return Ok(Found::Nothing);
    }
    if exists(conn, "meta").await? && exists(conn, "idempotency").await? && exists(conn, migrate::DIESELS_TABLE).await?
    {
        return Ok(Found::Older(versions(conn, database, migrate::DIESELS_TABLE).await?));
    }
    Err(OpenError::Foreign { database: database.to_owned() })
}

/// The versions of the applied migrations, newest first.
async fn versions(conn: &mut PostgresConn, database: &str, table: &str) -> Result<Vec<String>, OpenError> {
    let versions = format!("SELECT coalesce(string_agg(version, ' ' ORDER BY version DESC), '') FROM {table}");
    let versions = text(conn, &versions).await;
    let versions = versions
        .map_err(|error| OpenError::Unreachable { database: database.to_owned(), detail: error.to_string() })?;
    Ok(versions.split_whitespace().map(str::to_owned).collect())
}

async fn holds(conn: &mut PostgresConn, database: &str, expression: &str) -> Result<bool, OpenError> {
    match text(conn, expression).await {
        Ok(value) => Ok(value == "true"),
        Err(error) => Err(OpenError::Unreachable { database: database.to_owned(), detail: error.to_string() }),
    }
}
