//! Generates the tables of `docs/rules.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use groups_domain::Role::{Admin, Member, Owner};
use groups_domain::{Action, Change, Decision, Effect, EventKind, LeaveReason, Rejection, Rule, Standing, UserId};

use crate::cast::{
    ADA, BOB, By, CLEO, DAN, FAY, GUS, Given, PEOPLE, add, add_all, by, by_operator, create, create_for, delete, give,
    leave, leave_to, nothing, remove, rename, team, with_names,
};
use crate::{golden, permissions, refusals, ways_in};

#[test]
fn the_generated_tables_in_the_document_are_up_to_date() {
    golden::compare_sections(
        "rules.md",
        &[
            ("rules", rules()),
            ("refusals", refusals()),
            ("permissions", permissions::table().0),
            ("changes", changes()),
        ],
    );
}

fn rules() -> String {
    let mut text = String::from("\n| rule | meaning | rejection code |\n|---|---|---|\n");
    for rule in Rule::ALL {
        let codes: BTreeSet<&str> = rejections().filter(|r| r.rule() == *rule).map(|r| r.code()).collect();
        let codes: Vec<String> = codes.into_iter().map(|code| format!("`{code}`")).collect();
        writeln!(text, "| {} | {} | {} |", rule.id(), rule.sentence(), codes.join(", ")).unwrap();
    }
    text + "\n"
}

fn refusals() -> String {
    let mut refusals: BTreeMap<&str, (String, Vec<&str>)> = BTreeMap::new();
    for rejection in rejections() {
        // Replaces ids of users with their names.
        let sentence =
            PEOPLE.iter().fold(rejection.to_string(), |text, (name, id)| text.replace(&id.to_string(), name));
        let (_, rules) = refusals.entry(rejection.code()).or_insert((sentence, Vec::new()));
        if !rules.contains(&rejection.rule().id()) {
            rules.push(rejection.rule().id());
        }
    }
    let mut text = String::from("\n| code | example message | rules |\n|---|---|---|\n");
    for (code, (sentence, rules)) in refusals {
        writeln!(text, "| `{code}` | {sentence} | {} |", rules.join(", ")).unwrap();
    }
    text + "\n"
}

fn rejections() -> impl Iterator<Item = Rejection> {
    let of_ways_in = ways_in::cases().into_iter().map(|case| case.rejection);
    refusals::cases().into_iter().map(|case| case.rejection).chain(permissions::history_refusals()).chain(of_ways_in)
}

fn changes() -> String {
    let rows: [(&str, Given, By); 16] = [
        ("Ada creates the group", nothing(), by(ADA, create([]))),
        ("Ada creates the group with Bob and Dan", nothing(), by(ADA, create([(BOB, Admin), (DAN, Member)]))),
        ("Bob changes the settings", team(), by(BOB, rename("Launch"))),
        ("Bob adds Fay", team(), by(BOB, add(FAY, Member))),
        ("Ada adds Fay and Gus", team(), by(ADA, add_all([(FAY, Admin), (GUS, Member)]))),
        ("Bob removes Dan", team(), by(BOB, remove(DAN))),
        ("Dan leaves", team(), by(DAN, leave())),
        ("Ada leaves, Bob succeeds", team(), by(ADA, leave_to(BOB))),
        ("Ada makes Dan an admin", team(), by(ADA, give(DAN, Admin))),
        ("Ada makes Cleo a member", team(), by(ADA, give(CLEO, Member))),
        ("Ada transfers the ownership to Bob", team(), by(ADA, give(BOB, Owner))),
        ("Ada deletes the group", team(), by(ADA, delete())),
        ("An operator creates the group for Ada", nothing(), by_operator(create_for(ADA, []))),
        ("An operator removes Dan", team(), by_operator(remove(DAN))),
        ("An operator transfers the ownership to Bob", team(), by_operator(give(BOB, Owner))),
        ("Bob sets the name that the group already has", team(), by(BOB, rename("Project Team"))),
    ];
    let head = "| change | memberships | users it names | the actor | every other member |\n|---|---|---|---|---|\n";
    let mut text = format!("\n{head}");
    for (what, given, by) in rows {
        let cells = match given.decide(by) {
            Ok(Decision::Change(change)) => told(&given, &change),
            Ok(Decision::Unchanged) => ["no version", "–", "–", "–"].map(str::to_owned),
            Err(rejection) => panic!("{what}: {rejection}"),
        };
        writeln!(text, "| {what} | {} |", cells.join(" | ")).unwrap();
    }
    text + "\n"
}

