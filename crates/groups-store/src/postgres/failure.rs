//! Classifies failures by SQLSTATE
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).

use diesel::result::{DatabaseErrorKind, Error};

use super::wire::{SqlState, Wire};
use crate::query_error::QueryError;
use crate::{HookError, Reason, StoreError};

/// A classified failure.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection is unusable; another one may work.
    Lost(String),
    /// A conflict with another transaction; a retry will probably succeed.
    Conflict,
    /// Another transaction holds a lock, and waiting for it timed out.
    Locked,
    /// A retry would fail too.
    Final(StoreError),
    /// A hook prevented the change.
    Hook(HookError),
}

impl Failure {
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Lost(detail) => {
                tracing::warn!(detail, "the connection to PostgreSQL was lost");
                StoreError::Unavailable(Reason::Unreachable)
            }
            Self::Conflict | Self::Locked => StoreError::Unavailable(Reason::Busy),
            Self::Final(error) => error,
            Self::Hook(error) => StoreError::Database { detail: error.to_string() },
        }
    }
}

/// Classifies a failure. `wire` belongs to the connection on which it happened, and has seen no
/// other error since.
pub(super) fn classify(error: QueryError, wire: &Wire) -> Failure {
    let error = match error {
        QueryError::Store(error) => return Failure::Final(error),
        QueryError::Hook(error) => return of_hook(error, wire),
        QueryError::Diesel(error) => error,
    };
    let detail = wire.ended().unwrap_or_else(|| error.to_string());
    match error {
        Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection, _)
        | Error::BrokenTransactionManager
        | Error::RollbackErrorOnCommit { .. } => Failure::Lost(detail),
        Error::DatabaseError(..) => match wire.last_error() {
            Some(state) => meaning(state, detail),
            None => Failure::Final(StoreError::Database { detail }),
        },
        _ => Failure::Final(StoreError::Database { detail }),
    }
}

/// A hook is retried in the same cases as the store's own statements, except for a unique violation
/// in the application's tables.
fn of_hook(error: HookError, wire: &Wire) -> Failure {
    if let Some(detail) = wire.ended() {
        return Failure::Lost(detail);
    }
    match wire.last_error().filter(|state| error.is_of_database() && state != b"23505") {
        Some(state) => match meaning(state, error.to_string()) {
            Failure::Final(_) | Failure::Hook(_) => Failure::Hook(error),
            failure => failure,
        },
        None => Failure::Hook(error),
    }
}

fn meaning(state: SqlState, detail: String) -> Failure {
    let unavailable = |reason| Failure::Final(StoreError::Unavailable(reason));
    match &state {
        b"55P03" => Failure::Locked,
        // A serialization failure, a deadlock, or a unique violation: another server inserted the
        // same group id or idempotency key between the read and the write.
        b"40001" | b"40P01" | b"23505" => Failure::Conflict,
        // It timed out, and a retry would too.
        b"57014" => unavailable(Reason::Busy),
        b"53100" => unavailable(Reason::DiskFull),
        // Out of memory or another resource.
        [b'5', b'3', ..] => unavailable(Reason::Busy),
        // Its disk failed.
        [b'5', b'8', ..] => {
            tracing::error!(detail, "PostgreSQL cannot use its files");
            unavailable(Reason::Unreachable)
        }
        // The connection is gone, the server is shutting down or starting up, or the transaction
        // was idle for too long.
        [b'0', b'8', ..] | [b'5', b'7', b'P', ..] | b"25P03" => Failure::Lost(detail),
        // A primary that has become a standby: reconnect to find the new primary.
        b"25006" => Failure::Lost(detail),
        _ => Failure::Final(StoreError::Database { detail: format!("{detail} (SQLSTATE {})", text(state)) }),
    }
}

pub(super) fn text(state: SqlState) -> String {
    String::from_utf8_lossy(&state).into_owned()
}
