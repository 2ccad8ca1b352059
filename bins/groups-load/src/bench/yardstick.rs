//! Reference figures: what the machine and the databases take for elementary operations, so that
//! results from different machines can be compared.

mod commits;
mod disk;
mod network;
mod postgres_commit;
mod sqlite_commit;

pub(super) use disk::flushes_per_second;
pub(super) use network::{round_trip_us, transfer_us, write_us};

use self::commits::Commits;
use super::database::Database;
use crate::failure::Failure;

/// Commits the rows of additions of members to the database of a server that was stopped: one row
/// of the log, one membership and one new version of a group each. With one caller, each change is
/// one commit. With more, SQLite commits as many changes at once, and PostgreSQL has as many
/// connections, each of which commits one change at a time.
pub(super) async fn raw_commits(database: &Database, callers: u32, seconds: u64) -> Result<Commits, Failure> {
    match database {
        Database::File(directory) => sqlite_commit::measure(Database::file(directory), callers, seconds).await,
        Database::Postgres { url, pid, .. } => postgres_commit::measure(url, *pid, callers, seconds).await,
    }
}
