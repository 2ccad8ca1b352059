//! Every message of the server, byte for byte: one golden file each. `UPDATE_GOLDEN=1` rewrites them.

use std::num::NonZeroU32;
use std::path::Path;

use groups_domain::{
    Actor, Command, Decision, Description, Event, GroupId, GroupName, JoinPolicy, Limits, LinkId, NewMember, Note,
    Request, Role, Roster, Timestamp, UserId,
};
use groups_protocol::{ErrorCode, EventBody, GroupBody, ServerMessage, WEBHOOK_TYPES, WebhookMessage, retry_reason};
use serde::Serialize;
use uuid::Uuid;

const ADA: UserId = user(0xada);
const BOB: UserId = user(0xb0b);
const EVE: UserId = user(0xe7e);

const fn user(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(number))
}

const fn group(number: u128) -> GroupId {
    GroupId::new(Uuid::from_u128(0x6000_0000 + number))
}

/// One group, and whom its last change was told.
struct World {
    roster: Roster,
    changes: i64,
    told: Vec<(UserId, Event)>,
}

impl World {
    fn with_group(owner: UserId, members: &[UserId]) -> Self {
        let roster = Roster::new(group(1), Limits::default());
        let mut world = Self { roster, changes: 0, told: Vec::new() };
        let members = members.iter().copied().map(NewMember::plain).collect();
        let (name, description) = (GroupName::parse("Group 1").unwrap(), Description::default());
        world.execute(owner, Command::CreateGroup { name, description, owner_id: None, members });
        world
    }

    fn execute(&mut self, actor: impl Into<Actor>, command: Command) {
        let at = Timestamp::from_unix_millis(1_700_000_000_000 + self.changes);
        let told = self.roster.execute(actor, at, command).unwrap();
        self.told = told.into_iter().map(|told| (told.user_id, told.event)).collect();
        self.changes += 1;
    }

    fn event(&self, to: UserId) -> &Event {
        &self.told.iter().find(|(user_id, _)| *user_id == to).unwrap().1
    }
}

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
    compare(name, &EventBody::new(world.event(to), &format!("c{}", world.changes)));
}

fn members(numbers: std::ops::Range<u128>) -> Command {
    Command::AddMembers(numbers.map(|number| NewMember::plain(user(number))).collect())
}

#[test]
fn the_messages_around_the_events() {
    let world = World::with_group(ADA, &[BOB]);
    let groups = || vec![GroupBody::new(world.roster.group().unwrap(), Some(Role::Member))];
    let connection_id = Uuid::from_u128(0xc0);
    let welcome = |resumed| ServerMessage::Welcome { user_id: BOB, connection_id, resumed, heartbeat_seconds: 25 };
    compare("welcome", &welcome(false));
    compare("welcome_resumed", &welcome(true));
    let (invitations, requests, cursor) = (None, None, "c1".into());
    compare("snapshot", &ServerMessage::Snapshot { groups: groups(), invitations, requests, more: true, cursor });
    let (invitations, requests, cursor) = (Some(Vec::new()), Some(Vec::new()), "c1".into());
    let empty = ServerMessage::Snapshot { groups: Vec::new(), invitations, requests, more: false, cursor };
    compare("snapshot_empty", &empty);
    compare("ready", &ServerMessage::Ready { cursor: "c1".into() });
    compare("pong", &ServerMessage::Pong);
    let expires_at = "2026-11-22T23:14:15.123Z";
    compare("authenticated", &ServerMessage::Authenticated { expires_at: expires_at.into() });
    compare("token_expiring", &ServerMessage::TokenExpiring { expires_at: expires_at.into() });
    let typing = |typing| ServerMessage::Typing { group_id: group(1), user_id: ADA, typing, expires_in_seconds: 6 };
    compare("typing", &typing(true));
    compare("typing_stopped", &typing(false));
    let error = |code| ServerMessage::Error { code, detail: "why".into() };
    compare("error_malformed_message", &error(ErrorCode::MalformedMessage));
    compare("error_unknown_type", &error(ErrorCode::UnknownType));
    compare("error_group_not_found", &error(ErrorCode::GroupNotFound));
    compare("error_rate_limited", &error(ErrorCode::RateLimited));
    compare_text("close_1012_reason", &retry_reason((1_000, 15_000)));
}

