//! Daily quotas of each user, and their usage.

use std::collections::BTreeMap;

use groups_domain::{Change, ChangeKind, Command, Request, Timestamp};

use crate::ExecuteError;
use crate::column::Id;
use crate::row::to_stored;
use crate::row_set::{RowSet, Usages, UserDays};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How much the changes of one user may write per day (UTC). 0: no limit. Default: no limits.
///
/// Usage is counted in the database, in the transaction of the change, so the quotas hold across
/// restarts and servers. PostgreSQL: lanes that commit changes of one user concurrently do not see
/// each other's usage, so each lane can exceed a quota by one batch. Leaving, removing a member and
/// deleting a group are counted but never rejected.
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

impl Quotas {
    fn is_unlimited(self) -> bool {
        self == Self::default()
    }

    /// The first quota that this exceeds, and its limit.
    fn exceeded_by(self, usage: Usage) -> Option<(Quota, u64)> {
        let quotas = [
            (Quota::Groups, self.groups_max, usage.groups),
            (Quota::Rows, self.rows_max, usage.rows),
            (Quota::Bytes, self.bytes_max, usage.bytes),
        ];
        quotas.into_iter().find(|(_, max, used)| *max > 0 && used > max).map(|(quota, max, _)| (quota, max))
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) groups: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl Usage {
    /// The usage of one change.
    pub(crate) fn of(change: &Change, payload: &str) -> Self {
        Self {
            groups: u64::from(matches!(change.kind, ChangeKind::GroupCreated { .. })),
            rows: 1 + change.effects().len() as u64,
            bytes: payload.len() as u64,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            groups: self.groups.saturating_add(other.groups),
            rows: self.rows.saturating_add(other.rows),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

/// The usage of the actors of one batch, each on the days of their requests.
#[derive(Debug)]
pub(crate) struct Ledger {
    quotas: Quotas,
    /// By user and day, in the order in which all transactions lock the rows.
    accounts: BTreeMap<(Id, i64), Account>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Account {
    stored: Usage,
    added: Usage,
}

impl Ledger {
    pub(crate) fn new(quotas: Quotas) -> Self {
        Self { quotas, accounts: BTreeMap::new() }
    }

    /// The users and days whose stored usage must be loaded for these requests.
    pub(crate) fn wanted<'a>(&self, requests: impl Iterator<Item = &'a Request>) -> Vec<UserDays> {
        if self.quotas.is_unlimited() {
            return Vec::new();
        }
        let accounts: BTreeMap<(Id, i64), ()> = requests.map(|request| (account_of(request), ())).collect();
        UserDays::chunks(accounts.into_keys())
    }

    /// Adds the stored usage.
    pub(crate) fn know(&mut self, user_id: Id, day: i64, stored: Usage) {
        self.accounts.entry((user_id, day)).or_default().stored = stored;
    }

    /// Counts what a request writes.
    ///
    /// # Errors
    /// [`ExecuteError::QuotaExceeded`] if the actor would exceed a quota; the usage is then not
    /// counted.
    pub(crate) fn charge(&mut self, request: &Request, usage: Usage) -> Result<(), ExecuteError> {
        if self.quotas.is_unlimited() {
            return Ok(());
        }
        let account = self.accounts.entry(account_of(request)).or_default();
        let added = account.added.plus(usage);
        // Each of these undoes a change that was within the quota, and users must always be able to
        // leave.
        let is_free =
            matches!(request.command, Command::Leave { .. } | Command::RemoveMember { .. } | Command::DeleteGroup);
        match self.quotas.exceeded_by(account.stored.plus(added)) {
            Some((quota, max)) if !is_free => {
                Err(ExecuteError::QuotaExceeded { quota, max, retry_after_seconds: seconds_to_next_day(request.at) })
            }
            _ => {
                account.added = added;
                Ok(())
            }
        }
    }

    /// The amounts to add to the stored usage.
    pub(crate) fn into_rows(self) -> Vec<Usages> {
        let added = self.accounts.into_iter().filter(|(_, account)| account.added != Usage::default());
        Usages::chunks(added.map(|((user_id, day), Account { added, .. })| {
            (user_id, day, to_stored(added.groups), to_stored(added.rows), to_stored(added.bytes))
        }))
    }
}

fn account_of(request: &Request) -> (Id, i64) {
    (request.actor.user_id().into(), day_of(request.at.unix_millis()))
}

/// The day of a time in milliseconds, counted from 1970-01-01 in UTC.
pub(crate) fn day_of(unix_millis: i64) -> i64 {
    unix_millis.div_euclid(DAY_MS)
}

/// Seconds until the next day begins, rounded up.
fn seconds_to_next_day(at: Timestamp) -> u32 {
    let left_ms = DAY_MS - at.unix_millis().rem_euclid(DAY_MS);
    u32::try_from((left_ms + 999) / 1_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_day_begins_at_midnight_in_utc() {
        let seconds = |at| seconds_to_next_day(Timestamp::from_unix_millis(at));
        assert_eq!((seconds(0), seconds(1), seconds(DAY_MS - 1), seconds(DAY_MS)), (86_400, 86_400, 1, 86_400));
        assert_eq!((seconds(DAY_MS / 2), seconds(-1)), (43_200, 1));
        assert_eq!((day_of(-1), day_of(0), day_of(DAY_MS)), (-1, 0, 1));
    }
}
