//! Counts of what is in the database.

use groups_domain::Timestamp;

/// Counts, each exact at one point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseStats {
    /// Groups that are not deleted.
    pub groups: u64,
    /// Memberships in these groups.
    pub memberships: u64,
    /// Changes in the log.
    pub changes: u64,
    /// When the oldest change in the log was made; `None` if the log is empty.
    pub oldest_change_at: Option<Timestamp>,
    /// When the newest change in the log was made.
    pub newest_change_at: Option<Timestamp>,
}
