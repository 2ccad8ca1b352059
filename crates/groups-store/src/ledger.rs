//! The usage of the daily quotas.

use std::collections::{BTreeMap, BTreeSet};

use groups_domain::{Change, ChangeKind, Request, Timestamp};

use crate::column::Id;
use crate::row::to_stored;
use crate::row_set::{RowSet, Usages};
use crate::{ExecuteError, Quota, Quotas};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

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
    pub(crate) fn wanted<'a>(&self, requests: impl Iterator<Item = &'a Request>) -> BTreeSet<(Id, i64)> {
        if self.quotas == Quotas::default() {
            return BTreeSet::new();
        }
        requests.filter(|request| !request.actor.is_operator()).map(account_of).collect()
    }

    /// Adds the stored usage.
    pub(crate) fn know(&mut self, user_id: Id, day: i64, stored: Usage) {
        self.accounts.entry((user_id, day)).or_default().stored = stored;
    }

    /// Counts what a request writes. Operators have no quotas, and nothing of theirs is counted.
    ///
    /// # Errors
    /// [`ExecuteError::QuotaExceeded`] if the actor would exceed a quota; the usage is then not
    /// counted.
    pub(crate) fn charge(&mut self, request: &Request, usage: Usage) -> Result<(), ExecuteError> {
        if self.quotas == Quotas::default() || request.actor.is_operator() {
            return Ok(());
        }
        let account = self.accounts.entry(account_of(request)).or_default();
        let added = account.added.plus(usage);
        // Users must always be able to leave, and to keep others out.
        let is_free = request.command.takes_away();
        match exceeded(self.quotas, account.stored.plus(added)) {
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

/// The first quota that this usage exceeds, and its limit.
fn exceeded(quotas: Quotas, usage: Usage) -> Option<(Quota, u64)> {
    let quotas = [
        (Quota::Groups, quotas.groups_max, usage.groups),
        (Quota::Rows, quotas.rows_max, usage.rows),
        (Quota::Bytes, quotas.bytes_max, usage.bytes),
    ];
    quotas.into_iter().find(|(_, max, used)| *max > 0 && used > max).map(|(quota, max, _)| (quota, max))
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
