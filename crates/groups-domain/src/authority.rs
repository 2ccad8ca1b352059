//! What an actor may do in a group that they may see.

use crate::{
    AccessList, Actor, ChangeKind, Decision, Facts, Group, Rejection, Request, Role, Rule, Succession, UserId,
};

/// An actor who may see an existing group. What they may do there depends on their rank.
pub(crate) struct Authorized<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) request: &'a Request,
    pub(crate) group: &'a Group,
    pub(crate) rank: Rank,
}

/// In which rank somebody acts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    Member(Role),
    /// Above every role.
    Operator,
}

impl<'a> Authorized<'a> {
    pub(crate) fn new(facts: &'a Facts, request: &'a Request) -> Result<Self, Rejection> {
        // To users who are not members, the group does not exist.
        let group = facts.group.as_ref().filter(|group| group.group_id == request.group_id);
        let group = group.ok_or(Rejection::GroupNotFound)?;
        let rank = match request.actor {
            Actor::Operator(_) => Rank::Operator,
            Actor::Member(user_id) => Rank::Member(facts.role_of(user_id).ok_or(Rejection::GroupNotFound)?),
        };
        Ok(Self { facts, request, group, rank })
    }

    pub(crate) fn at_least(&self, role: Role, rule: Rule) -> Result<(), Rejection> {
        match self.rank {
            Rank::Member(own) if own < role => Err(Rejection::Forbidden(rule)),
            Rank::Member(_) | Rank::Operator => Ok(()),
        }
    }

    pub(crate) fn is_below(&self, role: Role) -> bool {
        match self.rank {
            Rank::Member(own) => role < own,
            Rank::Operator => true,
        }
    }

    pub(crate) fn gives_below(&self, role: Role) -> Result<(), Rejection> {
        if self.is_below(role) { Ok(()) } else { Err(Rejection::Forbidden(Rule::GiveBelow)) }
    }

    /// Checks that the actor may manage this member, and returns the member's role.
    pub(crate) fn acts_below(&self, user_id: UserId) -> Result<Role, Rejection> {
        // Nobody is below a plain member, no matter which user is named.
        self.at_least(Role::Admin, Rule::ActBelow)?;
        let role = self.role_of(user_id)?;
        if !self.is_below(role) {
            return Err(Rejection::Forbidden(Rule::ActBelow));
        }
        // Transfer the ownership before you remove the owner or change their role.
        if role == Role::Owner {
            return Err(Rejection::OwnerMustTransfer(Rule::OwnerIsReplacedFirst));
        }
        Ok(role)
    }

    pub(crate) fn succession(&self, user_id: UserId) -> Result<Succession, Rejection> {
        Ok(Succession { user_id, previous_role: self.role_of(user_id)? })
    }

    pub(crate) fn role_of(&self, user_id: UserId) -> Result<Role, Rejection> {
        // You can only manage members of the group.
        self.facts.role_of(user_id).ok_or(Rejection::MemberNotFound { user_id })
    }

    pub(crate) fn has_room(&self, list: AccessList, count: u32, max: u32) -> Result<(), Rejection> {
        if count < max { Ok(()) } else { Err(Rejection::ListFull { list, max }) }
    }

    pub(crate) fn change(&self, kind: ChangeKind, edit: impl FnOnce(&mut Group)) -> Decision {
        Decision::next(self.group, self.request, kind, edit)
    }
}
