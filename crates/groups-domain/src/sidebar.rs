//! One user's list of groups, kept up to date by folding events. A reference implementation of what clients do.

use alloc::collections::BTreeMap;

use crate::{Event, EventKind, Group, GroupId, Role, Version};

/// A group in a user's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SidebarRow {
    /// The latest known state of the group.
    pub group: Group,
    /// The user's role in the group.
    pub role: Role,
}

/// The result of folding an event. Deliberately exhaustive: a client must react to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folded {
    /// The event was the next one and the list was updated.
    Applied,
    /// The event was already known, for example because a resume repeated it. The list is unchanged.
    Stale,
    /// An earlier event is missing. The list is unchanged and must be read again.
    Gap,
}

/// The list of groups of one user.
///
/// It stores no events. For each group that the user left since the list was read, it stores one version.
///
/// ```
/// use groups_domain::{Command, Folded, GroupId, Limits, NewMember, Role, Roster, Sidebar, Timestamp, UserId, Uuid};
///
/// let (ada, bob) = (UserId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
/// let group_id = GroupId::new(Uuid::from_u128(10));
/// let now = Timestamp::from_unix_millis(1_700_000_000_000);
/// let mut roster = Roster::new(group_id, Limits::default());
/// roster.execute(ada, now, Command::create("Project Team", "")?)?;
/// let told = roster.execute(ada, now, Command::AddMember(NewMember::plain(bob)))?;
///
/// let mut sidebar = Sidebar::default();
/// for told in told.iter().filter(|told| told.user_id == bob) {
///     assert_eq!(sidebar.fold(&told.event), Folded::Applied);
///     assert_eq!(sidebar.fold(&told.event), Folded::Stale, "a resume may repeat it");
/// }
/// let row = sidebar.get(group_id).ok_or("no row")?;
/// assert_eq!((row.role, row.group.member_count), (Role::Member, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sidebar {
    rows: BTreeMap<GroupId, SidebarRow>,
    /// The version in which each group was left, so that an older event does not add it back.
    left: BTreeMap<GroupId, Version>,
}

impl Sidebar {
    /// A list that was read at one position.
    pub fn new(rows: impl IntoIterator<Item = SidebarRow>) -> Self {
        Self { rows: rows.into_iter().map(|row| (row.group.group_id, row)).collect(), left: BTreeMap::new() }
    }

    /// The groups, ordered by id.
    pub fn rows(&self) -> impl Iterator<Item = &SidebarRow> {
        self.rows.values()
    }

    /// The row of a group; `None` if the group is not in the list.
    pub fn get(&self, group_id: GroupId) -> Option<&SidebarRow> {
        self.rows.get(&group_id)
    }

    /// Folds one event into the list. The event applies if `version == known + 1`. An older event is stale, and a newer one
    /// reveals a gap. A group enters the list only by `GroupCreated` or `AddedToGroup`, at any version.
    pub fn fold(&mut self, event: &Event) -> Folded {
        let enters = match &event.kind {
            EventKind::GroupCreated { .. } | EventKind::AddedToGroup { .. } => true,
            EventKind::GroupUpdated { .. }
            | EventKind::RoleChanged { .. }
            | EventKind::RemovedFromGroup { .. }
            | EventKind::GroupDeleted { .. } => false,
        };
        match self.rows.get(&event.group_id) {
            Some(row) if event.version <= row.group.version => return Folded::Stale,
            // The user was added to a group that is already in the list: the event of the removal is missing.
            Some(row) if enters || event.version != row.group.version.next() => return Folded::Gap,
            None if self.left.get(&event.group_id).is_some_and(|left| event.version <= *left) => return Folded::Stale,
            None if !enters => return Folded::Gap,
            Some(_) | None => {}
        }
        match &event.kind {
            EventKind::GroupCreated { group } => self.set(group, Role::Owner),
            EventKind::AddedToGroup { group, role } | EventKind::RoleChanged { group, role, .. } => {
                self.set(group, *role)
            }
            EventKind::GroupUpdated { group, .. } => {
                if let Some(row) = self.rows.get_mut(&event.group_id) {
                    row.group = group.clone();
                }
            }
            EventKind::RemovedFromGroup { .. } | EventKind::GroupDeleted { .. } => {
                self.rows.remove(&event.group_id);
                self.left.insert(event.group_id, event.version);
            }
        }
        Folded::Applied
    }

    fn set(&mut self, group: &Group, role: Role) {
        self.left.remove(&group.group_id);
        self.rows.insert(group.group_id, SidebarRow { group: group.clone(), role });
    }
}
