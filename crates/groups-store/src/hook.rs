//! Hooks: an application's own rows in the transaction of a change, for instance an outbox.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

#[cfg(feature = "sqlite")]
use diesel::SqliteConnection;
#[cfg(feature = "postgres")]
use diesel_async::AsyncPgConnection;
#[cfg(feature = "postgres")]
use futures_util::future::BoxFuture;
use groups_domain::Change;

/// The result of a hook. An error rejects the order.
pub type HookResult = Result<(), Box<dyn Error + Send + Sync>>;

#[cfg(feature = "sqlite")]
pub(crate) type SqliteHook = Arc<dyn Fn(&mut SqliteConnection, &Change) -> HookResult + Send + Sync>;

#[cfg(feature = "postgres")]
pub(crate) type PostgresHook =
    Arc<dyn for<'c> Fn(&'c mut AsyncPgConnection, &'c Change) -> BoxFuture<'c, HookResult> + Send + Sync>;

/// Application code that runs in the transaction of a change, before the commit: see
/// [`Store::execute_with`](crate::Store::execute_with).
///
/// The two databases have different connection types, so there is one function for each. A hook
/// needs the function for the store's database; without it, the order is rejected with
/// [`HookError::Missing`].
///
/// A function receives the transaction's connection and the change. It may run more than once for
/// one order, because a transaction is retried after a lost connection or a conflict; its writes
/// are committed once. So it must have no side effects other than writes through the connection.
/// Other orders wait while it runs.
///
/// On SQLite, its tables must be in the store's file: see the
/// [crate documentation](crate#in-the-database-of-an-application).
///
/// It may use Diesel's `transaction`, which creates a savepoint. It must not commit or roll back
/// the transaction itself.
///
/// ```
/// use diesel::prelude::*;
/// use diesel::sql_types::Text;
/// use diesel_async::RunQueryDsl;
/// use futures_util::FutureExt;
/// use groups_store::Hook;
///
/// const INSERT: &str = "INSERT INTO outbox (group_id) VALUES ";
///
/// let outbox = Hook::new()
///     .on_sqlite(|connection, change| {
///         let insert = diesel::sql_query(format!("{INSERT} (?)"));
///         diesel::RunQueryDsl::execute(insert.bind::<Text, _>(change.group_id().to_string()), connection)?;
///         Ok(())
///     })
///     .on_postgres(|connection, change| {
///         async move {
///             let insert = diesel::sql_query(format!("{INSERT} ($1)"));
///             insert.bind::<Text, _>(change.group_id().to_string()).execute(connection).await?;
///             Ok(())
///         }
///         .boxed()
///     });
/// # drop(outbox);
/// ```
#[derive(Clone, Default)]
pub struct Hook {
    #[cfg(feature = "sqlite")]
    pub(crate) sqlite: Option<SqliteHook>,
    #[cfg(feature = "postgres")]
    pub(crate) postgres: Option<PostgresHook>,
}

impl Hook {
    /// A hook without functions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the function for SQLite. It runs on the writer thread, so it must not wait for anything
    /// but the database.
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn on_sqlite(
        self,
        hook: impl Fn(&mut SqliteConnection, &Change) -> HookResult + Send + Sync + 'static,
    ) -> Self {
        let mut hooks = self;
        hooks.sqlite = Some(Arc::new(hook));
        hooks
    }

    /// Sets the function for PostgreSQL. It runs on the store's own runtime. If it waits for a lock
    /// for more than 100 milliseconds, the order is set aside and retried for up to
    /// [`wait_max`](crate::StoreOptions::wait_max).
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn on_postgres(
        self,
        hook: impl for<'c> Fn(&'c mut AsyncPgConnection, &'c Change) -> BoxFuture<'c, HookResult> + Send + Sync + 'static,
    ) -> Self {
        let mut hooks = self;
        hooks.postgres = Some(Arc::new(hook));
        hooks
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Hook");
        #[cfg(feature = "sqlite")]
        shown.field("sqlite", &self.sqlite.is_some());
        #[cfg(feature = "postgres")]
        shown.field("postgres", &self.postgres.is_some());
        shown.finish()
    }
}

/// Why a hook prevented a change. Nothing was changed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookError {
    /// It returned an error.
    #[error("the hook refused the change")]
    Refused(#[source] Arc<dyn Error + Send + Sync>),
    /// It panicked.
    #[error("the hook panicked")]
    Panicked,
    /// It ignored a failed statement, or committed or rolled back the transaction itself.
    #[error("the hook left a transaction that cannot be committed")]
    TransactionEnded,
    /// It has no function for the store's database.
    #[error("the hook has no function for {database}")]
    Missing {
        /// The database: `SQLite` or `PostgreSQL`.
        database: &'static str,
    },
}

impl HookError {
    /// Whether the cause is a Diesel error.
    #[cfg(feature = "postgres")]
    pub(crate) fn is_of_database(&self) -> bool {
        let Self::Refused(error) = self else { return false };
        let mut error: Option<&(dyn Error + 'static)> = Some(error.as_ref());
        while let Some(cause) = error {
            if cause.is::<diesel::result::Error>() {
                return true;
            }
            error = cause.source();
        }
        false
    }
}

impl PartialEq for HookError {
    /// Two `Refused` errors are equal only if they share the same source object.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Refused(one), Self::Refused(other)) => Arc::ptr_eq(one, other),
            (Self::Panicked, Self::Panicked) | (Self::TransactionEnded, Self::TransactionEnded) => true,
            (Self::Missing { database: one }, Self::Missing { database: other }) => one == other,
            _ => false,
        }
    }
}

impl Eq for HookError {}
