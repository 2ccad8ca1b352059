//! The clock and the id generators: the only place in this crate that reads the time or creates
//! ids.

use std::time::{SystemTime, UNIX_EPOCH};

use groups_domain::{GroupId, Timestamp};
use uuid::Uuid;

use crate::ids::GroupIds;

/// The current system time.
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// Returns an id greater than every id that was created or observed before.
pub(crate) fn new_group_id(ids: &GroupIds) -> GroupId {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // The lower 64 bits of a random UUID start with two fixed variant bits; the shift drops them.
    let random = Uuid::new_v4().as_u64_pair().1 << 2;
    ids.next(since_epoch, random)
}

/// Returns an id for a connection. It is random (v4), because a sequential id would reveal how many
/// connections are opened.
pub(crate) fn new_connection_id() -> Uuid {
    Uuid::new_v4()
}
