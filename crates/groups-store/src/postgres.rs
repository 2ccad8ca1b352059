//! The PostgreSQL backend: a pool, and lanes that commit in batches.

pub(crate) mod announcement;
mod backend;
mod batch;
mod bus;
mod connection;
mod encryption;
mod failure;
mod history;
mod lane;
mod log_reads;
mod merged;
mod open;
mod parts;
mod peers;
mod pipelined;
#[cfg(not(feature = "postgres-tls"))]
mod plain;
mod pool;
mod pooler;
mod queries;
mod replica;
mod slot;
mod snapshot;
mod statement;
mod tail;
#[cfg(feature = "postgres-tls")]
mod tls;
mod transaction;
mod unnamed;
mod wire;

pub(crate) use backend::PostgresBackend;
pub(crate) use bus::Bus;
pub(crate) use open::{check_replica, pending};
#[cfg(feature = "sqlite")]
pub(crate) use queries::end_with_own_changes;
pub(crate) use replica::Current;
pub(crate) use tail::PostgresTail;
