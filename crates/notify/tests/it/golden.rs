//! Every message of the server to the letter: one golden file each. `UPDATE_GOLDEN=1` rewrites them.

use std::path::Path;

use groups_domain::{Command, Event, NewMember, Role, UserId, event_for};
use notify::wire::{ErrorCode, EventBody, GroupBody, ServerMessage, retry_reason};
use serde::Serialize;
use uuid::Uuid;

use crate::world::{ADA, BOB, EVE, World, group, user};

fn compare(name: &str, message: &impl Serialize) {
    let text = serde_json::to_string(message).unwrap();
    compare_text(name, &text);
}

fn compare_text(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.json"));
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(&path, format!("{text}\n")).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(golden.trim_end(), text, "{name}.json; UPDATE_GOLDEN=1 rewrites it");
}

fn compare_event(name: &str, world: &World, to: UserId) {
    let commit = world.len() - 1;
    let event: Event = event_for(world.change(commit), to);
    compare(name, &EventBody::new(&event, &format!("c{}", commit + 1)));
}

fn members(numbers: std::ops::Range<u128>) -> Command {
    Command::AddMembers(numbers.map(|number| NewMember::plain(user(number))).collect())
}

#[test]
fn the_messages_around_the_events() {
    let mut world = World::default();
    world.create(group(1), ADA, &[BOB]);
    let list = world.list(BOB, 1);
    let groups = || list.iter().map(|(group, role)| GroupBody::new(group, Some(*role))).collect();
    let connection_id = Uuid::from_u128(0xc0);
    let welcome = |resumed| ServerMessage::Welcome { user_id: BOB, connection_id, resumed, heartbeat_seconds: 25 };
    compare("welcome", &welcome(false));
    compare("welcome_resumed", &welcome(true));
    compare("snapshot", &ServerMessage::Snapshot { groups: groups(), more: true, cursor: "c1" });
    compare("snapshot_empty", &ServerMessage::Snapshot { groups: Vec::new(), more: false, cursor: "c1" });
    compare("ready", &ServerMessage::Ready { cursor: "c1" });
    compare("pong", &ServerMessage::Pong);
    let typing = |typing| ServerMessage::Typing { group_id: group(1), user_id: ADA, typing, expires_in_seconds: 6 };
    compare("typing", &typing(true));
    compare("typing_stopped", &typing(false));
    let error = |code| ServerMessage::Error { code, detail: "why" };
    compare("error_malformed_message", &error(ErrorCode::MalformedMessage));
    compare("error_unknown_type", &error(ErrorCode::UnknownType));
    compare("error_group_not_found", &error(ErrorCode::GroupNotFound));
    compare("error_rate_limited", &error(ErrorCode::RateLimited));
    compare_text("close_1012_reason", &retry_reason((1_000, 15_000)));
}

#[test]
fn the_events() {
    let mut world = World::default();
    world.create(group(1), ADA, &[]);
    compare_event("group_created", &world, ADA);

    world.execute(group(1), ADA, Command::AddMember(NewMember { user_id: BOB, role: Role::Admin }));
    compare_event("added_to_group", &world, BOB);
    compare_event("group_updated_member_added", &world, ADA);

    world.execute(group(1), BOB, members(1..3));
    compare_event("group_updated_members_added", &world, ADA);

    world.rename(group(1), ADA, "Launch");
    compare_event("group_updated_settings_changed", &world, BOB);

    world.execute(group(1), ADA, Command::ChangeRole { user_id: user(1), role: Role::Admin });
    compare_event("role_changed", &world, user(1));
    compare_event("group_updated_role_changed", &world, BOB);

    world.execute(group(1), ADA, Command::ChangeRole { user_id: BOB, role: Role::Owner });
    compare_event("role_changed_to_owner", &world, BOB);
    compare_event("role_changed_from_owner", &world, ADA);
    compare_event("group_updated_owner_changed", &world, user(2));

    world.execute(group(1), BOB, Command::RemoveMember { user_id: user(2) });
    compare_event("removed_from_group", &world, user(2));
    compare_event("group_updated_member_removed", &world, ADA);

    world.execute(group(1), user(1), Command::Leave { successor: None });
    compare_event("removed_from_group_left", &world, user(1));
    compare_event("group_updated_member_left", &world, ADA);

    world.execute(group(1), BOB, Command::AddMember(NewMember::plain(EVE)));
    world.execute(group(1), BOB, Command::Leave { successor: Some(ADA) });
    compare_event("role_changed_by_succession", &world, ADA);
    compare_event("group_updated_member_left_with_successor", &world, EVE);

    world.execute(group(1), ADA, Command::DeleteGroup);
    compare_event("group_deleted", &world, EVE);
}

#[test]
fn a_hundred_added_people_are_named_and_more_are_counted() {
    let mut world = World::default();
    world.create(group(1), ADA, &[]);
    let body = |world: &World| {
        let event = event_for(world.change(world.len() - 1), ADA);
        serde_json::to_value(EventBody::new(&event, "c")).unwrap()
    };
    world.execute(group(1), ADA, members(100..200));
    assert_eq!(body(&world)["count"], 100);
    assert_eq!(body(&world)["user_ids"].as_array().unwrap().len(), 100);
    world.execute(group(1), ADA, members(1_000..1_101));
    assert_eq!(body(&world)["count"], 101);
    assert_eq!(body(&world).get("user_ids"), None);
}

#[test]
fn times_are_rfc_3339_in_utc_with_milliseconds() {
    let at = |millis| notify::wire::rfc3339(groups_domain::Timestamp::from_unix_millis(millis));
    assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(at(1_795_389_255_123), "2026-11-22T23:14:15.123Z");
    assert_eq!(at(951_782_400_007), "2000-02-29T00:00:00.007Z");
    assert_eq!(at(-1), "1969-12-31T23:59:59.999Z");
    assert_eq!(at(i64::MIN), "0000-01-01T00:00:00.000Z");
    assert_eq!(at(i64::MAX), "9999-12-31T23:59:59.999Z");
}
