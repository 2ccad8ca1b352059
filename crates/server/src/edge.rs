//! The outside world: the only place of the server that reads the clock and makes ids.

use std::time::{SystemTime, UNIX_EPOCH};

use groups_domain::{GroupId, Timestamp};
use uuid::Uuid;

use crate::ids::GroupIds;

/// The time of the machine's clock.
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// An id for a new group, greater than all that were made or seen before.
pub(crate) fn new_group_id(ids: &GroupIds) -> GroupId {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // The first half of a random UUID has fixed bits in it, and the second only at its start.
    let random = Uuid::new_v4().as_u64_pair().1 << 2;
    ids.next(since_epoch, random)
}

/// A name for one connection. Random, because an id with a counter in it would tell how many others were made in the same millisecond.
pub(crate) fn new_connection_id() -> Uuid {
    Uuid::new_v4()
}
