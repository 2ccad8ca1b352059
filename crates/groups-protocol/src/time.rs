//! The time format of the wire.

use groups_domain::Timestamp;
use time::OffsetDateTime;

/// Formats a time as RFC 3339 in UTC with milliseconds, such as `2026-11-22T23:14:15.123Z`.
///
/// RFC 3339 supports the years 0 to 9999. Times outside of that range are clamped to it.
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
