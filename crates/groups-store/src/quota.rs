//! Daily quotas of each user.

/// How much the changes of one user may write per day (UTC). 0: no limit. Default: no limits.
///
/// Usage is counted in the database, in the transaction of the change, so the quotas hold across
/// restarts and servers. PostgreSQL: lanes that commit changes of one user concurrently do not see
/// each other's usage, so each lane can exceed a quota by one batch. What only
/// [takes something away](groups_domain::Command::takes_away) is counted but never rejected. Operators have no quotas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Groups created, including those that were deleted since.
    pub groups_max: u64,
    /// Rows: one for each change, and one for each member that it adds, removes or gives a role.
    pub rows_max: u64,
    /// Bytes of changes in the log.
    pub bytes_max: u64,
}

/// One of the [`Quotas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quota {
    /// [`Quotas::groups_max`].
    Groups,
    /// [`Quotas::rows_max`].
    Rows,
    /// [`Quotas::bytes_max`].
    Bytes,
}

impl std::fmt::Display for Quota {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Groups => "groups created",
            Self::Rows => "rows written",
            Self::Bytes => "bytes written",
        })
    }
}
