//! What opening a database would change in its tables.

use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource};
use diesel_migrations::EmbeddedMigrations;

#[cfg(feature = "postgres")]
use crate::postgres;
#[cfg(feature = "sqlite")]
use crate::sqlite;
use crate::url::Target;
use crate::{OpenError, StoreOptions};

/// The migrations that [`Store::open`](crate::Store::open) would apply, by name, oldest first. Changes nothing, and makes no file.
///
/// # Errors
/// [`OpenError`] where the database is not ours to change, or cannot be reached.
///
/// # Panics
/// On PostgreSQL, outside a tokio runtime.
pub async fn pending_migrations(options: &StoreOptions) -> Result<Vec<String>, OpenError> {
    match Target::parse(&options.url)? {
        #[cfg(feature = "sqlite")]
        Target::Sqlite(file) => sqlite::pending(file, options),
        #[cfg(not(feature = "sqlite"))]
        Target::Sqlite(_) => Err(OpenError::not_compiled_in(&options.url, "sqlite")),
        #[cfg(feature = "postgres")]
        Target::Postgres { url } => postgres::pending(url, options).await,
        #[cfg(not(feature = "postgres"))]
        Target::Postgres { .. } => Err(OpenError::not_compiled_in(&options.url, "postgres")),
    }
}

/// Those of the migrations whose versions are not among the applied ones.
pub(crate) fn unapplied<DB: Backend>(
    migrations: &EmbeddedMigrations,
    applied: &[String],
) -> Result<Vec<String>, String> {
    let known = MigrationSource::<DB>::migrations(migrations).map_err(|error| error.to_string())?;
    let is_applied =
        |migration: &dyn Migration<DB>| applied.contains(&migration.name().version().as_owned().to_string());
    let mut names: Vec<String> = known
        .iter()
        .filter(|migration| !is_applied(migration.as_ref()))
        .map(|migration| migration.name().to_string())
        .collect();
    names.sort();
    Ok(names)
}
