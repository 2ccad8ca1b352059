//! Opens a database file: validates it and applies the migrations.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::checkpoint::WAL_KEPT_BYTES;
use crate::connection::SqliteConn;
use crate::migrate::{self, Found, NotMigrated};
use crate::url::SqliteFile;
use crate::{OpenError, StoreOptions};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// `PRAGMA application_id` of our files, as the first migration sets it.
const APPLICATION_ID: i64 = 1_735_552_115;

/// Settings of a connection.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) file: SqliteFile,
    pub(super) busy: Duration,
    pub(super) pages_max: Option<u32>,
}

/// Opens the writer's connection and applies the migrations.
pub(super) fn open_writer(settings: &Settings) -> Result<SqliteConn, OpenError> {
    let mut conn = connect(settings)?;
    find(&mut conn, settings)?;
    patiently(settings, || configure(&mut conn, settings))?;
    // One transaction around all migrations: if several programs start at once, one migrates and
    // the others wait.
    #[expect(clippy::disallowed_methods, reason = "migrations are synchronous, and run before there is anything else")]
    let migrated = conn.immediate_transaction(|conn| -> Result<(), Refused> {
        let found = find(conn, settings)?;
        let own_id = application_id(conn)?;
        migrate::run(conn, &MIGRATIONS, &found).map_err(|error| not_migrated(settings, error))?;
        // Keep the application id of a file that belongs to an application.
        if ![0, APPLICATION_ID].contains(&own_id) {
            conn.batch_execute(&format!("PRAGMA application_id = {own_id}"))?;
        }
        Ok(forget_statistics(conn)?)
    });
    migrated.map_err(|refused| match refused {
        Refused(OpenError::Unreachable { detail, .. }) => self::refused(settings, &detail),
        Refused(error) => error,
    })?;
    Ok(SqliteConn::new(conn))
}

/// The names of the pending migrations of a file. Changes nothing and creates no file.
pub(crate) fn pending(file: SqliteFile, options: &StoreOptions) -> Result<Vec<String>, OpenError> {
    let settings = &Settings { file, busy: options.wait_max, pages_max: None };
    let found = if Path::new(&settings.file.path).exists() {
        let mut conn = connect(settings)?;
        find(&mut conn, settings)?
    } else {
        Found::Nothing
    };
    migrate::unapplied_names::<Sqlite>(&MIGRATIONS, &found).map_err(|error| not_migrated(settings, error))
}

/// Opens an existing database of ours, whatever its version, and changes nothing.
pub(super) fn open_existing(settings: &Settings) -> Result<SqliteConnection, OpenError> {
    let mut conn = connect(settings)?;
    match find(&mut conn, settings)? {
        Found::Nothing => Err(OpenError::Foreign { database: settings.file.path.clone() }),
        Found::Ours(_) | Found::Older(_) => Ok(conn),
    }
}

/// The first fault that SQLite finds in a database.
pub(super) fn first_fault(conn: &mut SqliteConnection) -> QueryResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        quick_check: String,
    }
    let found: Vec<Row> = diesel::sql_query("PRAGMA quick_check(1)").load(conn)?;
    Ok(found.into_iter().map(|row| row.quick_check).find(|fault| fault != "ok"))
}

fn not_migrated(settings: &Settings, error: NotMigrated) -> OpenError {
    let database = settings.file.path.clone();
    match error {
        NotMigrated::Newer(migration) => OpenError::Newer { database, migration },
        NotMigrated::Failed(detail) => match refused(settings, &detail) {
            OpenError::Unreachable { database, detail } => OpenError::Migration { database, detail },
            error => error,
        },
    }
}

/// Why a transaction during opening failed.
struct Refused(OpenError);

impl From<OpenError> for Refused {
    fn from(error: OpenError) -> Self {
        Self(error)
    }
}

impl From<diesel::result::Error> for Refused {
    fn from(error: diesel::result::Error) -> Self {
        Self(OpenError::Unreachable { database: String::new(), detail: error.to_string() })
    }
}