#[test]
fn the_events() {
    let mut world = World::with_group(ADA, &[]);
    compare_event("group_created", &world, ADA);

    world.execute(ADA, Command::AddMember(NewMember { user_id: BOB, role: Role::Admin }));
    compare_event("added_to_group", &world, BOB);
    compare_event("group_updated_member_added", &world, ADA);

    world.execute(BOB, members(1..3));
    compare_event("group_updated_members_added", &world, ADA);

    let name = Some(GroupName::parse("Launch").unwrap());
    world.execute(ADA, Command::UpdateSettings { name, description: None, join_policy: None });
    compare_event("group_updated_settings_changed", &world, BOB);

    world.execute(ADA, Command::ChangeRole { user_id: user(1), role: Role::Admin });
    compare_event("role_changed", &world, user(1));
    compare_event("group_updated_role_changed", &world, BOB);

    world.execute(ADA, Command::ChangeRole { user_id: BOB, role: Role::Owner });
    compare_event("role_changed_to_owner", &world, BOB);
    compare_event("role_changed_from_owner", &world, ADA);
    compare_event("group_updated_owner_changed", &world, user(2));

    world.execute(BOB, Command::RemoveMember { user_id: user(2) });
    compare_event("removed_from_group", &world, user(2));
    compare_event("group_updated_member_removed", &world, ADA);

    world.execute(user(1), Command::Leave { successor: None });
    compare_event("removed_from_group_left", &world, user(1));
    compare_event("group_updated_member_left", &world, ADA);

    world.execute(BOB, Command::AddMember(NewMember::plain(EVE)));
    world.execute(BOB, Command::Leave { successor: Some(ADA) });
    compare_event("role_changed_by_succession", &world, ADA);
    compare_event("group_updated_member_left_with_successor", &world, EVE);

    world.execute(ADA, Command::DeleteGroup);
    compare_event("group_deleted", &world, EVE);
}

#[test]
fn an_event_can_name_the_user_who_made_the_change() {
    let mut world = World::with_group(ADA, &[]);
    world.execute(ADA, Command::AddMember(NewMember::plain(BOB)));
    compare("added_to_group_with_actor_name", &EventBody::new(world.event(BOB), "c2").with_actor_name(Some("Ada")));
}

#[test]
fn the_events_of_operator_changes() {
    let mut world = World::with_group(ADA, &[BOB]);
    world.execute(Actor::Operator(EVE), Command::ChangeRole { user_id: BOB, role: Role::Owner });
    compare_event("role_changed_by_operator", &world, ADA);
    world.execute(Actor::Operator(EVE), Command::RemoveMember { user_id: ADA });
    compare_event("removed_from_group_by_operator", &world, ADA);
    compare_event("group_updated_by_operator", &world, BOB);
}

fn note(text: &str) -> Note {
    Note::parse(text).unwrap()
}

#[test]
fn the_events_of_invitations() {
    let mut world = World::with_group(ADA, &[BOB]);
    let invite = |user_id, expires_in_seconds| Command::Invite { user_id, role: Role::Admin, expires_in_seconds };
    world.execute(ADA, invite(EVE, Some(3_600)));
    compare_event("invited_to_group", &world, EVE);
    compare_event("group_updated_invited", &world, ADA);
    compare_event("group_updated_access_changed", &world, BOB);
    world.execute(EVE, Command::AcceptInvitation);
    compare_event("added_to_group_via_invitation", &world, EVE);
    compare_event("group_updated_member_added_via_invitation", &world, BOB);

    world.execute(ADA, invite(user(1), None));
    compare_event("invited_to_group_without_end", &world, user(1));
    world.execute(user(1), Command::DeclineInvitation);
    compare_event("invitation_ended", &world, user(1));
    compare_event("group_updated_invitation_ended", &world, ADA);
}

