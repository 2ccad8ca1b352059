//! The format of the feature `serde`. Histories that past versions stored must stay readable.

use groups_domain::{Change, Command, Decision, Event, Membership, Request};
use proptest::prelude::*;
use serde_json::json;

use crate::cast::{
    ADA, BOB, By, CLEO, DAN, EVE, FAY, GUS, Given, add, add_all, by, by_operator, create, create_for, delete, describe,
    give, leave, leave_to, nothing, remove, rename, team,
};
use crate::golden;
use crate::properties::{Step, a_few, execute_all, requests, told};
use crate::ways_in::every_way_in;
use groups_domain::Role::{Admin, Member, Owner};

/// A change of every kind and form.
fn every_kind() -> Vec<(Given, By)> {
    vec![
        (nothing(), by(ADA, create([(BOB, Admin), (DAN, Member)]))),
        (team(), by(BOB, rename("Launch"))),
        (team(), by(BOB, describe(""))),
        (team(), by(BOB, add(FAY, Member))),
        (team(), by(ADA, add_all([(FAY, Admin), (GUS, Member)]))),
        (team(), by(BOB, remove(DAN))),
        (team(), by(EVE, leave())),
        (team(), by(ADA, leave_to(BOB))),
        (team(), by(ADA, give(DAN, Admin))),
        (team(), by(ADA, give(CLEO, Owner))),
        (team(), by(ADA, delete())),
        (nothing(), by_operator(create_for(ADA, [(BOB, Admin)]))),
        (team(), by_operator(rename("Launch"))),
        (team(), by_operator(give(CLEO, Owner))),
    ]
}

fn change(given: &Given, by: By) -> Change {
    match given.decide(by) {
        Ok(Decision::Change(change)) => change,
        other => panic!("a change was expected, not {other:?}"),
    }
}

/// One line for each value. The golden files contain what earlier versions may have stored. If the format has to change, add
/// a file and keep these, because stored values keep the old format.
fn lines(cases: Vec<(Given, By)>) -> String {
    let mut text = String::new();
    for (given, by) in cases {
        text += &line("request", &by.clone().at(given.now));
        let change = change(&given, by);
        text += &line("change", &change);
        let mut events: Vec<Event> = given.roster.told(&change).into_iter().map(|told| told.event).collect();
        events.dedup();
        text.extend(events.iter().map(|event| line("event", event)));
    }
    text
}

#[test]
fn requests_changes_and_events_are_serialised_as_in_the_golden_file() {
    golden::compare("serialised.txt", &lines(every_kind()));
}

#[test]
fn the_ways_into_a_group_are_serialised_as_in_the_golden_file() {
    golden::compare("serialised_ways_in.txt", &lines(every_way_in()));
}

#[test]
fn stored_values_are_read_as_they_were_written() {
    let of_ways_in = include_str!("../golden/serialised_ways_in.txt");
    for (stored, kinds) in [(include_str!("../golden/serialised.txt"), every_kind()), (of_ways_in, every_way_in())] {
        for stored in stored.lines() {
            let (what, value) = stored.split_once(' ').unwrap();
            let again = match what {
                "request" => line(what, &from_text::<Request>(value)),
                "change" => line(what, &from_text::<Change>(value)),
                _ => line(what, &from_text::<Event>(value)),
            };
            assert_eq!(again.trim_end(), stored);
        }
        assert!(stored.lines().count() > kinds.len() * 2, "the file holds them all");
    }
}

fn line<T: serde::Serialize>(what: &str, value: &T) -> String {
    format!("{what} {}\n", serde_json::to_string(value).unwrap())
}

fn from_text<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

fn read<T: serde::de::DeserializeOwned>(value: &serde_json::Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

/// The change contains a name that is not valid any more.
#[test]
fn texts_in_a_history_are_not_validated_again() {
    let change = change(&team(), by(BOB, rename("Launch")));
    let stored = serde_json::to_string(&change).unwrap().replace("Launch", "\u{200B}");
    let change: Change = serde_json::from_str(&stored).unwrap();
    assert_eq!(change.group.name.as_str(), "\u{200B}");
    assert_eq!(serde_json::to_string(&change).unwrap(), stored);
}

#[test]
fn texts_in_commands_are_validated() {
    let command = |name: &str| {
        let command = json!({ "UpdateSettings": { "name": name, "description": null } });
        serde_json::from_value::<Command>(command).map_err(|error| error.to_string())
    };
    assert_eq!(command("  Launch "), Ok(rename("Launch")));
    assert_eq!(command("\u{200B}"), Err("it must not be empty".to_owned()));
    assert_eq!(command("a\nb"), Err("it must not contain the control character U+000A".to_owned()));
}

#[test]
fn a_membership_survives_the_round_trip() {
    for membership in team().roster.members() {
        assert_eq!(read::<Membership>(&json!(membership)), *membership);
    }
}

proptest! {
    #![proptest_config(a_few())]

    #[test]
    fn requests_changes_and_events_survive_the_round_trip(requests in requests()) {
        for request in &requests {
            prop_assert_eq!(&read::<Request>(&json!(request)), request);
        }
        let steps = execute_all(&requests);
        for Step { change, .. } in &steps {
            prop_assert_eq!(&read::<Change>(&json!(change)), change);
        }
        for event in told(&steps).values().flatten() {
            prop_assert_eq!(&read::<Event>(&json!(event)), event);
        }
    }
}
