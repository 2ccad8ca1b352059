//! Which migrations an upgrade would apply.

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
