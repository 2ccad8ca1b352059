//! Why a job cannot go on.

use groups_store::StoreError;

/// Why an attempt to execute a job ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum JobError {
    /// A read or write failed. It is tried again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another server executes the job.
    #[error("another server executes the job")]
    LeaseLost,
    /// Trying again is pointless. The reason is shown to operators.
    #[error("{0}")]
    GivenUp(&'static str),
}
