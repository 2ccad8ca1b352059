//! Migrations.
//!
//! The applied migrations are recorded in a table of our own, because Diesel's table may belong to
//! the application that shares the database. Version 0.1 used Diesel's table: its rows are imported
//! once, and a marker row there makes older versions reject the database.

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::prelude::*;
use diesel_migrations::EmbeddedMigrations;

/// The table of the applied migrations.
pub(crate) const TABLE: &str = "groups_migrations";

/// The table in which Diesel records them.
pub(crate) const DIESELS_TABLE: &str = "__diesel_schema_migrations";

/// Tables of ours. A database that has one of them but not [`TABLE`] belongs to another program, or
/// to an older version of this one.
pub(crate) const TABLES: [&str; 10] =
    ["meta", "groups", "memberships", "log", "idempotency", "names", "blocks", "usage", "sink_positions", "jobs"];

/// Which tables the database has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// None of ours: the database is new, or belongs to an application.
    Nothing,
    /// Our tables, with these applied migrations.
    Ours(Vec<String>),
    /// Tables of a version that recorded its migrations in Diesel's table.
    Older(Vec<String>),
}

impl Found {
    fn applied(&self) -> &[String] {
        match self {
            Self::Nothing => &[],
            Self::Ours(applied) | Self::Older(applied) => applied,
        }
    }
}

/// The pending migrations, in order. Fails with the name of an applied migration that this version
/// does not know.
pub(crate) fn unapplied<DB: diesel::backend::Backend>(
    migrations: &EmbeddedMigrations,
    found: &Found,
) -> Result<Vec<Box<dyn Migration<DB>>>, NotMigrated> {
    let mut known = MigrationSource::<DB>::migrations(migrations).map_err(|error| NotMigrated::failed(&*error))?;
    let is_known = |version: &String| {
        let version = MigrationVersion::from(version.as_str());
        known.iter().any(|migration| migration.name().version() == version)
    };
    if let Some(newer) = found.applied().iter().find(|version| !is_known(version)) {
        return Err(NotMigrated::Newer(newer.clone()));
    }
    known.retain(|migration| !found.applied().contains(&migration.name().version().to_string()));
    known.sort_unstable_by(|one, other| one.name().version().cmp(&other.name().version()));
    Ok(known)
}

/// The names of the pending migrations.
pub(crate) fn unapplied_names<DB: diesel::backend::Backend>(
    migrations: &EmbeddedMigrations,
    found: &Found,
) -> Result<Vec<String>, NotMigrated> {
    let unapplied = unapplied::<DB>(migrations, found)?;
    Ok(unapplied.iter().map(|migration| migration.name().to_string()).collect())
}

/// Applies the pending migrations, each in a transaction unless the migration cannot run in one.
#[expect(clippy::disallowed_methods, reason = "migrations are synchronous, and run before there is anything else")]
pub(crate) fn run<C>(conn: &mut C, migrations: &EmbeddedMigrations, found: &Found) -> Result<(), NotMigrated>
where
    C: Connection + 'static,
{
    let unapplied = unapplied::<C::Backend>(migrations, found)?;
    let failed = |error: diesel::result::Error| NotMigrated::failed(&error);
    let create = format!("CREATE TABLE {TABLE} (version TEXT NOT NULL PRIMARY KEY)");
    match found {
        Found::Ours(_) => {}
        Found::Nothing => conn.batch_execute(&create).map_err(failed)?,
        Found::Older(_) => {
            let take_over = format!(
                "{create}; INSERT INTO {TABLE} (version) SELECT version FROM {DIESELS_TABLE}; \
                 INSERT INTO {DIESELS_TABLE} (version) VALUES ('{TABLE}')"
            );
            conn.transaction(|conn| conn.batch_execute(&take_over)).map_err(failed)?;
        }
    }
    for migration in unapplied {
        let apply = |conn: &mut C| -> diesel::migration::Result<()> {
            migration.run(conn)?;
            let version = migration.name().version().to_string();
            conn.batch_execute(&format!("INSERT INTO {TABLE} (version) VALUES ('{version}')"))?;
            Ok(())
        };
        let applied = if migration.metadata().run_in_transaction() { conn.transaction(apply) } else { apply(conn) };
        applied.map_err(|error| NotMigrated::failed(&*error))?;
    }
    Ok(())
}

/// Why a migration failed.
#[derive(Debug)]
pub(crate) enum NotMigrated {
    /// This migration was applied by a newer version.
    Newer(String),
    Failed(String),
}

impl NotMigrated {
    fn failed(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Failed(error.to_string())
    }
}