/// Retries while another program holds a lock: SQLite does not wait when the journal mode changes.
fn patiently(settings: &Settings, mut attempt: impl FnMut() -> Result<(), OpenError>) -> Result<(), OpenError> {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    loop {
        match attempt() {
            Err(OpenError::Unreachable { detail, .. }) if detail.contains("locked") && waited < settings.busy => {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            done => return done,
        }
    }
}

/// Opens a read-only connection.
pub(super) fn open_reader(settings: &Settings) -> Result<SqliteConn, OpenError> {
    let mut conn = connect(settings)?;
    patiently(settings, || configure(&mut conn, settings))?;
    // A small cache: there are several readers, and the operating system also caches the file.
    batch(&mut conn, settings, "PRAGMA query_only = ON; PRAGMA cache_size = -4096")?;
    Ok(SqliteConn::new(conn))
}

/// Opens a connection for checkpoints. It never waits for locks.
pub(super) fn open_checkpointer(settings: &Settings) -> Result<SqliteConnection, OpenError> {
    let mut conn = connect(settings)?;
    patiently(settings, || configure(&mut conn, settings))?;
    batch(&mut conn, settings, "PRAGMA busy_timeout = 0")?;
    Ok(conn)
}

fn connect(settings: &Settings) -> Result<SqliteConnection, OpenError> {
    let mut conn =
        SqliteConnection::establish(&settings.file.path).map_err(|error| refused(settings, &error.to_string()))?;
    batch(&mut conn, settings, &format!("PRAGMA busy_timeout = {}", settings.busy.as_millis()))?;
    // Detects a file that is not a database before anything is written to it.
    batch(&mut conn, settings, "SELECT count(*) FROM sqlite_master")?;
    if let Some(pages_max) = settings.pages_max {
        batch(&mut conn, settings, &format!("PRAGMA max_page_count = {pages_max}"))?;
    }
    Ok(conn)
}

/// Called only after the owner of the file is known: some of these settings are persistent or
/// expensive.
fn configure(conn: &mut SqliteConnection, settings: &Settings) -> Result<(), OpenError> {
    // Deleted data is overwritten with zeros, so that an erased user cannot be read from the file.
    // FULL, because NORMAL can lose acknowledged commits at a power cut
    // (https://www.sqlite.org/pragma.html#pragma_synchronous).
    let pragmas = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384; \
         PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA automatic_index = OFF; PRAGMA journal_size_limit = {WAL_KEPT_BYTES};"
    );
    batch(conn, settings, &pragmas)
}

/// Deletes the statistics of earlier ANALYZE runs. Every query has its index and must always use
/// it. Outdated statistics would make SQLite scan tables that were small when they were analyzed.
fn forget_statistics(conn: &mut SqliteConnection) -> QueryResult<()> {
    #[derive(QueryableByName)]
    struct Table {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let tables = "SELECT name FROM sqlite_master WHERE name IN ('sqlite_stat1', 'sqlite_stat4')";
    let tables: Vec<Table> = diesel::sql_query(tables).load(conn)?;
    for Table { name } in &tables {
        conn.batch_execute(&format!("DELETE FROM {name}"))?;
    }
    // Makes this connection reload the statistics.
    if tables.is_empty() { Ok(()) } else { conn.batch_execute("ANALYZE sqlite_schema") }
}

/// Finds out which tables the file has. Rejects tables of another program with our names.
fn find(conn: &mut SqliteConnection, settings: &Settings) -> Result<Found, OpenError> {
    let mut found = || -> QueryResult<Option<Found>> {
        let tables = texts(conn, "SELECT name AS value FROM sqlite_master WHERE type = 'table'")?;
        let is_there = |name: &str| tables.iter().any(|table| table == name);
        let versions = |conn: &mut SqliteConnection, table: &str| {
            texts(conn, &format!("SELECT version AS value FROM {table} ORDER BY version DESC"))
        };
        if is_there(migrate::TABLE) {
            return Ok(Some(Found::Ours(versions(conn, migrate::TABLE)?)));
        }
        if !migrate::TABLES.into_iter().any(is_there) {
            return Ok(Some(Found::Nothing));
        }
        if application_id(conn)? == APPLICATION_ID && is_there(migrate::DIESELS_TABLE) {
            return Ok(Some(Found::Older(versions(conn, migrate::DIESELS_TABLE)?)));
        }
        Ok(None)
    };
    match found().map_err(|error| refused(settings, &error.to_string()))? {
        Some(found) => Ok(found),
        None => Err(OpenError::Foreign { database: settings.file.path.clone() }),
    }
}

fn texts(conn: &mut SqliteConnection, query: &str) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        value: String,
    }
    let rows: Vec<Row> = diesel::sql_query(query).load(conn)?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}

fn application_id(conn: &mut SqliteConnection) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Id {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let id: Id = diesel::sql_query("SELECT application_id AS id FROM pragma_application_id").get_result(conn)?;
    Ok(id.id)
}

fn batch(conn: &mut SqliteConnection, settings: &Settings, sql: &str) -> Result<(), OpenError> {
    conn.batch_execute(sql).map_err(|error| refused(settings, &error.to_string()))
}

/// Maps SQLite's fixed messages to an error for the operator.
fn refused(settings: &Settings, detail: &str) -> OpenError {
    let database = settings.file.path.clone();
    let says = |message: &str| detail.contains(message);
    if says("file is not a database") || says("database disk image is malformed") {
        OpenError::NotADatabase { path: database }
    } else if says("readonly database") || says("unable to open database file") {
        // The file itself was opened before, so the cause is the directory, or a -wal or -shm in
        // it.
        OpenError::ReadOnly { database }
    } else if says("database or disk is full") || says("disk I/O error") && !has_room(Path::new(&settings.file.path)) {
        OpenError::DiskFull { database }
    } else {
        OpenError::Unreachable { database, detail: detail.to_owned() }
    }
}

/// Whether the disk has room for another 64 KiB. SQLite reports an I/O error if there is no room
/// for `-shm`.
fn has_room(database: &Path) -> bool {
    let probe = database.with_extension(format!("room-{}", std::process::id()));
    let written = std::fs::write(&probe, [0; 64 * 1024]);
    let _removed_or_never_made = std::fs::remove_file(&probe);
    !written.is_err_and(|error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
}
