//! Conversions of ids, versions, times, roles, rules and texts from text and to text.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::str::FromStr;

use groups_domain::{
    Actor, Description, DisplayName, GroupId, GroupName, Role, Rule, TextError, Timestamp, UserId, Uuid, Version,
};
use proptest::prelude::*;

use crate::cast::{ADA, MONDAY, TEAM};

/// Parses a text with `FromStr` and `TryFrom<&str>`, which must agree.
fn parse<'a, T>(text: &'a str) -> Result<T, String>
where
    T: FromStr<Err: Error> + TryFrom<&'a str, Error: Error> + PartialEq + Debug,
{
    let parsed = text.parse::<T>().map_err(|error| error.to_string());
    assert_eq!(T::try_from(text).map_err(|error| error.to_string()), parsed);
    parsed
}

#[track_caller]
fn converts<T>(value: T, text: &str)
where
    T: FromStr<Err: Error> + for<'a> TryFrom<&'a str, Error: Error> + Display + PartialEq + Debug,
{
    assert_eq!(value.to_string(), text);
    assert_eq!(parse(text), Ok(value));
}

#[test]
fn every_value_type_is_displayed_and_parsed_as_the_same_text() {
    converts(ADA, "00000000-0000-0000-0000-000000000ada");
    converts(TEAM, "00000000-0000-0000-0000-000000007ea3");
    converts(Version::FIRST, "1");
    converts(Version::new(u64::MAX), "18446744073709551615");
    converts(MONDAY, "2026-01-05T09:00:00.000Z");
    converts(Role::Member, "member");
    converts(Role::Admin, "admin");
    converts(Role::Owner, "owner");
    for rule in Rule::ALL {
        converts(*rule, rule.id());
    }
    converts(GroupName::parse("Project Team").unwrap(), "Project Team");
    converts(DisplayName::parse("Ada Lovelace").unwrap(), "Ada Lovelace");
    converts(Description::parse("All about the launch.").unwrap(), "All about the launch.");
    converts(Description::default(), "");
}

#[test]
fn errors_of_parsing_say_what_is_expected() {
    let an_id = Err("an id is a UUID".to_owned());
    assert_eq!(parse::<UserId>("ada"), an_id.clone().map(|()| ADA));
    assert_eq!(parse::<GroupId>(""), an_id.map(|()| TEAM));
    for text in ["", "-1", "1.0", "18446744073709551616", "one"] {
        assert!(parse::<Version>(text).is_err(), "{text}");
    }
    for text in ["", "Owner", " admin", "guest"] {
        assert_eq!(parse::<Role>(text), Err("a role is one of: owner, admin, member".to_owned()));
    }
    assert!(parse::<Rule>("AdminsAdd").unwrap_err().contains("such as `admins-add`"));
    assert!(parse::<Timestamp>("today").unwrap_err().contains("RFC 3339"));
    assert_eq!(parse::<GroupName>(" "), Err(TextError::Empty.to_string()));
    assert_eq!(parse::<DisplayName>(" "), Err(TextError::Empty.to_string()));
    assert!(matches!(parse::<Description>("a\nb"), Err(error) if error.contains("U+000A")));
}

#[test]
fn values_convert_to_and_from_what_they_wrap() {
    assert_eq!(UserId::from(Uuid::from(ADA)), ADA);
    assert_eq!(GroupId::from(Uuid::from(TEAM)), TEAM);
    assert_eq!((ADA.uuid(), TEAM.uuid()), (Uuid::from_u128(0xada), Uuid::from_u128(0x7ea3)));
    assert_eq!(u64::from(Version::from(7)), 7);
    assert_eq!(Timestamp::from_unix_millis(7).unix_millis(), 7);
}

#[test]
fn texts_convert_to_and_from_strings() {
    let (text, kept) = (" Project Team ".to_owned(), "Project Team".to_owned());
    let name = GroupName::try_from(text.clone()).unwrap();
    assert_eq!(
        (name.as_ref(), name.as_str(), String::from(name.clone())),
        (kept.as_str(), kept.as_str(), kept.clone())
    );
    let name = DisplayName::try_from(text.clone()).unwrap();
    assert_eq!(
        (name.as_ref(), name.as_str(), String::from(name.clone())),
        (kept.as_str(), kept.as_str(), kept.clone())
    );
    let text = Description::try_from(text).unwrap();
    assert_eq!(
        (text.as_ref(), text.as_str(), String::from(text.clone())),
        (kept.as_str(), kept.as_str(), kept.clone())
    );
    assert_eq!(Role::ALL.map(|role| role.as_ref().to_owned()), ["member", "admin", "owner"]);
}

#[test]
fn an_actor_is_displayed_with_the_id_and_as_an_operator_if_they_are_one() {
    assert_eq!(Actor::Member(ADA).to_string(), ADA.to_string());
    assert_eq!(Actor::Operator(ADA).to_string(), format!("operator {ADA}"));
}

#[test]
fn displayed_values_can_be_padded() {
    let (group, person) = (GroupName::parse("Team").unwrap(), DisplayName::parse("Ada").unwrap());
    assert_eq!(format!("[{group:>6}] [{group:.2}] [{person:<5}]"), "[  Team] [Te] [Ada  ]");
    assert_eq!(
        format!("[{:>6}] [{:>4}] [{:>11}]", Role::Admin, Version::new(7), Rule::AdminsAdd),
        "[ admin] [   7] [ admins-add]"
    );
}

#[test]
fn ids_are_parsed_in_every_usual_format_of_uuids() {
    for text in [
        "00000000-0000-0000-0000-000000000ADA",
        "00000000000000000000000000000ada",
        "urn:uuid:00000000-0000-0000-0000-000000000ada",
    ] {
        assert_eq!(parse(text), Ok(ADA), "{text}");
    }
}

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

