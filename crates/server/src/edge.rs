//! The outside world: the only place of the server that reads the clock and makes ids.

use std::time::{SystemTime, UNIX_EPOCH};

use groups_domain::{GroupId, Timestamp};
use uuid::Uuid;

/// The time of the machine's clock.
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// A UUIDv7 (RFC 9562): later ones of one process are greater, so that the newest group comes first in a list.
pub(crate) fn new_group_id() -> GroupId {
    GroupId::new(Uuid::now_v7())
}

/// A name for one connection. Random, because an id with a counter in it would tell how many others were made in the same millisecond.
pub(crate) fn new_connection_id() -> Uuid {
    Uuid::new_v4()
}
