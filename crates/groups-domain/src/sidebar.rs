//! One user's list of groups, kept right by folding events: what every client does, and what the tests hold it against.

use std::collections::BTreeMap;

use crate::{Event, EventKind, Group, GroupId, Role, Version};

/// A group in somebody's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SidebarRow {
    /// The group as last heard of.
    pub group: Group,
    /// The user's own role in it.
    pub role: Role,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folded {
    /// It was the next one: the list has changed.
    Applied,
    /// It was known already, as a resume may repeat it: nothing has changed.
    Stale,
    /// One is missing before it: nothing has changed, and the list has to be read anew.
    Gap,
}

/// One user's groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sidebar {
    rows: BTreeMap<GroupId, SidebarRow>,
    /// With which version a group was left, so that an older event does not bring it back.
    left: BTreeMap<GroupId, Version>,
}

impl Sidebar {
    /// The list as it was read at one time.
    pub fn new(rows: impl IntoIterator<Item = SidebarRow>) -> Self {
        Self { rows: rows.into_iter().map(|row| (row.group.group_id, row)).collect(), left: BTreeMap::new() }
    }

    /// The groups, by id.
    pub fn rows(&self) -> impl Iterator<Item = &SidebarRow> {
        self.rows.values()
    }

    /// One of them.
    pub fn get(&self, group_id: GroupId) -> Option<&SidebarRow> {
        self.rows.get(&group_id)
    }

    /// Takes in one event: the rule `version == known + 1`.
    pub fn fold(&mut self, event: &Event) -> Folded {
        let entry = match &event.kind {
            EventKind::GroupCreated { .. } => Some(Role::Owner),
            EventKind::AddedToGroup { role, .. } => Some(*role),
            _ => None,
        };
        match (self.rows.get(&event.group_id), entry) {
            (Some(row), _) if event.version <= row.group.version => return Folded::Stale,
            (Some(row), _) if event.version != row.group.version.next() => return Folded::Gap,
            (Some(_), None) => {}
            // Added to what one is in: the removal in between is missing.
            (Some(_), Some(_)) => return Folded::Gap,
            (None, _) if self.left.get(&event.group_id).is_some_and(|left| event.version <= *left) => {
                return Folded::Stale;
            }
            (None, Some(_)) => {}
            (None, None) => return Folded::Gap,
        }
        match &event.kind {
            EventKind::GroupCreated { group } | EventKind::AddedToGroup { group, .. } => {
                let role = entry.unwrap_or(Role::Member);
                self.left.remove(&event.group_id);
                self.rows.insert(event.group_id, SidebarRow { group: group.clone(), role });
            }
            EventKind::GroupUpdated { group, .. } => {
                if let Some(row) = self.rows.get_mut(&event.group_id) {
                    row.group = group.clone();
                }
            }
            EventKind::RoleChanged { group, role, .. } => {
                self.rows.insert(event.group_id, SidebarRow { group: group.clone(), role: *role });
            }
            EventKind::RemovedFromGroup { .. } | EventKind::GroupDeleted { .. } => {
                self.rows.remove(&event.group_id);
                self.left.insert(event.group_id, event.version);
            }
        }
        Folded::Applied
    }
}
