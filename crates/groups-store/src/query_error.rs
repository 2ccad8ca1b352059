//! The error of a query, before its backend has classified it.

use crate::{HookError, StoreError};

/// A failure inside a transaction.
#[derive(Debug)]
pub(crate) enum QueryError {
    /// Already classified.
    Store(StoreError),
    /// A hook prevented a change.
    Hook(HookError),
    /// A Diesel error, to be classified by the backend.
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

/// Maps an error of reading a table: if its values have the wrong types, the row is corrupt.
pub(crate) fn reading(table: &'static str) -> impl Fn(diesel::result::Error) -> QueryError {
    move |error| match error {
        diesel::result::Error::DeserializationError(detail) => {
            let (id, detail) = ("of unknown id".to_owned(), detail.to_string());
            QueryError::Store(StoreError::Corrupt { table, id, detail })
        }
        error => QueryError::Diesel(error),
    }
}
