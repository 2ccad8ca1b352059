//! The databases of the servers under test.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use clap::ValueEnum;
use tempfile::TempDir;

use super::postgres::Postgres;
use crate::failure::Failure;

/// Databases that a server can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// A database of one server. Removed on drop, if it is a file.
#[derive(Debug)]
pub(super) enum Database {
    File(TempDir),
    Postgres { url: String, name: String, pid: u32 },
}

impl Backend {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

impl Database {
    pub(super) async fn create(backend: Backend, postgres: Option<&Postgres>) -> Result<Self, Failure> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        match (backend, postgres) {
            (Backend::Sqlite, _) => tempfile::tempdir().map(Self::File).map_err(Failure::io("a temporary directory")),
            (Backend::Postgres, Some(postgres)) => {
                let name = format!("bench_{}", NUMBER.fetch_add(1, Relaxed));
                postgres.create_database(&name).await?;
                Ok(Self::Postgres { url: postgres.url(&name), name, pid: postgres.pid() })
            }
            (Backend::Postgres, None) => Err(Failure::Postgres("it was not started".to_owned())),
        }
    }

    pub(super) fn url(&self) -> String {
        match self {
            Self::File(directory) => format!("sqlite://{}", Self::file(directory).display()),
            Self::Postgres { url, .. } => url.clone(),
        }
    }

    /// The process whose CPU time is that of the database, if it is not the server itself.
    pub(super) fn pid(&self) -> Option<u32> {
        match self {
            Self::File(_) => None,
            Self::Postgres { pid, .. } => Some(*pid),
        }
    }

    pub(super) fn file(directory: &TempDir) -> PathBuf {
        directory.path().join("groups.db")
    }
}
