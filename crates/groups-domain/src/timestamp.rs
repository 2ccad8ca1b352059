//! Points in time, and their text form of RFC 3339.

use core::fmt;
use core::str::FromStr;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Its text form is [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) in UTC with milliseconds. RFC 3339 supports the years 0
/// to 9999: [`Display`](fmt::Display) writes a time outside of that range as [`TEXT_MIN`](Self::TEXT_MIN) or
/// [`TEXT_MAX`](Self::TEXT_MAX).
///
/// ```
/// use groups_domain::Timestamp;
///
/// let at = Timestamp::from_unix_millis(1_795_389_255_123);
/// assert_eq!(at.to_string(), "2026-11-22T23:14:15.123Z");
/// assert_eq!("2026-11-23T00:14:15.123+01:00".parse(), Ok(at));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Timestamp(i64);

/// The text is not a time in the format of RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time has the format of RFC 3339, such as 2026-11-22T23:14:15.123Z")]
#[non_exhaustive]
pub struct ParseTimestampError;

impl Timestamp {
    /// The first time that has a text form: 0000-01-01T00:00:00.000Z.
    pub const TEXT_MIN: Self = Self(-62_167_219_200_000);
    /// The last time that has a text form: 9999-12-31T23:59:59.999Z.
    pub const TEXT_MAX: Self = Self(253_402_300_799_999);

    /// From milliseconds since 1970-01-01T00:00:00Z.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }
}

const MINUTE_MILLIS: i64 = 60_000;
const HOUR_MILLIS: i64 = 60 * MINUTE_MILLIS;
const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;

/// RFC 3339 in UTC with milliseconds, such as `2026-11-22T23:14:15.123Z`. Always 24 characters.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Counted from the start of year 0, so nothing is negative.
        let millis = (*self).clamp(Self::TEXT_MIN, Self::TEXT_MAX).0 - Self::TEXT_MIN.0;
        let (year, month, day) = date(millis / DAY_MILLIS);
        let (hour, minute) = (millis % DAY_MILLIS / HOUR_MILLIS, millis % HOUR_MILLIS / MINUTE_MILLIS);
        let (second, millis) = (millis % MINUTE_MILLIS / 1_000, millis % 1_000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// Parses a time of RFC 3339 with any offset from UTC. Digits after the milliseconds are cut off.
    ///
    /// # Errors
    /// [`ParseTimestampError`] if the text has another format, names a date or time of day that does not exist, or is a leap
    /// second.
    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        parse(text.as_bytes()).ok_or(ParseTimestampError)
    }
}

impl TryFrom<&str> for Timestamp {
    type Error = ParseTimestampError;

    fn try_from(text: &str) -> Result<Self, ParseTimestampError> {
        text.parse()
    }
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    let (year, text) = number(text, 4, 0..=9_999)?;
    let (month, text) = number(after(text, b'-')?, 2, 1..=12)?;
    let (day, text) = number(after(text, b'-')?, 2, 1..=days_in_month(year, month))?;
    let text = after(text, b'T').or_else(|| after(text, b't'))?;
    let (hour, text) = number(text, 2, 0..=23)?;
    let (minute, text) = number(after(text, b':')?, 2, 0..=59)?;
    let (second, text) = number(after(text, b':')?, 2, 0..=59)?;
    let (millis, text) = match after(text, b'.') {
        Some(fraction) => milliseconds(fraction)?,
        None => (0, text),
    };
    let offset = offset(text)?;
    let days = days_before_year(year) + days_before_month(year, month) + day - 1;
    let time_of_day = hour * HOUR_MILLIS + minute * MINUTE_MILLIS + second * 1_000 + millis;
    Some(Timestamp(Timestamp::TEXT_MIN.0 + days * DAY_MILLIS + time_of_day - offset))
}

fn after(text: &[u8], separator: u8) -> Option<&[u8]> {
    text.strip_prefix(&[separator])
}

/// Parses a number with exactly this many digits. Returns it with the rest of the text.
fn number(text: &[u8], digits: usize, range: core::ops::RangeInclusive<i64>) -> Option<(i64, &[u8])> {
    let (number, rest) = text.split_at_checked(digits)?;
    let number = number.iter().try_fold(0, |number, digit| Some(number * 10 + digit_value(*digit)?))?;
    range.contains(&number).then_some((number, rest))
}

/// Parses the digits after the decimal point, at least one.
fn milliseconds(text: &[u8]) -> Option<(i64, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (fraction, rest) = text.split_at(end);
    let digit = |at: usize| fraction.get(at).copied().and_then(digit_value).unwrap_or_default();
    (end > 0).then(|| (digit(0) * 100 + digit(1) * 10 + digit(2), rest))
}

/// Parses the offset from UTC, in milliseconds. Nothing may follow it.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, text) = match text.split_first()? {
        (b'Z' | b'z', rest) => return rest.is_empty().then_some(0),
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return None,
    };
    let (hours, text) = number(text, 2, 0..=23)?;
    let (minutes, text) = number(after(text, b':')?, 2, 0..=59)?;
    text.is_empty().then_some(sign * (hours * HOUR_MILLIS + minutes * MINUTE_MILLIS))
}

fn digit_value(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

/// The date (year, month, day) of a day that is given by its distance from 0000-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    // A year has at most 366 days, so this estimate is never too high. For the year 9999 it is 21 years too low.
    let mut year = days / 366;
    while days_before_year(year + 1) <= days {
        year += 1;
    }
    let day_of_year = days - days_before_year(year);
    let mut month = 12;
    while days_before_month(year, month) > day_of_year {
        month -= 1;
    }
    (year, month, day_of_year - days_before_month(year, month) + 1)
}

/// The number of days from 0000-01-01 to the start of a year of the Gregorian calendar.
const fn days_before_year(year: i64) -> i64 {
    // Years divisible by 4, 100 and 400 before this one. Year 0 is one of each.
    let leap_days = (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    year * 365 + leap_days
}

/// The number of days from the start of the year to the start of a month (1 to 12).
const fn days_before_month(year: i64, month: i64) -> i64 {
    let mut days = 0;
    let mut earlier = 1;
    while earlier < month {
        days += days_in_month(year, earlier);
        earlier += 1;
    }
    days
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap_year(year) => 29,
        2 => 28,
        _ => 31,
    }
}

const fn is_leap_year(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}
