//! What can be found out about a database without opening it: which migrations an upgrade would
//! apply, and whether its replica is one.

#[cfg(feature = "postgres")]
use crate::postgres;
#[cfg(feature = "sqlite")]
use crate::sqlite;
use crate::url::Target;
use crate::{OpenError, StoreOptions};

/// The names of the migrations that [`Store::open`](crate::Store::open) would apply, oldest first.
/// Changes nothing and creates no file.
///
/// # Errors
/// [`OpenError`] if the database belongs to another program or a newer version, or cannot be
/// reached.
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

/// Checks that [`StoreOptions::postgres_replica_url`] leads to a standby of the database. Changes
/// nothing. Without such a URL, and on SQLite, there is nothing to check.
///
/// # Errors
/// [`OpenError`] if either cannot be reached, or it is not a standby of this database.
///
/// # Panics
/// On PostgreSQL, outside a tokio runtime.
pub async fn check_replica(options: &StoreOptions) -> Result<(), OpenError> {
    match Target::parse(&options.url)? {
        #[cfg(feature = "postgres")]
        Target::Postgres { url } => postgres::check_replica(url, options).await,
        _ => Ok(()),
    }
}
