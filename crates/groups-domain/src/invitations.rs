//! The rules for admins who invite people and answer requests to join. A comment above each guard states the rule, and a
//! [`Rule`] names it.

use crate::authority::Authorized;
use crate::decision::Outcome;
use crate::{
    AccessList, ChangeKind, Decision, Invitation, InvitationEnd, JoinRequest, JoinRequestEnd, NewMember, Rejection,
    Role, Rule, Standing, UserId, Via, admission, joining,
};

impl Authorized<'_> {
    pub(crate) fn invite(&self, user_id: UserId, role: Role, expires_in_seconds: Option<u64>) -> Outcome {
        // Inviting people requires the role `admin`.
        self.at_least(Role::Admin, Rule::AdminsInvite)?;
        self.may_give(user_id, role)?;
        // An invitation expires after 1 second to 366 days, or never.
        let expires_at = joining::expiry(self.request.at, expires_in_seconds)?;
        // A user can be a member only once.
        if self.facts.role_of(user_id).is_some() {
            return Err(Rejection::AlreadyMember { user_id });
        }
        let mut pending = self.facts.counts.invitations;
        match self.facts.standings.get(&user_id) {
            // A banned user cannot be invited before the ban is lifted.
            Some(Standing::Banned(_)) => return Err(Rejection::Banned { user_id }),
            // Somebody who has asked joins: both sides agree.
            Some(Standing::Requested(_)) => return self.let_in(user_id, role),
            Some(Standing::Invited(invitation)) if !invitation.is_over(self.request.at) => {
                return Ok(Decision::Unchanged);
            }
            // The new invitation replaces one that has expired.
            Some(Standing::Invited(_)) => pending = pending.saturating_sub(1),
            None => {}
        }
        // You can only invite people who have not blocked you.
        admission::check_invited(self.facts, self.request.actor, user_id)?;
        // A group cannot have more invitations than the limit.
        self.has_room(AccessList::Invitations, pending, self.facts.limits.invitations_max)?;
        Ok(self.change(ChangeKind::Invited { user_id, role, expires_at }, |_| {}))
    }

    pub(crate) fn withdraw_invitation(&self, user_id: UserId) -> Outcome {
        // Withdrawing invitations requires the role `admin`.
        self.at_least(Role::Admin, Rule::AdminsInvite)?;
        // Only an invitation that has not expired can be withdrawn.
        match self.invitation(user_id) {
            Some(invitation) if !invitation.is_over(self.request.at) => {
                Ok(self.change(ChangeKind::InvitationEnded { user_id, reason: InvitationEnd::Withdrawn }, |_| {}))
            }
            _ => Err(Rejection::InvitationNotFound),
        }
    }

    pub(crate) fn expire_invitation(&self, user_id: UserId) -> Outcome {
        // Inviting people requires the role `admin`.
        self.at_least(Role::Admin, Rule::AdminsInvite)?;
        match self.invitation(user_id) {
            Some(invitation) if invitation.is_over(self.request.at) => {
                Ok(self.change(ChangeKind::InvitationEnded { user_id, reason: InvitationEnd::Expired }, |_| {}))
            }
            _ => Ok(Decision::Unchanged),
        }
    }

    pub(crate) fn approve(&self, user_id: UserId, role: Option<Role>) -> Outcome {
        // Answering requests to join requires the role `admin`.
        self.at_least(Role::Admin, Rule::AdminsAnswerJoinRequests)?;
        if let Some(role) = role {
            self.may_give(user_id, role)?;
        }
        // Only a request that was not answered yet can be answered.
        let request = self.join_request(user_id)?;
        let role = role.unwrap_or(request.role);
        // You can only assign roles below your own.
        self.gives_below(role)?;
        self.let_in(user_id, role)
    }

    pub(crate) fn decline(&self, user_id: UserId) -> Outcome {
        // Answering requests to join requires the role `admin`.
        self.at_least(Role::Admin, Rule::AdminsAnswerJoinRequests)?;
        // Only a request that was not answered yet can be answered.
        self.join_request(user_id)?;
        Ok(self.change(ChangeKind::JoinRequestEnded { user_id, reason: JoinRequestEnd::Declined }, |_| {}))
    }

    fn let_in(&self, user_id: UserId, role: Role) -> Outcome {
        joining::join(self.facts, self.request, self.group, (user_id, role), (Via::Request, None))
    }

    fn may_give(&self, user_id: UserId, role: Role) -> Result<(), Rejection> {
        // A group always has exactly one owner. Nobody can be added as an owner.
        admission::one_owner(&[NewMember { user_id, role }])?;
        // You can only assign roles below your own.
        self.gives_below(role)
    }

    fn invitation(&self, user_id: UserId) -> Option<&Invitation> {
        match self.facts.standings.get(&user_id) {
            Some(Standing::Invited(invitation)) => Some(invitation),
            _ => None,
        }
    }

    fn join_request(&self, user_id: UserId) -> Result<&JoinRequest, Rejection> {
        match self.facts.standings.get(&user_id) {
            Some(Standing::Requested(request)) => Ok(request),
            _ => Err(Rejection::JoinRequestNotFound),
        }
    }
}