#[test]
fn the_events_of_requests_to_join() {
    let mut world = World::with_group(ADA, &[BOB]);
    let join_policy = Some(JoinPolicy::Request);
    world.execute(ADA, Command::UpdateSettings { name: None, description: None, join_policy });
    world.execute(EVE, Command::Join { message: note("It is me") });
    compare_event("join_requested", &world, EVE);
    compare_event("group_updated_join_requested", &world, ADA);
    compare_event("group_updated_access_changed_by_an_outsider", &world, BOB);
    world.execute(ADA, Command::DeclineJoinRequest { user_id: EVE });
    compare_event("join_request_ended", &world, EVE);
    compare_event("group_updated_join_request_ended", &world, ADA);
    world.execute(EVE, Command::Join { message: Note::default() });
    world.execute(ADA, Command::ApproveJoinRequest { user_id: EVE, role: None });
    compare_event("added_to_group_via_request", &world, EVE);
}

#[test]
fn the_events_of_bans_and_links() {
    let mut world = World::with_group(ADA, &[BOB, EVE]);
    world.execute(ADA, Command::Ban { user_id: EVE, reason: note("Spam") });
    compare_event("removed_from_group_banned", &world, EVE);
    compare_event("group_updated_banned", &world, ADA);
    world.execute(ADA, Command::Unban { user_id: EVE });
    compare_event("group_updated_unbanned", &world, ADA);
    let (role, uses_max) = (Role::Member, NonZeroU32::new(10));
    for number in 1..4 {
        let link_id = LinkId::new(Uuid::from_u128(number));
        let command = Command::CreateLink { link_id, role, expires_in_seconds: None, uses_max, approval: false };
        world.execute(ADA, command);
    }
    compare_event("group_updated_link_created", &world, ADA);
    world.execute(ADA, Command::RevokeLink { link_id: LinkId::new(Uuid::from_u128(1)) });
    compare_event("group_updated_link_revoked", &world, ADA);
    world.execute(ADA, Command::RevokeLinks);
    compare_event("group_updated_links_revoked", &world, ADA);
}

#[test]
fn plain_members_are_not_told_whom_a_step_of_an_outsider_is_about() {
    let mut world = World::with_group(ADA, &[BOB]);
    world.execute(ADA, Command::Invite { user_id: EVE, role: Role::Member, expires_in_seconds: None });
    world.execute(EVE, Command::DeclineInvitation);
    let text = serde_json::to_string(&EventBody::new(world.event(BOB), "c")).unwrap();
    assert!(!text.contains(&EVE.to_string()), "{text}");
}

#[test]
fn up_to_a_hundred_added_members_are_named_and_more_are_only_counted() {
    let mut world = World::with_group(ADA, &[]);
    let body = |world: &World| serde_json::to_value(EventBody::new(world.event(ADA), "c")).unwrap();
    world.execute(ADA, members(100..200));
    assert_eq!(body(&world)["count"], 100);
    assert_eq!(body(&world)["user_ids"].as_array().unwrap().len(), 100);
    world.execute(ADA, members(1_000..1_101));
    assert_eq!(body(&world)["count"], 101);
    assert_eq!(body(&world).get("user_ids"), None);
}

#[test]
fn the_messages_to_receivers_of_webhooks() {
    let mut roster = Roster::new(group(1), Limits::default());
    let create = Command::CreateGroup {
        name: GroupName::parse("Group 1").unwrap(),
        description: Description::default(),
        owner_id: None,
        members: Vec::new(),
    };
    let mut execute = |number: i64, command| {
        let at = Timestamp::from_unix_millis(1_700_000_000_000 + number);
        let request = Request { group_id: group(1), actor: ADA.into(), at, expected_version: None, command };
        let Decision::Change(change) = roster.decide(&request).unwrap() else { panic!("a change") };
        roster.apply(&change);
        change
    };
    let created = execute(0, create);
    let added = execute(1, Command::AddMember(NewMember::plain(BOB)));
    compare("webhook_group_created", &WebhookMessage::group(&created, "c1"));
    let added = WebhookMessage::group(&added, "c2");
    compare("webhook_member_added", &added);
    assert_eq!(serde_json::from_value::<WebhookMessage<'_>>(serde_json::to_value(&added).unwrap()).unwrap(), added);
    let at = Timestamp::from_unix_millis(1_700_000_000_000).to_string();
    compare("webhook_catch_up", &WebhookMessage::catch_up(BOB, at.clone()));
    compare("webhook_test", &WebhookMessage::test(Uuid::from_u128(7), at));
    assert!(WEBHOOK_TYPES.contains(&added.message_type()));
}
