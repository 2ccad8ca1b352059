//! Checks one decision: the given group, the command, and the expected outcome.

use groups_domain::{
    Action, Actor, Audience, Change, Decision, EventKind, Preview, Rejection, UserId, Uuid, event_for,
};

use crate::cast::{By, Given, with_names};

/// The expected outcome of a request.
#[derive(Clone, Debug)]
pub(crate) enum Expect {
    Refused(Rejection),
    Unchanged,
    /// The change, its effects, its subjects and its events, in the format of [`describe`].
    Changed(&'static str),
}

impl From<Rejection> for Expect {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}

impl From<&'static str> for Expect {
    fn from(text: &'static str) -> Self {
        Self::Changed(text)
    }
}

pub(crate) fn check(given: Given, by: By, expect: impl Into<Expect>) {
    let decision = given.decide(by.clone());
    match (expect.into(), decision) {
        (Expect::Changed(expected), Ok(Decision::Change(change))) => {
            assert_eq!(describe(&given, &change), lines(expected), "of {by:?}");
        }
        (Expect::Unchanged, Ok(Decision::Unchanged)) => {}
        (Expect::Refused(expected), Err(rejection)) => assert_eq!(rejection, expected, "of {by:?}"),
        (expected, other) => panic!("{expected:?} was expected of {by:?}, not {other:?}"),
    }
}

/// A change in full: the group after it, its kind, its effects and subjects in order, and the event for each affected user.
/// `group: …` stands for the group after the change.
fn describe(given: &Given, change: &Change) -> Vec<String> {
    let group = &change.group;
    assert_eq!(group.updated_at, given.now, "a change is made when it was asked for");
    let mut text = vec![
        format!(
            "{} by {}{:?}",
            group.version,
            if change.actor.is_operator() { "operator " } else { "" },
            change.actor_id()
        ),
        format!(
            "{} {:?} of {:?}, {} members",
            group.name,
            group.description.as_str(),
            group.owner_id,
            group.member_count
        ),
        format!("{:?}", change.kind),
    ];
    text.extend(change.effects().iter().map(|effect| format!("effect {effect:?}")));
    text.extend(change.subjects().iter().map(|(user_id, view)| format!("subject {user_id:?} {view:?}")));
    for told in given.roster.told(change) {
        let event = &told.event;
        let audience = given.roster.audience_of(told.user_id).unwrap_or(Audience::Members);
        assert_eq!(
            Some(event),
            event_for(change, told.user_id, audience).as_ref(),
            "the roster and the change tell the same"
        );
        assert_eq!((event.group_id, event.version), (change.group_id(), change.version()));
        assert_eq!((event.at, event.actor), (change.at(), actor_in(change, &event.kind)));
        assert!(is_of(change, &event.kind), "an event carries the group after its change");
        text.push(format!("{:?} ← {:?}", told.user_id, event.kind));
    }
    let (group, preview) = (format!("{group:?}"), format!("{:?}", Preview::from(group)));
    text.into_iter().map(|line| with_names(line.replace(&group, "…").replace(&preview, "preview"))).collect()
}

/// An event that says only that something changed names nobody.
fn actor_in(change: &Change, kind: &EventKind) -> Actor {
    match kind {
        EventKind::GroupUpdated { action: Action::AccessChanged, .. } => Actor::Member(UserId::new(Uuid::nil())),
        _ => change.actor,
    }
}

fn is_of(change: &Change, kind: &EventKind) -> bool {
    match kind {
        EventKind::GroupCreated { group }
        | EventKind::AddedToGroup { group, .. }
        | EventKind::GroupUpdated { group, .. }
        | EventKind::RoleChanged { group, .. } => *group == change.group,
        EventKind::RemovedFromGroup { group_name, .. }
        | EventKind::GroupDeleted { group_name }
        | EventKind::InvitationEnded { group_name, .. }
        | EventKind::JoinRequestEnded { group_name, .. } => *group_name == change.group.name,
        EventKind::InvitedToGroup { group, .. } | EventKind::JoinRequested { group, .. } => {
            *group == Preview::from(&change.group)
        }
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
