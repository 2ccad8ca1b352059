//! The list that a watch keeps, and its saved form.

use std::collections::BTreeMap;

use groups_domain::{
    Action, Event, EventKind, Folded, GroupId, GroupName, InvitationEnd, JoinRequestEnd, LeaveReason,
    ParseTimestampError, Role, Sidebar, SidebarRow, UserId, Version,
};
use serde::{Deserialize, Serialize};

use super::convert;
use super::event::{Effect, GroupEvent};
use super::update::Snapshot;
use crate::access::{Invitation, JoinRequest};
use crate::body::Group;

/// Maximum number of groups that are remembered after the user has left them, or after an invitation or a request has ended. The oldest ids are forgotten first; a snapshot follows if one is needed.
const LEFT_MAX: usize = 1_000;

/// A list of groups with its position. Saved and passed to [`WatchBuilder::resume`](crate::WatchBuilder::resume), it lets a watch
/// continue in another process.
///
/// A cursor alone is not enough: events say what has changed, so they need the list that they change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    user_id: UserId,
    cursor: String,
    groups: Vec<Group>,
    /// `None` in a checkpoint of a version that ignored invitations.
    #[serde(default)]
    invitations: Option<Vec<Invitation>>,
    #[serde(default)]
    requests: Option<Vec<JoinRequest>>,
    left: Vec<(GroupId, Version)>,
}

impl Checkpoint {
    /// The user whose list this is.
    pub fn user_id(&self) -> UserId {
        self.user_id
    }

    /// The position of the list.
    pub fn cursor(&self) -> &str {
        &self.cursor
    }
}

/// A list lacks something.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListError {
    #[error("group {0} in the list has no role")]
    Role(GroupId),
    #[error("the list has no invitations, because it is that of an older version")]
    Older,
    #[error("a group in the list: {0}")]
    Time(#[from] ParseTimestampError),
}

/// One user's list.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) sidebar: Sidebar,
    pub(super) user_id: Option<UserId>,
    pub(super) cursor: Option<String>,
    /// The versions in which groups were left, and invitations and requests ended. The sidebar has them too, but does not return them.
    left: BTreeMap<GroupId, Version>,
}

impl List {
    pub(super) fn restore(checkpoint: Checkpoint) -> Result<Self, ListError> {
        let Checkpoint { user_id, cursor, groups, invitations, requests, left } = checkpoint;
        let (Some(invitations), Some(requests)) = (invitations, requests) else { return Err(ListError::Older) };
        let mut list = Self { user_id: Some(user_id), ..Self::default() };
        list.replace(&Snapshot { groups, invitations, requests }, cursor)?;
        list.left = left.into_iter().collect();
        Ok(list)
    }

    pub(super) fn checkpoint(&self) -> Option<Checkpoint> {
        let (user_id, cursor) = (self.user_id?, self.cursor.clone()?);
        let groups = self.sidebar.rows().map(convert::group_body).collect();
        let (invitations, requests) = convert::pending_bodies(self.sidebar.pending());
        let (invitations, requests) = (Some(invitations), Some(requests));
        let left = self.left.iter().map(|(group_id, version)| (*group_id, *version)).collect();
        Some(Checkpoint { user_id, cursor, groups, invitations, requests, left })
    }

    /// Replaces the list with a complete one.
    pub(super) fn replace(&mut self, snapshot: &Snapshot, cursor: String) -> Result<(), ListError> {
        let row = |group: &Group| {
            let role = group.role.ok_or(ListError::Role(group.group_id))?;
            Ok(SidebarRow { group: convert::group(group)?, role })
        };
        let rows: Vec<_> = snapshot.groups.iter().map(row).collect::<Result<_, ListError>>()?;
        let invitations = snapshot.invitations.iter().map(convert::invitation);
        let pending = invitations.chain(snapshot.requests.iter().map(convert::request));
        let pending: Vec<_> = pending.collect::<Result<_, _>>()?;
        self.sidebar = Sidebar::with_pending(rows, pending);
        self.left.clear();
        self.cursor = Some(cursor);
        Ok(())
    }

    /// Folds an event. After a gap there is no position to resume from.
    pub(super) fn fold(&mut self, event: &GroupEvent) -> Result<Folded, ListError> {
        let group_id = event.group_id;
        let folded = if self.left.get(&group_id).is_some_and(|left| event.version <= *left) {
            Folded::Stale
        } else {
            self.sidebar.fold(&self.to_domain(event)?)
        };
        match folded {
            Folded::Applied if event.effect.is_end() => {
                self.left.insert(group_id, event.version);
                if self.left.len() > LEFT_MAX {
                    self.left.pop_first();
                }
            }
            Folded::Applied => drop(self.left.remove(&group_id)),
            Folded::Stale | Folded::Gap => {}
        }
        self.cursor = (folded != Folded::Gap).then(|| event.cursor.clone());
        Ok(folded)
    }

