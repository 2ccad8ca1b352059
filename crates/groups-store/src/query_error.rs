//! What a query can end with before its backend has told the kinds of failure apart.

use crate::{HookError, StoreError};

/// A failure inside a transaction.
#[derive(Debug)]
pub(crate) enum QueryError {
    /// Its kind is known.
    Store(StoreError),
    /// A hook kept a change from being made.
    Hook(HookError),
    /// The database's own, to be told apart by the backend.
    Diesel(diesel::result::Error),
}

impl From<StoreError> for QueryError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<HookError> for QueryError {
    fn from(error: HookError) -> Self {
        Self::Hook(error)
    }
}

impl From<diesel::result::Error> for QueryError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Diesel(error)
    }
}

/// Names the table whose rows do not even have the right types.
pub(crate) fn reading(table: &'static str) -> impl Fn(diesel::result::Error) -> QueryError {
    move |error| match error {
        diesel::result::Error::DeserializationError(detail) => {
            let (id, detail) = ("of unknown id".to_owned(), detail.to_string());
            QueryError::Store(StoreError::Corrupt { table, id, detail })
        }
        error => QueryError::Diesel(error),
    }
}
