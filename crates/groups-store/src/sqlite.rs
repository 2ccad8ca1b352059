//! The SQLite backend: one writer thread and a few reader threads.

mod backend;
mod checkpoint;
mod failure;
mod file;
mod open;
#[cfg(test)]
mod plans;
mod queries;
mod threads;
mod transaction;

pub(crate) use backend::{SqliteBackend, SqliteTail};
pub(crate) use open::pending;
