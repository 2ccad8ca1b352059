//! The rules for people who enter a group on their own. They learn of a group only what the join policy, an invitation or a
//! link shows them.

use crate::decision::Outcome;
use crate::{
    AccessList, ChangeKind, Decision, Facts, Group, InvitationEnd, JoinPolicy, JoinRequestEnd, LinkId, Note, Rejection,
    Request, Role, Standing, UserId, Via, joining,
};

/// Somebody who acts for themselves, and is usually not a member.
pub(crate) struct Visitor<'a> {
    facts: &'a Facts,
    request: &'a Request,
    user_id: UserId,
    group: Option<&'a Group>,
    is_member: bool,
    /// `None` also for an invitation that has expired.
    standing: Option<&'a Standing>,
}

impl<'a> Visitor<'a> {
    pub(crate) fn new(facts: &'a Facts, request: &'a Request) -> Self {
        let user_id = request.actor.user_id();
        let group = facts.group.as_ref().filter(|group| group.group_id == request.group_id);
        let standing = group.and_then(|_| facts.standings.get(&user_id)).filter(|standing| match standing {
            Standing::Invited(invitation) => !invitation.is_over(request.at),
            Standing::Requested(_) | Standing::Banned(_) => true,
        });
        Self { facts, request, user_id, group, is_member: facts.role_of(user_id).is_some(), standing }
    }

    pub(crate) fn accept_invitation(&self) -> Outcome {
        match (self.group, self.standing) {
            (Some(_), _) if self.is_member => Ok(Decision::Unchanged),
            (Some(group), Some(Standing::Invited(invitation))) => {
                self.enter(group, invitation.role, Via::Invitation, None)
            }
            // Only a user with an invitation that has not expired can accept it.
            _ => Err(Rejection::InvitationNotFound),
        }
    }

    pub(crate) fn decline_invitation(&self) -> Outcome {
        let (Some(group), Some(Standing::Invited(_))) = (self.group, self.standing) else {
            // Only a user with an invitation that has not expired can decline it.
            return Err(Rejection::InvitationNotFound);
        };
        Ok(self.change(group, ChangeKind::InvitationEnded { user_id: self.user_id, reason: InvitationEnd::Declined }))
    }

    pub(crate) fn join(&self, message: &Note) -> Outcome {
        // To users who are not members, a closed group does not exist. To a banned user, no group does.
        let group = self.group.ok_or(Rejection::GroupNotFound)?;
        if self.is_member {
            return Ok(Decision::Unchanged);
        }
        match (self.standing, group.join_policy) {
            (Some(Standing::Banned(_)), _) => Err(Rejection::GroupNotFound),
            (Some(Standing::Invited(invitation)), _) => self.enter(group, invitation.role, Via::Invitation, None),
            (Some(Standing::Requested(_)) | None, JoinPolicy::Open) => self.enter(group, Role::Member, Via::Open, None),
            (Some(Standing::Requested(_)), JoinPolicy::Closed | JoinPolicy::Request) => Ok(Decision::Unchanged),
            (None, JoinPolicy::Request) => self.ask(group, Role::Member, message, None),
            (None, JoinPolicy::Closed) => Err(Rejection::GroupNotFound),
        }
    }

    pub(crate) fn withdraw_join_request(&self) -> Outcome {
        let (Some(group), Some(Standing::Requested(_))) = (self.group, self.standing) else {
            // Only a request that was not answered yet can be withdrawn.
            return Err(Rejection::JoinRequestNotFound);
        };
        Ok(self
            .change(group, ChangeKind::JoinRequestEnded { user_id: self.user_id, reason: JoinRequestEnd::Withdrawn }))
    }

    pub(crate) fn use_link(&self, link_id: LinkId, message: &Note) -> Outcome {
        // A link works until it is revoked, and never for a banned user.
        let group = self.group.ok_or(Rejection::LinkNotFound)?;
        let link = self.facts.links.get(&link_id).ok_or(Rejection::LinkNotFound)?;
        match self.standing {
            Some(Standing::Banned(_)) => return Err(Rejection::LinkNotFound),
            // Before the link is checked, because theirs may have been its last use.
            _ if self.is_member => return Ok(Decision::Unchanged),
            Some(Standing::Requested(_)) if link.approval => return Ok(Decision::Unchanged),
            Some(Standing::Invited(_) | Standing::Requested(_)) | None => {}
        }
        // A link works until it expires or is used up.
        if link.is_over(self.request.at) {
            return Err(Rejection::LinkNotFound);
        }
        match self.standing {
            Some(Standing::Invited(invitation)) => self.enter(group, invitation.role, Via::Invitation, None),
            _ if link.approval => self.ask(group, link.role, message, Some(link_id)),
            _ => self.enter(group, link.role, Via::Link, Some(link_id)),
        }
    }

    fn enter(&self, group: &Group, role: Role, via: Via, link_id: Option<LinkId>) -> Outcome {
        joining::join(self.facts, self.request, group, (self.user_id, role), (via, link_id))
    }

    fn ask(&self, group: &Group, role: Role, message: &Note, link_id: Option<LinkId>) -> Outcome {
        let max = self.facts.limits.join_requests_max;
        // A group cannot have more requests to join than the limit.
        if self.facts.counts.join_requests >= max {
            return Err(Rejection::ListFull { list: AccessList::JoinRequests, max });
        }
        Ok(self.change(group, ChangeKind::JoinRequested { role, message: message.clone(), link_id }))
    }

    fn change(&self, group: &Group, kind: ChangeKind) -> Decision {
        Decision::next(group, self.request, kind, |_| {})
    }
}
