//! A whole group in memory, for those who embed the rules without a database.

use crate::{
    Change, Command, Decision, Effect, Event, Facts, Group, GroupId, Limits, Membership, Rejection, Request, Role,
    Timestamp, UserId, decide,
};

/// A group with all its members. It does not exist until [`Command::CreateGroup`] was executed, and no longer after
/// [`Command::DeleteGroup`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    group_id: GroupId,
    facts: Facts,
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
        Self { group_id, facts: Facts::nothing(limits) }
    }

    /// The group that a history makes: the changes of one group, oldest first, from its creation on.
    pub fn replay<'a>(group_id: GroupId, limits: Limits, history: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut roster = Self::new(group_id, limits);
        for change in history {
            roster.apply(change);
        }
        roster
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

    /// Carries out a command, and says who has to be told what. Nothing is told where nothing changed.
    ///
    /// # Errors
    /// The [`Rejection`] of [`decide`]; the roster is as it was.
    pub fn execute(&mut self, actor_id: UserId, at: Timestamp, command: Command) -> Result<Vec<Told>, Rejection> {
        let request = Request { group_id: self.group_id, actor_id, at, expected_version: None, command };
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
    /// The [`Rejection`] of [`decide`].
    pub fn decide(&self, request: &Request) -> Result<Decision, Rejection> {
        decide(&self.facts, request)
    }

    /// The audience of a change that is about to be applied: all members, and those who join with it, by user id.
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
        let subjects: std::collections::BTreeMap<_, _> = change.subjects().into_iter().collect();
        let view_of = |user_id| subjects.get(&user_id).copied().unwrap_or(crate::View::Other);
        let event_for = |user_id| Told { user_id, event: change.event(view_of(user_id)) };
        self.audience(change).into_iter().map(event_for).collect()
    }

    /// Makes the roster that of after the change.
    pub fn apply(&mut self, change: &Change) {
        self.facts.apply(change);
    }
}
