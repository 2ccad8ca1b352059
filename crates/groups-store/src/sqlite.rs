//! The SQLite backend: one writer thread and a few reader threads.

mod backend;
mod backup;
mod checkpoint;
mod failure;
mod file;
mod log_reads;
mod open;
#[cfg(test)]
mod plans;
mod queries;
mod tail;
mod threads;
mod transaction;
mod writer;

pub(crate) use backend::SqliteBackend;
pub(crate) use backup::backup;
pub(crate) use open::pending;
pub(crate) use tail::SqliteTail;
