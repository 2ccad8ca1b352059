//! The group as every answer and every event shows it.

use groups_domain::{Group, GroupId, Role, Timestamp, UserId, Version};
use serde::Serialize;
use time::OffsetDateTime;

/// A group on the wire. `role` is the reader's own and is left out where the text is for many readers.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GroupBody<'a> {
    #[cfg_attr(test, ts(type = "Uuid"))]
    group_id: GroupId,
    /// 1–100 characters, trimmed.
    name: &'a str,
    /// At most 1,000 characters.
    description: &'a str,
    /// The owner.
    #[cfg_attr(test, ts(type = "Uuid"))]
    admin_id: UserId,
    /// The owner included.
    member_count: u32,
    /// Starts at 1 and grows by exactly 1 with every change of the group or of its membership.
    #[cfg_attr(test, ts(type = "number"))]
    version: Version,
    /// When version 1 was made.
    #[cfg_attr(test, ts(type = "Time"))]
    created_at: String,
    /// When this version was made.
    #[cfg_attr(test, ts(type = "Time"))]
    updated_at: String,
    /// The reader's own role, where the text is for one reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "Role"))]
    role: Option<Role>,
}

impl<'a> GroupBody<'a> {
    /// The group as `role` sees it; without one, as it is told to many.
    pub fn new(group: &'a Group, role: Option<Role>) -> Self {
        Self {
            group_id: group.group_id,
            name: group.name.as_str(),
            description: group.description.as_str(),
            admin_id: group.owner_id,
            member_count: group.member_count,
            version: group.version,
            created_at: rfc3339(group.created_at),
            updated_at: rfc3339(group.updated_at),
            role,
        }
    }
}

/// A time as RFC 3339 in UTC with milliseconds, such as `2026-11-22T23:14:15.123Z`.
///
/// What lies outside of the years 0 to 9999, which RFC 3339 cannot say, becomes the nearest time that it can.
pub fn rfc3339(at: Timestamp) -> String {
    const FIRST_MILLIS: i64 = -62_167_219_200_000;
    const LAST_MILLIS: i64 = 253_402_300_799_999;
    let millis = at.unix_millis().clamp(FIRST_MILLIS, LAST_MILLIS);
    let at =
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second, millis) = (at.hour(), at.minute(), at.second(), at.millisecond());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}
