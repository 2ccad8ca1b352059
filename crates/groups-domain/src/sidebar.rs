//! One user's list of groups, kept right by folding events: what every client does, and what the tests hold it against.

use alloc::collections::BTreeMap;

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
///
/// It remembers a version for each group that was left since the list was read, and nothing of any event.
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

    /// Takes in one event, by the rule `version == known + 1`: an older one is dropped, one too new shows a gap. A group comes
    /// in only with the event of its creation or of being added to it, at whatever version that was.
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
            // Added to what one is in: the removal in between is missing.
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
