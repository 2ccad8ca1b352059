//! A whole group in memory, for those who embed the rules without a database.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::{
    Actor, Change, Command, Decision, Effect, Event, Facts, Group, GroupId, LeftOut, Limits, Membership, People,
    Rejection, Request, Role, Timestamp, UserId, View, decide, left_out,
};

/// A group with all its members. It does not exist until [`Command::CreateGroup`] was executed, and no longer after
/// [`Command::DeleteGroup`]; after that the id is spent, and nothing brings the group back.
///
/// Whoever keeps the changes can have the roster back: [`replay`](Self::replay) is its inverse.
///
/// ```
/// use groups_domain::{Command, Decision, GroupId, Limits, Request, Roster, Timestamp, UserId, Uuid};
///
/// let (ada, group_id) = (UserId::new(Uuid::from_u128(1)), GroupId::new(Uuid::from_u128(10)));
/// let mut roster = Roster::new(group_id, Limits::default());
/// let mut history = Vec::new();
///
/// // What `execute` does in one step, for those who have to keep the change before they tell of it.
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

/// One affected user and what they are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who.
    pub user_id: UserId,
    /// What.
    pub event: Event,
}

impl Roster {
    /// A place for a group that does not exist yet.
    pub fn new(group_id: GroupId, limits: Limits) -> Self {
        Self { group_id, facts: Facts::nothing(limits), deleted: false }
    }

    /// The group that a history makes: the changes of this group, oldest first, from its creation on. They are applied
    /// as they are: a history happened, and is not judged again, whatever the limits are by now.
    pub fn replay<'a>(group_id: GroupId, limits: Limits, history: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut roster = Self::new(group_id, limits);
        for change in history {
            roster.apply(change);
        }
        roster
    }

    /// Which group it is, or is going to be.
    pub fn group_id(&self) -> GroupId {
        self.group_id
    }

    /// The group; `None` before it was created and after it was deleted.
    pub fn group(&self) -> Option<&Group> {
        self.facts.group.as_ref()
    }

    /// Its members, by user id.
    pub fn members(&self) -> impl Iterator<Item = &Membership> {
        self.facts.memberships.values()
    }

    /// The role of a user, `None` for somebody who is not a member.
    pub fn role_of(&self, user_id: UserId) -> Option<Role> {
        self.facts.role_of(user_id)
    }

    /// What is known of people beyond this group. A roster by itself knows of no other groups: it counts its own members as
    /// being in one.
    pub fn people(&self) -> &People {
        &self.facts.people
    }

    /// For programs that keep several rosters, or know of other groups: what the next decisions take for true.
    pub fn people_mut(&mut self) -> &mut People {
        &mut self.facts.people
    }

    /// The people on the list of a request who are left out of it: [`left_out()`], before the change is applied.
    pub fn left_out(&self, request: &Request) -> Vec<LeftOut> {
        left_out(&self.facts, request)
    }

    /// Executes a command, and says who has to be told what. Nothing is told where nothing changed.
    ///
    /// # Errors
    /// The [`Rejection`] of [`decide()`]; the roster is as it was.
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

    /// What would become of a request; nothing is carried out.
    ///
    /// # Errors
    /// The [`Rejection`] of [`decide()`]. Besides, a request for another group finds none here, and a deleted group is not
    /// created again.
    pub fn decide(&self, request: &Request) -> Result<Decision, Rejection> {
        if request.group_id != self.group_id {
            return Err(Rejection::GroupNotFound);
        }
        // A group is created once: its id is not used again, not even after it was deleted.
        if self.deleted && matches!(request.command, Command::CreateGroup { .. }) {
            return Err(Rejection::GroupExists);
        }
        decide(&self.facts, request)
    }

    /// The audience of a change that is about to be applied: all members, and those who join with it, by user id, none twice.
    pub fn audience(&self, change: &Change) -> Vec<UserId> {
        let joined = change.effects().into_iter().filter_map(|effect| match effect {
            Effect::Joined { user_id, .. } => Some(user_id),
            Effect::RoleSet { .. } | Effect::Left { .. } | Effect::AllLeft => None,
        });
        let mut audience: Vec<UserId> = self.facts.memberships.keys().copied().chain(joined).collect();
        audience.sort_unstable();
        audience.dedup();
        audience
    }

    /// Who has to be told what of a change that is about to be applied.
    pub fn told(&self, change: &Change) -> Vec<Told> {
        let subjects: BTreeMap<_, _> = change.subjects().into_iter().collect();
        let view_of = |user_id| subjects.get(&user_id).copied().unwrap_or(View::Other);
        let event_for = |user_id| Told { user_id, event: change.event(view_of(user_id)) };
        self.audience(change).into_iter().map(event_for).collect()
    }

    /// Makes the roster that of after the change, which has to be the next one of this group.
    pub fn apply(&mut self, change: &Change) {
        self.facts.apply(change);
        self.deleted |= change.ends_group();
    }
}
