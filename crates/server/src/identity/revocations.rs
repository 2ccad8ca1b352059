//! Users whose connections an operator has closed, and whose older tokens are refused.
//!
//! The database is the source of truth. A server learns of the revocations of other servers by a
//! hint over the bus, and in any case at its next look into the database.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use groups_domain::{Timestamp, UserId};
use groups_store::{Revocation, Store, StoreError};

use super::Principal;
use crate::{Code, Problem};

/// How far apart the clocks of servers may be. A look into the database goes back this far.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The revocations in force. Checked for every request.
#[derive(Debug, Default)]
pub(crate) struct Revocations {
    users: RwLock<HashMap<UserId, Revocation>>,
    /// So that servers without revocations do not take the lock.
    any: AtomicBool,
}

impl Revocations {
    /// Interval at which the database is read, in case that a hint was lost.
    pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(5);

    /// Maximum number of revocations in force, about 30 MB of memory. Further ones are refused.
    pub(crate) const MAX: usize = 262_144;

    /// # Errors
    /// [`Code::Unauthenticated`] if the principal was authenticated before the user's tokens were
    /// revoked.
    pub(crate) fn check(&self, principal: &Principal, now: Timestamp) -> Result<(), Problem> {
        if !self.any.load(Relaxed) {
            return Ok(());
        }
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        let revoked = users.get(&principal.user_id).is_some_and(|revocation| {
            revocation.kept_until > now && revocation.not_before.is_some_and(|time| principal.issued_at < time)
        });
        if revoked {
            return Err(Problem::new(Code::Unauthenticated, "The token was revoked. Sign in again."));
        }
        Ok(())
    }

    /// Whether there is room for a user's revocation.
    pub(crate) fn has_room(&self, user_id: UserId) -> bool {
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        users.len() < Self::MAX || users.contains_key(&user_id)
    }

    /// Adds a revocation. Returns whether the user must be disconnected, because it is new.
    pub(crate) fn insert(&self, revocation: Revocation) -> bool {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        let known = users.get(&revocation.user_id);
        if known.is_some_and(|known| known.disconnected_at >= revocation.disconnected_at) {
            return false;
        }
        users.insert(revocation.user_id, revocation);
        self.any.store(true, Relaxed);
        true
    }

    /// Reads the new revocations from the database. Returns the users who must be disconnected.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub(crate) async fn refresh(&self, store: &Store, now: Timestamp) -> Result<Vec<UserId>, StoreError> {
        let since = {
            let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
            let newest = users.values().map(|revocation| revocation.disconnected_at.unix_millis()).max();
            let skew = i64::try_from(CLOCK_SKEW.as_millis()).unwrap_or(i64::MAX);
            newest.map_or(i64::MIN, |newest| newest.saturating_sub(skew))
        };
        let since = Timestamp::from_unix_millis(since);
        let limit = u32::try_from(Self::MAX).unwrap_or(u32::MAX);
        let new = store.revocations(now, since, limit).await?;
        Ok(new.into_iter().filter(|revocation| self.insert(*revocation)).map(|revocation| revocation.user_id).collect())
    }

    /// Forgets what has ended.
    pub(crate) fn sweep(&self, now: Timestamp) {
        if self.any.load(Relaxed) {
            let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
            users.retain(|_, revocation| revocation.kept_until > now);
            self.any.store(!users.is_empty(), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use uuid::Uuid;

    use super::*;

    const ADA: UserId = UserId::new(Uuid::from_u128(1));
    const BOB: UserId = UserId::new(Uuid::from_u128(2));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(1_800_000_000_000 + seconds * 1_000)
    }

    fn revocation(not_before: Option<i64>, disconnected_at: i64) -> Revocation {
        Revocation {
            user_id: ADA,
            not_before: not_before.map(at),
            disconnected_at: at(disconnected_at),
            kept_until: at(100),
        }
    }

    fn principal(user_id: UserId, issued_at: i64) -> Principal {
        Principal { issued_at: at(issued_at), ..Principal::new(user_id, at(1_000)) }
    }

    #[test]
    fn tokens_issued_before_the_time_are_refused_while_the_revocation_is_kept() {
        let revocations = Revocations::default();
        assert!(revocations.insert(revocation(Some(10), 10)));
        let refused = revocations.check(&principal(ADA, 9), at(11)).unwrap_err();
        assert_eq!(refused, Problem::new(Code::Unauthenticated, "The token was revoked. Sign in again."));
        for (user, issued, now) in [(ADA, 10, 11), (BOB, 9, 11), (ADA, 9, 100)] {
            assert_eq!(revocations.check(&principal(user, issued), at(now)), Ok(()), "{user} {issued} {now}");
        }
        revocations.sweep(at(99));
        assert!(revocations.check(&principal(ADA, 9), at(99)).is_err());
        revocations.sweep(at(100));
        assert_eq!(revocations.check(&principal(ADA, 9), at(99)), Ok(()));
    }

    #[test]
    fn a_disconnect_revokes_no_token_and_is_new_once() {
        let revocations = Revocations::default();
        assert!(revocations.insert(revocation(None, 10)));
        assert_eq!(revocations.check(&principal(ADA, 9), at(11)), Ok(()));
        assert!(!revocations.insert(revocation(None, 10)));
        assert!(revocations.insert(revocation(None, 11)));
    }
}
