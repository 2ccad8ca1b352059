//! The rules for the settings, the members and the ownership of a group. A comment above each guard states the rule, and a
//! [`Rule`] names it.

use alloc::vec;
use alloc::vec::Vec;

use crate::authority::{Authorized, Rank};
use crate::decision::Outcome;
use crate::{
    ChangeKind, Decision, Description, GroupName, JoinPolicy, NewMember, Rejection, Role, Rule, UserId, admission,
};

impl Authorized<'_> {
    pub(crate) fn update_settings(
        &self,
        name: Option<&GroupName>,
        description: Option<&Description>,
        join_policy: Option<JoinPolicy>,
    ) -> Outcome {
        // Changing the settings requires the role `admin`.
        self.at_least(Role::Admin, Rule::AdminsSet)?;
        let name = name.filter(|name| **name != self.group.name).cloned();
        let description = description.filter(|description| **description != self.group.description).cloned();
        let join_policy = join_policy.filter(|join_policy| *join_policy != self.group.join_policy);
        if name.is_none() && description.is_none() && join_policy.is_none() {
            return Ok(Decision::Unchanged);
        }
        let kind = ChangeKind::SettingsChanged { name: name.clone(), description: description.clone(), join_policy };
        Ok(self.change(kind, |group| {
            group.name = name.unwrap_or_else(|| group.name.clone());
            group.description = description.unwrap_or_else(|| group.description.clone());
            group.join_policy = join_policy.unwrap_or(group.join_policy);
        }))
    }

    pub(crate) fn add_one(&self, member: NewMember) -> Outcome {
        self.may_add(&[member])?;
        // A user can be a member only once.
        if self.facts.role_of(member.user_id).is_some() {
            return Err(Rejection::AlreadyMember { user_id: member.user_id });
        }
        // You can only add people who allow it and are below the group limit per user.
        admission::check_added(self.facts, self.request.actor, member.user_id)?;
        self.add(vec![member])
    }

    pub(crate) fn add_many(&self, members: &[NewMember]) -> Outcome {
        self.may_add(members)?;
        // A user can be a member only once. On a list, existing members are skipped.
        let mut members = admission::newcomers(members, |user_id| self.facts.role_of(user_id).is_some());
        // You can only add people who allow it and are below the group limit per user. On a list, the others join.
        let actor = self.request.actor;
        members.retain(|member| admission::obstacle(self.facts, actor, member.user_id).is_none());
        if members.is_empty() { Ok(Decision::Unchanged) } else { self.add(members) }
    }

    fn may_add(&self, members: &[NewMember]) -> Result<(), Rejection> {
        // Adding members requires the role `admin`.
        self.at_least(Role::Admin, Rule::AdminsAdd)?;
        // People join by invitation only. Nobody can be added directly.
        admission::adding_is_open(self.facts, self.request.actor)?;
        // A group always has exactly one owner. Nobody can be added as an owner.
        admission::one_owner(members)?;
        // You can only assign roles below your own.
        members.iter().try_for_each(|member| self.gives_below(member.role))
    }

    fn add(&self, members: Vec<NewMember>) -> Outcome {
        let member_count = admission::room_for(self.facts, self.group.member_count, members.len())?;
        Ok(self.change(ChangeKind::MembersAdded { members }, |group| group.member_count = member_count))
    }

    pub(crate) fn remove(&self, user_id: UserId) -> Outcome {
        // You can only manage members whose role is below yours.
        self.acts_below(user_id)?;
        Ok(self.change(ChangeKind::MemberRemoved { user_id }, admission::one_fewer))
    }

    pub(crate) fn leave(&self, successor: Option<UserId>) -> Outcome {
        let actor_id = self.request.actor.user_id();
        // You can only manage members of the group: an operator who is not a member has nothing to leave.
        let role = self.role_of(actor_id)?;
        let successor = match (role, successor) {
            (Role::Owner, Some(user_id)) if user_id != actor_id => Some(self.succession(user_id)?),
            // The last member cannot leave the group. Delete the group instead.
            (Role::Owner, _) if self.group.member_count <= 1 => {
                return Err(Rejection::OwnerMustTransfer(Rule::LastOneDeletes));
            }
            // The owner must name another member as successor when leaving.
            (Role::Owner, _) => return Err(Rejection::OwnerMustTransfer(Rule::OwnerLeavesWithSuccessor)),
            // Only the owner can name a successor when leaving.
            (_, Some(_)) => return Err(Rejection::Forbidden(Rule::OnlyOwnersNameSuccessors)),
            (_, None) => None,
        };
        Ok(self.change(ChangeKind::MemberLeft { successor }, |group| {
            admission::one_fewer(group);
            group.owner_id = successor.map_or(group.owner_id, |to| to.user_id);
        }))
    }

    pub(crate) fn change_role(&self, user_id: UserId, role: Role) -> Outcome {
        // You can only manage members whose role is below yours.
        let previous_role = self.acts_below(user_id)?;
        // You can only assign roles below your own.
        self.gives_below(role)?;
        if role == previous_role {
            return Ok(Decision::Unchanged);
        }
        Ok(self.change(ChangeKind::RoleChanged { user_id, role, previous_role }, |_| {}))
    }

    pub(crate) fn transfer_ownership(&self, user_id: UserId) -> Outcome {
        // Only the owner can transfer the ownership, and becomes `admin`.
        self.at_least(Role::Owner, Rule::OwnerHandsOver)?;
        let (actor_id, owner_id) = (self.request.actor.user_id(), self.group.owner_id);
        let previous_owner_id = match self.rank {
            Rank::Member(_) => actor_id,
            Rank::Operator => owner_id,
        };
        if user_id == previous_owner_id {
            return Ok(Decision::Unchanged);
        }
        let successor = self.succession(user_id)?;
        let previous_owner_id = (previous_owner_id != actor_id).then_some(previous_owner_id);
        let kind = ChangeKind::OwnershipTransferred { successor, previous_owner_id };
        Ok(self.change(kind, |group| group.owner_id = successor.user_id))
    }

    pub(crate) fn delete(&self) -> Outcome {
        // Deleting the group requires the role `owner`.
        self.at_least(Role::Owner, Rule::OwnerDeletes)?;
        Ok(self.change(ChangeKind::GroupDeleted, |_| {}))
    }
}
