//! One user's list of groups, invitations and requests to join, kept up to date by folding events. A reference implementation of what clients do.

use alloc::collections::BTreeMap;

use crate::{Event, EventKind, Group, GroupId, Note, Preview, Role, Timestamp, UserId, Version};

/// A group in a user's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SidebarRow {
    /// The latest known state of the group.
    pub group: Group,
    /// The user's role in the group.
    pub role: Role,
}

/// Something between a user and a group of which they are not a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What they see of the group, as it was then.
    pub group: Preview,
    /// The version of the group that made it.
    pub version: Version,
    /// When.
    pub at: Timestamp,
    /// What it is.
    pub kind: PendingKind,
}

/// An invitation or a request to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingKind {
    /// The user is invited.
    Invitation {
        /// The role that they get.
        role: Role,
        /// Who has invited them.
        invited_by: UserId,
        /// The time from which the invitation counts as absent. No event comes at that moment: programs compare it with their
        /// clock.
        expires_at: Option<Timestamp>,
    },
    /// The user has asked to join.
    JoinRequest {
        /// What they have written to the admins.
        message: Note,
    },
}

impl Pending {
    /// Whether it is an invitation that counts as absent at this time.
    pub fn is_over(&self, now: Timestamp) -> bool {
        matches!(self.kind, PendingKind::Invitation { expires_at: Some(expires_at), .. } if expires_at <= now)
    }
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
    pending: BTreeMap<GroupId, Pending>,
    /// The version in which each group was left, so that an older event does not add it back.
    left: BTreeMap<GroupId, Version>,
}

impl Sidebar {
    /// A list that was read at one position.
    pub fn new(rows: impl IntoIterator<Item = SidebarRow>) -> Self {
        Self::with_pending(rows, [])
    }

    /// A list with invitations and requests to join that was read at one position.
    pub fn with_pending(
        rows: impl IntoIterator<Item = SidebarRow>,
        pending: impl IntoIterator<Item = Pending>,
    ) -> Self {
        Self {
            rows: rows.into_iter().map(|row| (row.group.group_id, row)).collect(),
            pending: pending.into_iter().map(|pending| (pending.group.group_id, pending)).collect(),
            left: BTreeMap::new(),
        }
    }

    /// The groups, ordered by id.
    pub fn rows(&self) -> impl Iterator<Item = &SidebarRow> {
        self.rows.values()
    }

    /// The row of a group; `None` if the group is not in the list.
    pub fn get(&self, group_id: GroupId) -> Option<&SidebarRow> {
        self.rows.get(&group_id)
    }

    /// The invitations and requests to join, ordered by the id of the group.
    pub fn pending(&self) -> impl Iterator<Item = &Pending> {
        self.pending.values()
    }

    /// Folds one event into the list. In a group of the list, the event applies if `version == known + 1`. An older event is
    /// stale, and a newer one reveals a gap. A group enters the list only by `GroupCreated` or `AddedToGroup`, at any version.
    ///
    /// Events about an invitation or a request to join apply at any later version, because only the versions that concern
    /// the user come.
    pub fn fold(&mut self, event: &Event) -> Folded {
        let step = Step::of(&event.kind);
        let group_id = event.group_id;
        let is_older = |known: Version| event.version <= known;
        match (self.rows.get(&group_id), self.pending.get(&group_id)) {
            (Some(row), _) if is_older(row.group.version) => return Folded::Stale,
            // The user enters a group that is already in the list: the event of the removal is missing.
            (Some(row), _) if step != Step::Within || event.version != row.group.version.next() => return Folded::Gap,
            (None, Some(pending)) if is_older(pending.version) => return Folded::Stale,
            (None, None) if self.left.get(&group_id).copied().is_some_and(is_older) => return Folded::Stale,
            (None, _) if step == Step::Within => return Folded::Gap,
            _ => {}
        }
        match &event.kind {
            EventKind::GroupCreated { group } => self.set(group, Role::Owner),
            EventKind::AddedToGroup { group, role, .. } | EventKind::RoleChanged { group, role, .. } => {
                self.set(group, *role)
            }
            EventKind::GroupUpdated { group, .. } => {
                if let Some(row) = self.rows.get_mut(&group_id) {
                    row.group = group.clone();
                }
            }
            EventKind::InvitedToGroup { group, role, expires_at } => {
                let (role, invited_by, expires_at) = (*role, event.actor_id(), *expires_at);
                self.set_pending(event, group, PendingKind::Invitation { role, invited_by, expires_at });
            }
            EventKind::JoinRequested { group, message } => {
                self.set_pending(event, group, PendingKind::JoinRequest { message: message.clone() });
            }
            EventKind::RemovedFromGroup { .. }
            | EventKind::GroupDeleted { .. }
            | EventKind::InvitationEnded { .. }
            | EventKind::JoinRequestEnded { .. } => {
                self.rows.remove(&group_id);
                self.pending.remove(&group_id);
                self.left.insert(group_id, event.version);
            }
        }
        Folded::Applied
    }

    fn set(&mut self, group: &Group, role: Role) {
        self.left.remove(&group.group_id);
        self.pending.remove(&group.group_id);
        self.rows.insert(group.group_id, SidebarRow { group: group.clone(), role });
    }

    fn set_pending(&mut self, event: &Event, group: &Preview, kind: PendingKind) {
        self.left.remove(&event.group_id);
        let pending = Pending { group: group.clone(), version: event.version, at: event.at, kind };
        self.pending.insert(event.group_id, pending);
    }
}

/// What an event does to the list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It puts the group into the list, or into the invitations and requests, or takes it out of them.
    AtAnyVersion,
    /// It changes or removes a group of the list.
    Within,
}

impl Step {
    fn of(kind: &EventKind) -> Self {
        match kind {
            EventKind::GroupCreated { .. }
            | EventKind::AddedToGroup { .. }
            | EventKind::InvitedToGroup { .. }
            | EventKind::InvitationEnded { .. }
            | EventKind::JoinRequested { .. }
            | EventKind::JoinRequestEnded { .. } => Self::AtAnyVersion,
            EventKind::GroupUpdated { .. }
            | EventKind::RoleChanged { .. }
            | EventKind::RemovedFromGroup { .. }
            | EventKind::GroupDeleted { .. } => Self::Within,
        }
    }
}
