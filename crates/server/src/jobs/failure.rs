//! Why a job cannot go on.

use groups_store::{ExecuteError, StoreError};

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

impl JobError {
    /// The error of a change that was not rejected by the rules.
    pub(super) fn of(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Store(error) => error.into(),
            ExecuteError::Unavailable { reason, .. } => StoreError::Unavailable(reason).into(),
            // The job uses neither keys nor hooks, and operators have no quotas.
            ExecuteError::Rejected(_)
            | ExecuteError::IdempotencyKeyReused
            | ExecuteError::QuotaExceeded { .. }
            | ExecuteError::Hook(_) => Self::GivenUp("A change was refused unexpectedly."),
        }
    }
}
