//! What is behind a store: the database, and the settings that its reads need.

use std::sync::Mutex;
use std::time::Duration;

use uuid::Uuid;

use crate::group_cache::GroupCache;
#[cfg(feature = "postgres")]
use crate::postgres::PostgresBackend;
use crate::prune_clock::PruneClock;
#[cfg(feature = "sqlite")]
use crate::sqlite::SqliteBackend;
use crate::{Cursors, NameVisibility};

/// What all clones of a store, and its tails, share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) cursors: Cursors,
    pub(crate) backend: Backend,
    pub(crate) tail_poll: Duration,
    pub(crate) tail_entries_max: u32,
    pub(crate) tail_bytes_max: usize,
    pub(crate) log_kept_ms: i64,
    pub(crate) name_visibility: NameVisibility,
    pub(crate) group_cache: GroupCache,
    pub(crate) prune_clock: Mutex<PruneClock>,
    #[cfg(feature = "postgres")]
    pub(crate) postgres_notify: bool,
}

impl Inner {
    pub(crate) fn id(&self) -> Uuid {
        match &self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(backend) => backend.id(),
            #[cfg(feature = "postgres")]
            Backend::Postgres(backend) => backend.id(),
        }
    }
}

#[cfg(feature = "postgres")]
impl Inner {
    pub(crate) fn postgres(&self) -> Option<&PostgresBackend> {
        match &self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => None,
            Backend::Postgres(backend) => Some(backend),
        }
    }
}

/// The database behind a store.
#[derive(Debug)]
pub(crate) enum Backend {
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteBackend),
    #[cfg(feature = "postgres")]
    Postgres(PostgresBackend),
}

impl Backend {
    pub(crate) async fn close(&self) {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(backend) => backend.close().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(backend) => backend.close().await,
        }
    }
}
