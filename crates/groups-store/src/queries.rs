//! All queries that both databases share, one file per purpose. Each function runs inside one
//! transaction, on any [`Connection`](crate::connection::Connection).

pub(crate) mod access;
pub(crate) mod acquaintances;
pub(crate) mod blocks;
pub(crate) mod checks;
pub(crate) mod commit;
pub(crate) mod deliveries;
pub(crate) mod erase;
pub(crate) mod jobs;
pub(crate) mod list;
pub(crate) mod maintenance;
pub(crate) mod names;
pub(crate) mod people;
pub(crate) mod read;
pub(crate) mod resume;
pub(crate) mod revocations;
pub(crate) mod search;
pub(crate) mod sinks;
pub(crate) mod statements;
pub(crate) mod stats;
pub(crate) mod stream;
pub(crate) mod told;
pub(crate) mod webhooks;