/// The changed memberships, and the events of the users named by the change, of the actor, and of all other members.
fn told(given: &Given, change: &Change) -> [String; 4] {
    let mut columns: [Vec<String>; 3] = Default::default();
    for told in given.roster.told(change) {
        let names = |(subject, _): &(UserId, _)| *subject == told.user_id;
        let (column, text) = match told.user_id == change.actor_id() {
            true => (1, event(&told.event.kind)),
            false if change.subjects().iter().any(names) => {
                (0, format!("{:?}: {}", told.user_id, event(&told.event.kind)))
            }
            false => (2, event(&told.event.kind)),
        };
        if !columns[column].contains(&text) {
            columns[column].push(with_names(text));
        }
    }
    let effects: Vec<String> = change.effects().iter().map(effect).collect();
    let [subjects, actor, others] = columns.map(|column| or_dash(&column));
    [or_dash(&effects), subjects, actor, others]
}

pub(crate) fn or_dash(texts: &[String]) -> String {
    if texts.is_empty() { "–".to_owned() } else { texts.join("<br>") }
}

pub(crate) fn effect(effect: &Effect) -> String {
    with_names(match effect {
        Effect::Joined { user_id, role } => format!("{user_id:?} joins as `{role}`"),
        Effect::RoleSet { user_id, role } => format!("{user_id:?} is `{role}`"),
        Effect::Left { user_id } => format!("{user_id:?} leaves"),
        Effect::AllLeft => "all leave".to_owned(),
        Effect::StandingSet { user_id, standing } => match standing {
            Standing::Invited(invitation) => format!("{user_id:?} is invited as `{}`", invitation.role),
            Standing::Requested(_) => format!("{user_id:?} has asked"),
            Standing::Banned(_) => format!("{user_id:?} is banned"),
        },
        Effect::StandingEnded { user_id } => format!("{user_id:?} is nothing to the group"),
        Effect::LinkAdded { .. } => "one more link".to_owned(),
        Effect::LinkUsed { .. } => "one more use of the link".to_owned(),
        Effect::LinkRemoved { .. } => "one link fewer".to_owned(),
    })
}

/// An event by its names on the wire.
pub(crate) fn event(kind: &EventKind) -> String {
    match kind {
        EventKind::GroupCreated { .. } => "`group_created`".to_owned(),
        EventKind::AddedToGroup { role, via: None, .. } => format!("`added_to_group` as `{role}`"),
        EventKind::AddedToGroup { role, via: Some(via), .. } => format!("`added_to_group` as `{role}` via `{via}`"),
        EventKind::RoleChanged { role, .. } => format!("`role_changed` to `{role}`"),
        EventKind::RemovedFromGroup { reason: LeaveReason::Removed, .. } => {
            "`removed_from_group`, `removed`".to_owned()
        }
        EventKind::RemovedFromGroup { reason: LeaveReason::Left, .. } => "`removed_from_group`, `left`".to_owned(),
        EventKind::RemovedFromGroup { reason: LeaveReason::Banned, .. } => "`removed_from_group`, `banned`".to_owned(),
        EventKind::InvitedToGroup { role, .. } => format!("`invited_to_group` as `{role}`"),
        EventKind::InvitationEnded { reason, .. } => format!("`invitation_ended`, `{}`", lower(reason)),
        EventKind::JoinRequested { .. } => "`join_requested`".to_owned(),
        EventKind::JoinRequestEnded { reason, .. } => format!("`join_request_ended`, `{}`", lower(reason)),
        EventKind::GroupDeleted { .. } => "`group_deleted`".to_owned(),
        EventKind::GroupUpdated { action, .. } => format!("`group_updated`, `{}`", self::action(action)),
    }
}

/// The name of a reason on the wire, which is one word.
fn lower(reason: &impl std::fmt::Debug) -> String {
    format!("{reason:?}").to_lowercase()
}

fn action(action: &Action) -> &'static str {
    match action {
        Action::MemberAdded { .. } => "member_added",
        Action::MembersAdded { .. } => "members_added",
        Action::MemberRemoved { .. } => "member_removed",
        Action::MemberLeft { .. } => "member_left",
        Action::RoleChanged { .. } => "role_changed",
        Action::OwnerChanged { .. } => "owner_changed",
        Action::SettingsChanged => "settings_changed",
        Action::AccessChanged => "access_changed",
        Action::Invited { .. } => "invited",
        Action::InvitationEnded { .. } => "invitation_ended",
        Action::JoinRequested { .. } => "join_requested",
        Action::JoinRequestEnded { .. } => "join_request_ended",
        Action::Banned { .. } => "banned",
        Action::Unbanned { .. } => "unbanned",
        Action::LinkCreated { .. } => "link_created",
        Action::LinksRevoked { .. } => "link_revoked",
    }
}
