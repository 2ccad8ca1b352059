//! Operations for operators and backends, which may ask about anybody.

#[cfg(feature = "postgres")]
use futures_util::FutureExt;
use groups_domain::{DisplayName, GroupId, Timestamp, UserId};

use super::search_key;
#[cfg(feature = "sqlite")]
use crate::connection::SqliteConn;
use crate::inner::Backend;
use crate::queries;
use crate::read_class::ReadClass;
use crate::{DatabaseStats, MembershipChecks, Position, Revocation, Store, StoreError};

impl Store {
    /// Answers which of these users are members of which of these groups, all at one point in time.
    /// Does not check who may ask.
    ///
    /// With `at_least`, returns `None` if the database does not yet contain everything up to that
    /// position. That can only be if the position comes from a server whose changes this database
    /// has lost, or not yet replicated.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn check_memberships(
        &self,
        questions: Vec<(GroupId, UserId)>,
        at_least: Option<Position>,
    ) -> Result<Option<MembershipChecks>, StoreError> {
        let store = self.inner.id();
        let checks = run!(self, read(Request), checks::memberships(store, questions, at_least));
        self.of_one_history(store, checks)
    }

    /// The people with whom a user shares a group and whose name starts with the prefix, ordered by
    /// name; without the user. Case-insensitive. Only names that the user may see
    /// ([`StoreOptions::name_visibility`](crate::StoreOptions::name_visibility)). If very many names
    /// start with the prefix, some may be missing; a longer prefix finds them.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn search_acquaintances(
        &self,
        user: UserId,
        prefix: &str,
        limit: u32,
    ) -> Result<Vec<(UserId, DisplayName)>, StoreError> {
        let (prefix, visibility) = (search_key(prefix), self.inner.name_visibility);
        run!(self, read(Request), acquaintances::search(user, prefix, limit, visibility))
    }

    /// Counts what is in the database. Reads the whole table of groups: some 0.1 s for a million.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn stats(&self) -> Result<DatabaseStats, StoreError> {
        run!(self, read(Request), stats::read())
    }

    /// Saves a revocation. If the user has one already, the later of both times applies each time.
    /// Returns what is in force now; its `disconnected_at` is later than that of any earlier
    /// revocation of the user. Does not close connections.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn revoke(&self, revocation: Revocation) -> Result<Revocation, StoreError> {
        run!(self, write, revocations::put(revocation))
    }

    /// The revocations in force at `now` that were made at or after `since`, oldest first, at most
    /// `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn revocations(
        &self,
        now: Timestamp,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<Revocation>, StoreError> {
        run!(self, read(Delivery), revocations::list(now, since, limit))
    }
}
