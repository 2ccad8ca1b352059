//! Opening a database file: what may be wrong with it, and bringing its tables up to date.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::Conn;
use super::checkpoint::WAL_KEPT_BYTES;
use crate::OpenError;
use crate::url::SqliteFile;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// `PRAGMA application_id` of our files, as the first migration sets it.
const APPLICATION_ID: i64 = 1_735_552_115;

/// How a connection is made.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) file: SqliteFile,
    pub(super) busy: Duration,
    pub(super) pages_max: Option<u32>,
}

/// The writer's connection, with the tables up to date.
pub(super) fn open_writer(settings: &Settings) -> Result<Conn, OpenError> {
    let mut conn = connect(settings)?;
    refuse_foreign(&mut conn, settings)?;
    patiently(settings, || configure(&mut conn, settings))?;
    // One transaction around all of them, so that of several programs that start at once one does it and the others wait.
    #[expect(clippy::disallowed_methods, reason = "migrations are synchronous, and run before there is anything else")]
    let migrated = conn.immediate_transaction(|conn| -> Result<(), Refused> {
        refuse_newer(conn, settings)?;
        conn.run_pending_migrations(MIGRATIONS).map_err(|error| {
            Refused(match refused(settings, &error.to_string()) {
                OpenError::Unreachable { database, detail } => OpenError::Migration { database, detail },
                error => error,
            })
        })?;
        Ok(forget_statistics(conn)?)
    });
    migrated.map_err(|refused| match refused {
        Refused(OpenError::Unreachable { detail, .. }) => self::refused(settings, &detail),
        Refused(error) => error,
    })?;
    Ok(Conn::new(conn))
}

/// The migrations that are still to be applied, by name. Changes nothing, and makes no file.
pub(super) fn pending(settings: &Settings) -> Result<Vec<String>, OpenError> {
    if !Path::new(&settings.file.path).exists() {
        return unapplied(settings, &[]);
    }
    let mut conn = connect(settings)?;
    refuse_foreign(&mut conn, settings)?;
    refuse_newer(&mut conn, settings)?;
    let applied = applied(&mut conn).map_err(|error| refused(settings, &error.to_string()))?;
    unapplied(settings, &applied)
}

fn unapplied(settings: &Settings, applied: &[String]) -> Result<Vec<String>, OpenError> {
    crate::migrate::unapplied::<Sqlite>(&MIGRATIONS, applied)
        .map_err(|detail| OpenError::Migration { database: settings.file.path.clone(), detail })
}

/// The versions of the applied migrations, newest first.
fn applied(conn: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let tables = "SELECT name AS version FROM sqlite_master WHERE name = '__diesel_schema_migrations'";
    let tables: Vec<Applied> = diesel::sql_query(tables).load(conn)?;
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let applied = "SELECT version FROM __diesel_schema_migrations ORDER BY version DESC";
    let applied: Vec<Applied> = diesel::sql_query(applied).load(conn)?;
    Ok(applied.into_iter().map(|row| row.version).collect())
}

/// Why a transaction of the opening failed.
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

/// Tries again while another program is in the way: SQLite does not wait by itself where the journal's mode changes.
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

/// A connection that cannot write.
pub(super) fn open_reader(settings: &Settings) -> Result<Conn, OpenError> {
    let mut conn = connect(settings)?;
    patiently(settings, || configure(&mut conn, settings))?;
    // There are several, and the operating system caches the file as well.
    batch(&mut conn, settings, "PRAGMA query_only = ON; PRAGMA cache_size = -4096")?;
    Ok(Conn::new(conn))
}

/// A connection for copying the write-ahead log into the database. It waits for nobody.
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
    // A file that is no database is found out here, before anything is written to it.
    batch(&mut conn, settings, "SELECT count(*) FROM sqlite_master")?;
    if let Some(pages_max) = settings.pages_max {
        batch(&mut conn, settings, &format!("PRAGMA max_page_count = {pages_max}"))?;
    }
    Ok(conn)
}

/// After it is known whose file it is: what is set here stays in the file or costs something.
fn configure(conn: &mut SqliteConnection, settings: &Settings) -> Result<(), OpenError> {
    // FULL, because NORMAL can lose acknowledged commits at a power cut (https://www.sqlite.org/pragma.html#pragma_synchronous).
    let pragmas = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384; \
         PRAGMA temp_store = MEMORY; PRAGMA automatic_index = OFF; PRAGMA journal_size_limit = {WAL_KEPT_BYTES};"
    );
    batch(conn, settings, &pragmas)
}

/// Removes what somebody's ANALYZE has left. Every query here has its index, and is to be carried out by it on the first day as
/// after years: statistics grow old while the tables grow, and make SQLite read whole tables that were small once.
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
    // What this connection has read of them already is read again.
    if tables.is_empty() { Ok(()) } else { conn.batch_execute("ANALYZE sqlite_schema") }
}

fn refuse_foreign(conn: &mut SqliteConnection, settings: &Settings) -> Result<(), OpenError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let mut count = |query: &str| {
        let count: QueryResult<Count> = diesel::sql_query(query).get_result(conn);
        count.map(|row| row.count).map_err(|error| refused(settings, &error.to_string()))
    };
    let tables = count("SELECT count(*) AS count FROM sqlite_master")?;
    let application_id = count("SELECT application_id AS count FROM pragma_application_id")?;
    if tables > 0 && application_id != APPLICATION_ID {
        return Err(OpenError::Foreign { database: settings.file.path.clone() });
    }
    Ok(())
}

fn refuse_newer(conn: &mut SqliteConnection, settings: &Settings) -> Result<(), OpenError> {
    let failed = |error: &dyn ToString| refused(settings, &error.to_string());
    let known = MigrationSource::<Sqlite>::migrations(&MIGRATIONS).map_err(|error| failed(&error))?;
    let known: Vec<MigrationVersion<'_>> = known.iter().map(|migration| migration.name().version()).collect();
    let applied = applied(conn).map_err(|error| failed(&error))?;
    match applied.into_iter().find(|version| !known.contains(&MigrationVersion::from(version.as_str()))) {
        Some(migration) => Err(OpenError::Newer { database: settings.file.path.clone(), migration }),
        None => Ok(()),
    }
}

fn batch(conn: &mut SqliteConnection, settings: &Settings, sql: &str) -> Result<(), OpenError> {
    conn.batch_execute(sql).map_err(|error| refused(settings, &error.to_string()))
}

/// What an operator has to do, from SQLite's fixed messages.
fn refused(settings: &Settings, detail: &str) -> OpenError {
    let database = settings.file.path.clone();
    let says = |message: &str| detail.contains(message);
    if says("file is not a database") || says("database disk image is malformed") {
        OpenError::NotADatabase { path: database }
    } else if says("readonly database") || says("unable to open database file") {
        // The file itself was opened before: it is the directory, or a -wal or -shm in it.
        OpenError::ReadOnly { database }
    } else if says("database or disk is full") || says("disk I/O error") && !has_room(Path::new(&settings.file.path)) {
        OpenError::DiskFull { database }
    } else {
        OpenError::Unreachable { database, detail: detail.to_owned() }
    }
}

/// Whether the disk takes another 64 KiB. SQLite calls it an I/O error if there is no room for `-shm`.
fn has_room(database: &Path) -> bool {
    let probe = database.with_extension(format!("room-{}", std::process::id()));
    let written = std::fs::write(&probe, [0; 64 * 1024]);
    let _removed_or_never_made = std::fs::remove_file(&probe);
    !written.is_err_and(|error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
}