    /// The event as the rules know it. What does not change the list is left out.
    fn to_domain(&self, event: &GroupEvent) -> Result<Event, ListError> {
        let kind = match &event.effect {
            // The owner of a new group enters it with `owner`, however the group came to be.
            Effect::Entered { group, role } => {
                EventKind::AddedToGroup { group: convert::group(group)?, role: *role, via: None }
            }
            Effect::Updated { group } => {
                EventKind::GroupUpdated { group: convert::group(group)?, action: Action::SettingsChanged }
            }
            Effect::RoleChanged { group, role } => {
                let known = self.sidebar.get(event.group_id).map(|row| row.role);
                let previous_role = known.unwrap_or(Role::Member);
                EventKind::RoleChanged { group: convert::group(group)?, role: *role, previous_role }
            }
            Effect::Left { group_name } => {
                let group_name = GroupName::from_stored(group_name.clone());
                EventKind::RemovedFromGroup { group_name, reason: LeaveReason::Left }
            }
            Effect::Invited { invitation } => EventKind::InvitedToGroup {
                group: convert::preview(&invitation.group),
                role: invitation.role,
                expires_at: invitation.expires_at.as_deref().map(str::parse).transpose()?,
            },
            Effect::JoinRequested { request } => EventKind::JoinRequested {
                group: convert::preview(&request.group),
                message: convert::note(request.message.as_deref()),
            },
            Effect::InvitationEnded { group_name } => {
                let group_name = GroupName::from_stored(group_name.clone());
                EventKind::InvitationEnded { group_name, reason: InvitationEnd::Withdrawn }
            }
            Effect::JoinRequestEnded { group_name } => {
                let group_name = GroupName::from_stored(group_name.clone());
                EventKind::JoinRequestEnded { group_name, reason: JoinRequestEnd::Withdrawn }
            }
        };
        let actor = groups_domain::Actor::Member(event.actor_id);
        Ok(Event { group_id: event.group_id, version: event.version, at: event.at.parse()?, actor, kind })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::slice;

    use groups_domain::{PendingKind, Uuid};

    use super::*;
    use crate::access::Preview;

    const GROUP: GroupId = GroupId::new(Uuid::from_u128(1));
    const ADA: UserId = UserId::new(Uuid::from_u128(2));
    const AT: &str = "2026-11-23T05:59:10.065Z";

    fn group(version: u64) -> Group {
        Group {
            join_policy: groups_domain::JoinPolicy::Closed,
            group_id: GROUP,
            name: format!("Team {version}").into(),
            description: "".into(),
            admin_id: ADA,
            member_count: 2,
            version: version.into(),
            created_at: AT.to_owned(),
            updated_at: AT.to_owned(),
            role: None,
        }
    }

    fn event(version: u64, effect: Effect) -> GroupEvent {
        let (at, cursor) = (AT.to_owned(), format!("c{version}"));
        let version = version.into();
        GroupEvent {
            group_id: GROUP,
            version,
            at,
            actor_id: ADA,
            actor_name: None,
            operator: false,
            effect,
            body: None,
            json: String::new(),
            cursor,
        }
    }

    fn entered(version: u64) -> GroupEvent {
        event(version, Effect::Entered { group: Box::new(group(version)), role: Role::Member })
    }

    fn updated(version: u64) -> GroupEvent {
        event(version, Effect::Updated { group: Box::new(group(version)) })
    }

    fn left(version: u64) -> GroupEvent {
        event(version, Effect::Left { group_name: String::new() })
    }

    fn snapshot(group: Group) -> Snapshot {
        Snapshot { groups: vec![group], ..Snapshot::default() }
    }

    fn preview() -> Preview {
        let Group { group_id, name, description, member_count, join_policy, .. } = group(1);
        Preview { group_id, name, description, member_count, join_policy }
    }

    fn invited(version: u64) -> GroupEvent {
        let expires_at = Some("2026-11-24T00:00:00.000Z".to_owned());
        let (group, at, version) = (preview(), AT.to_owned(), version.into());
        let invitation = Invitation { group, role: Role::Admin, invited_by: ADA, at, expires_at, version };
        event(version.get(), Effect::Invited { invitation: Box::new(invitation) })
    }

    fn asked(version: u64) -> GroupEvent {
        let (group, at, version) = (preview(), AT.to_owned(), version.into());
        let request = JoinRequest { group, message: Some("Hello".into()), at, version };
        event(version.get(), Effect::JoinRequested { request: Box::new(request) })
    }

    fn declined(version: u64) -> GroupEvent {
        event(version, Effect::JoinRequestEnded { group_name: "Team".to_owned() })
    }

    fn fold(list: &mut List, events: &[GroupEvent]) -> Vec<Folded> {
        events.iter().map(|event| list.fold(event).unwrap()).collect()
    }

    #[test]
    fn a_list_from_a_checkpoint_continues_like_the_original() {
        let mut list = List { user_id: Some(ADA), ..List::default() };
        assert_eq!(fold(&mut list, &[entered(3), updated(4), left(5)]), [Folded::Applied; 3]);
        let json = serde_json::to_string(&list.checkpoint().unwrap()).unwrap();
        let mut list = List::restore(serde_json::from_str(&json).unwrap()).unwrap();
        assert_eq!(fold(&mut list, &[entered(3), updated(4), left(5)]), [Folded::Stale; 3], "a resume may repeat them");
        assert_eq!(fold(&mut list, &[entered(7), updated(8)]), [Folded::Applied; 2]);
        let again = List::restore(list.checkpoint().unwrap()).unwrap();
        assert_eq!((again.sidebar, again.cursor.as_deref()), (list.sidebar, Some("c8")));
    }

    #[test]
    fn after_a_gap_there_is_no_position() {
        let mut list = List { user_id: Some(ADA), ..List::default() };
        assert_eq!(fold(&mut list, &[entered(3), updated(5)]), [Folded::Applied, Folded::Gap]);
        assert_eq!((list.cursor.clone(), list.checkpoint()), (None, None));
        let whole = Group { role: Some(Role::Member), ..group(5) };
        list.replace(&snapshot(whole), "s".to_owned()).unwrap();
        assert_eq!(fold(&mut list, &[updated(5), updated(6)]), [Folded::Stale, Folded::Applied]);
    }

    #[test]
    fn a_role_changes_only_with_its_own_event() {
        let mut list = List::default();
        let promoted = event(4, Effect::RoleChanged { group: Box::new(group(4)), role: Role::Admin });
        assert_eq!(fold(&mut list, &[entered(3), promoted, updated(5)]), [Folded::Applied; 3]);
        assert_eq!(list.sidebar.get(GROUP).unwrap().role, Role::Admin);
    }

    #[test]
    fn remembered_versions_are_bounded() {
        let mut list = List::default();
        for number in 0..=LEFT_MAX as u128 {
            let id = GroupId::new(Uuid::from_u128(number));
            let mut entered = entered(1);
            entered.group_id = id;
            entered.effect =
                Effect::Entered { group: Box::new(Group { group_id: id, ..group(1) }), role: Role::Member };
            let left = GroupEvent { group_id: id, ..left(2) };
            assert_eq!(fold(&mut list, &[entered, left]), [Folded::Applied; 2]);
        }
        assert_eq!(list.left.len(), LEFT_MAX);
    }

    #[test]
    fn invitations_and_requests_are_kept_in_a_checkpoint() {
        for (pending, kind) in [(invited(3), "invitation"), (asked(3), "request")] {
            let mut list = List { user_id: Some(ADA), ..List::default() };
            assert_eq!(fold(&mut list, slice::from_ref(&pending)), [Folded::Applied]);
            let json = serde_json::to_string(&list.checkpoint().unwrap()).unwrap();
            let mut again = List::restore(serde_json::from_str(&json).unwrap()).unwrap();
            assert_eq!(again.sidebar, list.sidebar, "{kind}");
            assert_eq!(fold(&mut again, &[pending, entered(9)]), [Folded::Stale, Folded::Applied], "{kind}");
            assert_eq!((again.sidebar.pending().count(), again.sidebar.rows().count()), (0, 1));
        }
    }

    #[test]
    fn a_request_that_has_ended_does_not_return_with_an_older_event() {
        let mut list = List { user_id: Some(ADA), ..List::default() };
        assert_eq!(fold(&mut list, &[asked(3), declined(7)]), [Folded::Applied; 2]);
        let mut list = List::restore(list.checkpoint().unwrap()).unwrap();
        assert_eq!(
            fold(&mut list, &[asked(3), declined(7), invited(8)]),
            [Folded::Stale, Folded::Stale, Folded::Applied]
        );
        let invitation = list.sidebar.pending().next().unwrap();
        assert!(matches!(invitation.kind, PendingKind::Invitation { role: Role::Admin, invited_by: ADA, .. }));
    }

    #[test]
    fn the_list_of_a_version_without_invitations_is_read_again() {
        let mut list = List { user_id: Some(ADA), ..List::default() };
        fold(&mut list, &[entered(3)]);
        let mut saved = serde_json::to_value(list.checkpoint().unwrap()).unwrap();
        for name in ["invitations", "requests"] {
            saved.as_object_mut().unwrap().remove(name);
        }
        assert!(matches!(List::restore(serde_json::from_value(saved).unwrap()), Err(ListError::Older)));
    }

    #[test]
    fn a_list_without_roles_is_an_error() {
        assert!(matches!(List::default().replace(&snapshot(group(1)), "c".to_owned()), Err(ListError::Role(GROUP))));
    }
}