#[test]
fn times_are_displayed_in_utc_with_milliseconds() {
    let at = |millis| Timestamp::from_unix_millis(millis).to_string();
    assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(at(1_795_389_255_123), "2026-11-22T23:14:15.123Z");
    assert_eq!(at(951_782_400_007), "2000-02-29T00:00:00.007Z");
    assert_eq!(at(-1), "1969-12-31T23:59:59.999Z");
}

#[test]
fn times_outside_of_the_years_0_to_9999_are_displayed_as_the_nearest_time_inside() {
    for millis in [i64::MIN, Timestamp::TEXT_MIN.unix_millis() - 1, Timestamp::TEXT_MIN.unix_millis()] {
        assert_eq!(Timestamp::from_unix_millis(millis).to_string(), "0000-01-01T00:00:00.000Z");
    }
    for millis in [i64::MAX, Timestamp::TEXT_MAX.unix_millis() + 1, Timestamp::TEXT_MAX.unix_millis()] {
        assert_eq!(Timestamp::from_unix_millis(millis).to_string(), "9999-12-31T23:59:59.999Z");
    }
    converts(Timestamp::TEXT_MIN, "0000-01-01T00:00:00.000Z");
    converts(Timestamp::TEXT_MAX, "9999-12-31T23:59:59.999Z");
}

/// Walks a calendar next to the implementation, over all kinds of leap years.
#[test]
fn every_day_has_its_date() {
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let mut day = Timestamp::TEXT_MIN.unix_millis();
    for year in 0..=401 {
        let february = if leap(year) { 29 } else { 28 };
        for (month, days) in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].into_iter().enumerate() {
            for date in 1..=days {
                let text = format!("{year:04}-{:02}-{date:02}T00:00:00.000Z", month + 1);
                converts(Timestamp::from_unix_millis(day), &text);
                day += DAY_MILLIS;
            }
        }
    }
}

#[test]
fn times_are_parsed_in_all_forms_of_rfc_3339() {
    let at = parse::<Timestamp>("2026-11-22T23:14:15.120Z");
    assert!(at.is_ok());
    for same in [
        "2026-11-22t23:14:15.12z",
        "2026-11-22T23:14:15.120999999Z",
        "2026-11-22T23:14:15.12+00:00",
        "2026-11-22T23:14:15.12-00:00",
        "2026-11-23T01:44:15.12+02:30",
        "2026-11-22T12:44:15.12-10:30",
    ] {
        assert_eq!(parse(same), at, "{same}");
    }
    assert_eq!(parse("1970-01-01T00:00:00Z"), Ok(Timestamp::from_unix_millis(0)));
    assert_eq!(parse("1970-01-01T00:00:00.9Z"), Ok(Timestamp::from_unix_millis(900)));
    assert_eq!(parse("1969-12-31T00:01:00+23:59"), Ok(Timestamp::from_unix_millis(-2 * DAY_MILLIS + 2 * 60_000)));
}

#[test]
fn texts_that_are_not_times_of_rfc_3339_are_rejected() {
    for text in [
        "",
        "2026-11-22",
        "2026-11-22T23:14:15",
        "2026-11-22 23:14:15Z",
        "2026-11-22T23:14Z",
        "2026-11-22T23:14:15.Z",
        "2026-11-22T23:14:15,5Z",
        "2026-11-22T23:14:15.5",
        "2026-11-22T23:14:15Z ",
        "2026-11-22T23:14:15ZZ",
        "2026-11-22T23:14:15+01",
        "2026-11-22T23:14:15+0100",
        "2026-11-22T23:14:15+01:00Z",
        "2026-11-22T23:14:15+24:00",
        "2026-11-22T23:14:15+01:60",
        "2026-11-22T23:14:15*01:00",
        "2026-00-22T23:14:15Z",
        "2026-13-22T23:14:15Z",
        "2026-11-00T23:14:15Z",
        "2026-11-31T23:14:15Z",
        "2026-02-29T23:14:15Z",
        "2100-02-29T23:14:15Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T23:60:00Z",
        "2026-12-31T23:59:60Z",
        "+026-11-22T23:14:15Z",
        "2026-1-22T23:14:15Z",
        "2026/11/22T23:14:15Z",
        "2026-11-22T23.14.15Z",
        "12026-11-22T23:14:15Z",
        "2026-11-2٢T23:14:15Z",
    ] {
        assert!(parse::<Timestamp>(text).is_err(), "{text}");
    }
    for leap_day in ["2000-02-29T00:00:00Z", "2028-02-29T00:00:00Z"] {
        assert!(parse::<Timestamp>(leap_day).is_ok(), "{leap_day}");
    }
}

proptest! {
    #[test]
    fn a_displayed_time_is_parsed_as_the_same_time(
        millis in Timestamp::TEXT_MIN.unix_millis()..=Timestamp::TEXT_MAX.unix_millis(),
    ) {
        let at = Timestamp::from_unix_millis(millis);
        prop_assert_eq!(at.to_string().len(), 24);
        prop_assert_eq!(at.to_string().parse(), Ok(at));
    }

    #[test]
    fn times_are_ordered_like_their_texts(
        one in Timestamp::TEXT_MIN.unix_millis()..=Timestamp::TEXT_MAX.unix_millis(),
        other in Timestamp::TEXT_MIN.unix_millis()..=Timestamp::TEXT_MAX.unix_millis(),
    ) {
        let (one, other) = (Timestamp::from_unix_millis(one), Timestamp::from_unix_millis(other));
        prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
    }

    #[test]
    fn any_text_is_parsed_or_rejected_as_a_time_without_a_panic(text in "[0-9TZtz:.+-]{0,30}|\\PC*") {
        let _ = parse::<Timestamp>(&text);
    }
}
