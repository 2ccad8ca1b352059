//! The list that a watch keeps, and its saved form.

use std::collections::BTreeMap;

use groups_domain::{
    Action, Description, Event, EventKind, Folded, GroupId, GroupName, LeaveReason, ParseTimestampError, Role, Sidebar,
    SidebarRow, UserId, Version,
};
use serde::{Deserialize, Serialize};

use super::event::{Effect, GroupEvent};
use crate::body::Group;

/// Maximum number of left groups that are remembered. The oldest ids are forgotten first; a snapshot follows if one is needed.
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

/// A group in a list lacks something.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListError {
    #[error("group {0} in the list has no role")]
    Role(GroupId),
    #[error("a group in the list: {0}")]
    Time(#[from] ParseTimestampError),
}

/// One user's list.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) sidebar: Sidebar,
    pub(super) user_id: Option<UserId>,
    pub(super) cursor: Option<String>,
    /// The versions in which groups were left. The sidebar has them too, but does not return them.
    left: BTreeMap<GroupId, Version>,
}

impl List {
    pub(super) fn restore(checkpoint: Checkpoint) -> Result<Self, ListError> {
        let Checkpoint { user_id, cursor, groups, left } = checkpoint;
        let mut list = Self { user_id: Some(user_id), ..Self::default() };
        list.replace(&groups, cursor)?;
        list.left = left.into_iter().collect();
        Ok(list)
    }

    pub(super) fn checkpoint(&self) -> Option<Checkpoint> {
        let (user_id, cursor) = (self.user_id?, self.cursor.clone()?);
        let groups = self.sidebar.rows().map(body).collect();
        let left = self.left.iter().map(|(group_id, version)| (*group_id, *version)).collect();
        Some(Checkpoint { user_id, cursor, groups, left })
    }

    /// Replaces the list with a complete one.
    pub(super) fn replace(&mut self, groups: &[Group], cursor: String) -> Result<(), ListError> {
        let row = |group: &Group| {
            let role = group.role.ok_or(ListError::Role(group.group_id))?;
            Ok(SidebarRow { group: domain(group)?, role })
        };
        let rows: Vec<_> = groups.iter().map(row).collect::<Result<_, ListError>>()?;
        self.sidebar = Sidebar::new(rows);
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
            Folded::Applied if matches!(event.effect, Effect::Left { .. }) => {
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
            Effect::Entered { group, role } => EventKind::AddedToGroup { group: domain(group)?, role: *role },
            Effect::Updated { group } => {
                EventKind::GroupUpdated { group: domain(group)?, action: Action::SettingsChanged }
            }
            Effect::RoleChanged { group, role } => {
                let known = self.sidebar.get(event.group_id).map(|row| row.role);
                let previous_role = known.unwrap_or(Role::Member);
                EventKind::RoleChanged { group: domain(group)?, role: *role, previous_role }
            }
            Effect::Left { group_name } => {
                let group_name = GroupName::from_stored(group_name.clone());
                EventKind::RemovedFromGroup { group_name, reason: LeaveReason::Left }
            }
        };
        let actor = groups_domain::Actor::Member(event.actor_id);
        Ok(Event { group_id: event.group_id, version: event.version, at: event.at.parse()?, actor, kind })
    }
}

fn domain(group: &Group) -> Result<groups_domain::Group, ParseTimestampError> {
    Ok(groups_domain::Group {
        group_id: group.group_id,
        name: GroupName::from_stored(group.name.clone().into_owned()),
        description: Description::from_stored(group.description.clone().into_owned()),
        owner_id: group.admin_id,
        member_count: group.member_count,
        version: group.version,
        created_at: group.created_at.parse()?,
        updated_at: group.updated_at.parse()?,
    })
}

fn body(row: &SidebarRow) -> Group {
    let group = &row.group;
    Group {
        group_id: group.group_id,
        name: group.name.as_str().to_owned().into(),
        description: group.description.as_str().to_owned().into(),
        admin_id: group.owner_id,
        member_count: group.member_count,
        version: group.version,
        created_at: group.created_at.to_string(),
        updated_at: group.updated_at.to_string(),
        role: Some(row.role),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use groups_domain::Uuid;

    use super::*;

    const GROUP: GroupId = GroupId::new(Uuid::from_u128(1));
    const ADA: UserId = UserId::new(Uuid::from_u128(2));
    const AT: &str = "2026-11-23T05:59:10.065Z";

    fn group(version: u64) -> Group {
        Group {
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
        list.replace(&[whole], "s".to_owned()).unwrap();
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
    fn a_list_without_roles_is_an_error() {
        assert!(matches!(List::default().replace(&[group(1)], "c".to_owned()), Err(ListError::Role(GROUP))));
    }
}
