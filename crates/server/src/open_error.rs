//! Why the service could not be opened.

use crate::{KeysError, SettingsError};

/// Why the service could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] groups_store::OpenError),
    /// The log cannot be followed.
    #[error("cannot read the log of changes")]
    Log(#[from] groups_store::StoreError),
    /// The settings are invalid, or ask for something that is not available.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There are no keys for tokens.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The connection between the servers cannot be set up as configured.
    #[error("{0}")]
    Bus(String),
}
