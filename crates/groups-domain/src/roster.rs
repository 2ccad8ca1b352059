//! A whole group in memory, for programs that embed the rules without a database.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::{
    Actor, Audience, Change, Command, Decision, Event, Facts, Group, GroupId, LeftOut, Limits, Link, Membership,
    People, Rejection, Request, Role, Standing, Timestamp, UserId, decide, left_out,
};

/// A group with all its members. The group exists from [`Command::CreateGroup`] until [`Command::DeleteGroup`]. After
/// that, the group cannot be created again with the same id.
///
/// [`replay`](Self::replay) rebuilds a roster from its stored changes.
///
/// ```
/// use groups_domain::{Command, Decision, GroupId, Limits, Request, Roster, Timestamp, UserId, Uuid};
///
/// let (ada, group_id) = (UserId::new(Uuid::from_u128(1)), GroupId::new(Uuid::from_u128(10)));
/// let mut roster = Roster::new(group_id, Limits::default());
/// let mut history = Vec::new();
///
/// // The steps of `execute`, for programs that must store the change before they deliver its events.
/// let request = Request {
///     group_id,
///     actor: ada.into(),
///     at: Timestamp::from_unix_millis(1_700_000_000_000),
///     expected_version: None,
///     command: Command::create("Project Team", "")?,
/// };
/// if let Decision::Change(change) = roster.decide(&request)? {
///     let told = roster.told(&change);
///     roster.apply(&change);
///     assert_eq!(told.len(), 1, "Ada alone");
///     history.push(change);
/// }
///
/// assert_eq!(Roster::replay(group_id, Limits::default(), &history), roster);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    group_id: GroupId,
    facts: Facts,
    deleted: bool,
}

/// An event and the user to whom it is addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Told {
    /// The affected user.
    pub user_id: UserId,
    /// The event for this user.
    pub event: Event,
}

impl Roster {
    /// A roster for a group that does not exist yet.
    pub fn new(group_id: GroupId, limits: Limits) -> Self {
        Self { group_id, facts: Facts::nothing(limits), deleted: false }
    }

    /// Rebuilds a group from its history: all changes of this group, oldest first, starting with its creation. The changes
    /// are applied without checks, even if they exceed the current limits.
    pub fn replay<'a>(group_id: GroupId, limits: Limits, history: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut roster = Self::new(group_id, limits);
        for change in history {
            roster.apply(change);
        }
        roster
    }

    /// The id of the group, also before its creation and after its deletion.
    pub fn group_id(&self) -> GroupId {
        self.group_id
    }

    /// The group; `None` before its creation and after its deletion.
    pub fn group(&self) -> Option<&Group> {
        self.facts.group.as_ref()
    }

    /// Everything that decisions about the group depend on.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The members, ordered by user id.
    pub fn members(&self) -> impl Iterator<Item = &Membership> {
        self.facts.memberships.values()
    }

    /// The role of a user; `None` if they are not a member.
    pub fn role_of(&self, user_id: UserId) -> Option<Role> {
        self.facts.role_of(user_id)
    }

    /// What a user who is not a member is to the group; `None` if nothing. An invitation that has expired is still there until
    /// it is removed.
    pub fn standing_of(&self, user_id: UserId) -> Option<&Standing> {
        self.facts.standings.get(&user_id)
    }

    /// The users with a standing, ordered by user id.
    pub fn standings(&self) -> impl Iterator<Item = (UserId, &Standing)> {
        self.facts.standings.iter().map(|(user_id, standing)| (*user_id, standing))
    }

    /// The links, ordered by id, including those that have expired or are used up.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.facts.links.values()
    }

    /// What a user is to the group, as far as it decides what they are told; `None` if they are told nothing.
    pub fn audience_of(&self, user_id: UserId) -> Option<Audience> {
        self.facts.audience_of(user_id)
    }

    /// Data about users from outside of this group. By default, a roster knows no other groups and counts each of its members
    /// as being in one group.
    pub fn people(&self) -> &People {
        &self.facts.people
    }

    /// Mutable access to [`people`](Self::people), for programs that have several rosters or know about other groups. The next
    /// decisions use the updated data.
    pub fn people_mut(&mut self) -> &mut People {
        &mut self.facts.people
    }

    /// The users on the list of a request who are left out; see [`left_out()`]. Call it before the change is applied.
    pub fn left_out(&self, request: &Request) -> Vec<LeftOut> {
        left_out(&self.facts, request)
    }

    /// Executes a command and returns the events to deliver. The list is empty if nothing changed.
    ///
    /// # Errors
    /// The [`Rejection`] of [`decide()`]. The roster is then unchanged.
    pub fn execute(
        &mut self,
        actor: impl Into<Actor>,
        at: Timestamp,
        command: Command,
    ) -> Result<Vec<Told>, Rejection> {
        let request = Request { group_id: self.group_id, actor: actor.into(), at, expected_version: None, command };
        match self.decide(&request)? {
            Decision::Unchanged => Ok(Vec::new()),
            Decision::Change(change) => {
                let told = self.told(&change);
                self.apply(&change);
                Ok(told)
            }
        }
    }

    /// Decides a request without executing it.
    ///
    /// # Errors
    /// The [`Rejection`] of [`decide()`]. Also [`Rejection::GroupNotFound`] if the request is for another group, and
    /// [`Rejection::GroupExists`] if it creates a group that was deleted.
    pub fn decide(&self, request: &Request) -> Result<Decision, Rejection> {
        if request.group_id != self.group_id {
            return Err(Rejection::GroupNotFound);
        }
        // A group is created once. Its id is never reused, even after the group is deleted.
        if self.deleted && matches!(request.command, Command::CreateGroup { .. }) {
            return Err(Rejection::GroupExists);
        }
        decide(&self.facts, request)
    }

    /// The events to deliver for a change that is not applied yet, ordered by user id. Each user gets at most one.
    pub fn told(&self, change: &Change) -> Vec<Told> {
        let Facts { memberships, standings, .. } = &self.facts;
        let subjects: BTreeMap<_, _> = change.subjects().into_iter().collect();
        let mut users: Vec<UserId> =
            memberships.keys().chain(standings.keys()).chain(subjects.keys()).copied().collect();
        users.sort_unstable();
        users.dedup();
        let told = |user_id| {
            let others = || change.view_of_others(self.audience_of(user_id)?);
            let view = subjects.get(&user_id).copied().or_else(others)?;
            Some(Told { user_id, event: change.event(view) })
        };
        users.into_iter().filter_map(told).collect()
    }

    /// Updates the roster with a change. It must be the next change of this group.
    pub fn apply(&mut self, change: &Change) {
        self.facts.apply(change);
        self.deleted |= change.ends_group();
    }
}
