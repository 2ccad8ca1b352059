//! Committed changes. Each change makes one new version of a group.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;

use crate::{
    Actor, Audience, Ban, Description, Group, GroupId, GroupName, Invitation, JoinPolicy, JoinRequest, Link, LinkId,
    NewMember, Note, Role, Standing, Timestamp, UserId, Version, Via, View,
};

/// One committed change of one group. All of its events are derived from it alone.
///
/// A history is the list of changes of one group in version order, starting with its creation. It may end with a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Change {
    /// The group after the change. For a deletion, the group before it with the new `version` and `updated_at`.
    pub group: Group,
    /// The user who made the change, and in which capacity.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub actor: Actor,
    /// The kind of change, with its details.
    pub kind: ChangeKind,
}

/// The kind of a change. Deliberately exhaustive: if a kind is added, the store and the wire do not compile until they handle it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ChangeKind {
    /// The group was created, by its owner or by an operator for its owner.
    GroupCreated {
        /// The initial members in joining order, without the owner.
        members: Vec<NewMember>,
    },
    /// The settings were changed.
    SettingsChanged {
        /// The new name; `None` if it did not change.
        #[cfg_attr(feature = "serde", serde(default, deserialize_with = "crate::text::stored_option"))]
        name: Option<GroupName>,
        /// The new description; `None` if it did not change.
        #[cfg_attr(feature = "serde", serde(default, deserialize_with = "crate::text::stored_option"))]
        description: Option<Description>,
        /// The new join policy; `None` if it did not change.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        join_policy: Option<JoinPolicy>,
    },
    /// One or more users were added.
    MembersAdded {
        /// The new members in joining order: at least one, without duplicates.
        members: Vec<NewMember>,
    },
    /// The actor removed a member.
    MemberRemoved {
        /// The user who was removed.
        user_id: UserId,
    },
    /// The actor left.
    MemberLeft {
        /// The new owner, if the actor was the owner.
        successor: Option<Succession>,
    },
    /// A member's role changed between `member` and `admin`.
    RoleChanged {
        /// The user whose role changed.
        user_id: UserId,
        /// The role after the change.
        role: Role,
        /// The role before the change.
        previous_role: Role,
    },
    /// The ownership was transferred and the previous owner became `admin`.
    OwnershipTransferred {
        /// The new owner.
        #[cfg_attr(feature = "serde", serde(flatten))]
        successor: Succession,
        /// The previous owner if an operator transferred the ownership; `None` if the previous owner is the actor.
        /// [`Change::previous_owner_id`] returns it in both cases.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        previous_owner_id: Option<UserId>,
    },
    /// The group was deleted for everybody, with all invitations, requests, bans and links.
    GroupDeleted,
    /// A user joined in another way than by being added: see [`Via`].
    Joined {
        /// The new member.
        user_id: UserId,
        /// Their role.
        role: Role,
        /// How they joined.
        via: Via,
        /// The link, if they used one.
        link_id: Option<LinkId>,
    },
    /// The actor invited a user, who had no standing, or an invitation that has expired.
    Invited {
        /// The invited user.
        user_id: UserId,
        /// The role that they get.
        role: Role,
        /// The time from which the invitation counts as absent.
        expires_at: Option<Timestamp>,
    },
    /// An invitation ended without a membership.
    InvitationEnded {
        /// The user who was invited.
        user_id: UserId,
        /// Why.
        reason: InvitationEnd,
    },
    /// The actor asked to join.
    JoinRequested {
        /// The role that they get if the request is approved without naming one.
        role: Role,
        /// To the admins.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
        message: Note,
        /// The link, if they used one.
        link_id: Option<LinkId>,
    },
    /// A request to join ended without a membership.
    JoinRequestEnded {
        /// The user who had asked.
        user_id: UserId,
        /// Why.
        reason: JoinRequestEnd,
    },
    /// The actor banned a user.
    Banned {
        /// The banned user.
        user_id: UserId,
        /// Why, for the other admins.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::stored"))]
        reason: Note,
        /// What they were to the group before; `None` if nothing.
        before: Option<Audience>,
    },
    /// The actor lifted a ban.
    Unbanned {
        /// The user who was banned.
        user_id: UserId,
    },
    /// The actor created a link.
    LinkCreated {
        /// The link.
        link_id: LinkId,
        /// The role of those who join with it.
        role: Role,
        /// The time from which it counts as absent.
        expires_at: Option<Timestamp>,
        /// How many people can use it.
        uses_max: Option<NonZeroU32>,
        /// Whether those who use it ask to join instead of joining.
        approval: bool,
    },
    /// The actor revoked one link or all.
    LinksRevoked {
        /// The links: at least one.
        link_ids: Vec<LinkId>,
    },
}

/// Why an invitation ended without a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum InvitationEnd {
    /// An admin withdrew it, or the group was deleted.
    Withdrawn,
    /// The invited user declined.
    Declined,
    /// It expired.
    Expired,
    /// The invited user was banned.
    Banned,
}

impl InvitationEnd {
    /// The name of the reason on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Banned => "banned",
        }
    }
}

impl fmt::Display for InvitationEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a request to join ended without a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum JoinRequestEnd {
    /// An admin declined it, or the group was deleted.
    Declined,
    /// The user took it back.
    Withdrawn,
    /// The user was banned.
    Banned,
}

impl JoinRequestEnd {
    /// The name of the reason on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Banned => "banned",
        }
    }
}

impl fmt::Display for JoinRequestEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A transfer of the ownership to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Succession {
    /// The new owner.
    pub user_id: UserId,
    /// The new owner's previous role.
    pub previous_role: Role,
}

/// The effect of a change on one membership, standing or link. A store writes it, and a hub updates its subscriptions from it.
///
/// Deliberately exhaustive: a program that skips an effect has wrong memberships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A user became a member. Their standing, if they had one, ended.
    Joined {
        /// The new member.
        user_id: UserId,
        /// Their role.
        role: Role,
    },
    /// A member's role changed.
    RoleSet {
        /// The member.
        user_id: UserId,
        /// The new role.
        role: Role,
    },
    /// A user is no longer a member.
    Left {
        /// The former member.
        user_id: UserId,
    },
    /// All memberships, standings and links ended because the group was deleted.
    AllLeft,
    /// A user who is not a member has this standing, and no other one any longer.
    StandingSet {
        /// The user.
        user_id: UserId,
        /// What they are to the group.
        standing: Standing,
    },
    /// A user who is not a member has no standing any longer.
    StandingEnded {
        /// The user.
        user_id: UserId,
    },
    /// A link was created.
    LinkAdded {
        /// The link.
        link: Link,
    },
    /// A link was used once more.
    LinkUsed {
        /// The link.
        link_id: LinkId,
    },
    /// A link was revoked.
    LinkRemoved {
        /// The link.
        link_id: LinkId,
    },
}

impl Change {
    /// The id of the group that changed.
    pub fn group_id(&self) -> GroupId {
        self.group.group_id
    }

    /// The user who made the change.
    pub fn actor_id(&self) -> UserId {
        self.actor.user_id()
    }

    /// The previous owner, if the change gives the group a new owner.
    pub fn previous_owner_id(&self) -> Option<UserId> {
        match &self.kind {
            ChangeKind::OwnershipTransferred { previous_owner_id, .. } => {
                Some(previous_owner_id.unwrap_or(self.actor_id()))
            }
            ChangeKind::MemberLeft { successor: Some(_) } => Some(self.actor_id()),
            ChangeKind::GroupCreated { .. }
            | ChangeKind::SettingsChanged { .. }
            | ChangeKind::MembersAdded { .. }
            | ChangeKind::MemberRemoved { .. }
            | ChangeKind::MemberLeft { successor: None }
            | ChangeKind::RoleChanged { .. }
            | ChangeKind::GroupDeleted
            | ChangeKind::Joined { .. }
            | ChangeKind::Invited { .. }
            | ChangeKind::InvitationEnded { .. }
            | ChangeKind::JoinRequested { .. }
            | ChangeKind::JoinRequestEnded { .. }
            | ChangeKind::Banned { .. }
            | ChangeKind::Unbanned { .. }
            | ChangeKind::LinkCreated { .. }
            | ChangeKind::LinksRevoked { .. } => None,
        }
    }

    /// The version of the group after the change.
    pub fn version(&self) -> Version {
        self.group.version
    }

    /// The time of the change.
    pub fn at(&self) -> Timestamp {
        self.group.updated_at
    }

    /// Whether the change deletes the group.
    pub fn ends_group(&self) -> bool {
        matches!(self.kind, ChangeKind::GroupDeleted)
    }

    /// Whether plain members are not told what happened, only that something did.
    pub fn is_private(&self) -> bool {
        match &self.kind {
            ChangeKind::Invited { .. }
            | ChangeKind::InvitationEnded { .. }
            | ChangeKind::JoinRequested { .. }
            | ChangeKind::JoinRequestEnded { .. }
            | ChangeKind::Banned { .. }
            | ChangeKind::Unbanned { .. }
            | ChangeKind::LinkCreated { .. }
            | ChangeKind::LinksRevoked { .. } => true,
            ChangeKind::GroupCreated { .. }
            | ChangeKind::SettingsChanged { .. }
            | ChangeKind::MembersAdded { .. }
            | ChangeKind::MemberRemoved { .. }
            | ChangeKind::MemberLeft { .. }
            | ChangeKind::RoleChanged { .. }
            | ChangeKind::OwnershipTransferred { .. }
            | ChangeKind::GroupDeleted
            | ChangeKind::Joined { .. } => false,
        }
    }

    /// The effects on memberships, standings and links, in the order to write them. Joins are in joining order. An owner steps down or leaves
    /// before the next owner is set, so there are never two owners.
    pub fn effects(&self) -> Vec<Effect> {
        let joined = |member: &NewMember| Effect::Joined { user_id: member.user_id, role: member.role };
        let becomes_owner = |to: &Succession| Effect::RoleSet { user_id: to.user_id, role: Role::Owner };
        let used = |link_id: Option<LinkId>| link_id.map(|link_id| Effect::LinkUsed { link_id });
        match &self.kind {
            ChangeKind::GroupCreated { members } => {
                let owner = Effect::Joined { user_id: self.group.owner_id, role: Role::Owner };
                core::iter::once(owner).chain(members.iter().map(joined)).collect()
            }
            ChangeKind::SettingsChanged { .. } => Vec::new(),
            ChangeKind::MembersAdded { members } => members.iter().map(joined).collect(),
            ChangeKind::MemberRemoved { user_id } => vec![Effect::Left { user_id: *user_id }],
            ChangeKind::MemberLeft { successor } => {
                let left = Effect::Left { user_id: self.actor_id() };
                core::iter::once(left).chain(successor.iter().map(becomes_owner)).collect()
            }
            ChangeKind::RoleChanged { user_id, role, .. } => vec![Effect::RoleSet { user_id: *user_id, role: *role }],
            ChangeKind::OwnershipTransferred { successor, previous_owner_id } => {
                let user_id = previous_owner_id.unwrap_or(self.actor_id());
                vec![Effect::RoleSet { user_id, role: Role::Admin }, becomes_owner(successor)]
            }
            ChangeKind::GroupDeleted => vec![Effect::AllLeft],
            ChangeKind::Joined { user_id, role, link_id, .. } => {
                core::iter::once(Effect::Joined { user_id: *user_id, role: *role }).chain(used(*link_id)).collect()
            }
            ChangeKind::Invited { user_id, role, expires_at } => {
                let (invited_by, at) = (self.actor_id(), self.at());
                let invitation = Invitation { role: *role, invited_by, at, expires_at: *expires_at };
                vec![Effect::StandingSet { user_id: *user_id, standing: Standing::Invited(invitation) }]
            }
            ChangeKind::JoinRequested { role, message, link_id } => {
                let request = JoinRequest { role: *role, message: message.clone(), at: self.at() };
                let set = Effect::StandingSet { user_id: self.actor_id(), standing: Standing::Requested(request) };
                core::iter::once(set).chain(used(*link_id)).collect()
            }
            ChangeKind::InvitationEnded { user_id, .. }
            | ChangeKind::JoinRequestEnded { user_id, .. }
            | ChangeKind::Unbanned { user_id } => vec![Effect::StandingEnded { user_id: *user_id }],
            ChangeKind::Banned { user_id, reason, before } => {
                let ban = Ban { banned_by: self.actor_id(), reason: reason.clone(), at: self.at() };
                let is_member = before.is_some_and(Audience::is_member);
                let left = is_member.then_some(Effect::Left { user_id: *user_id });
                let banned = Effect::StandingSet { user_id: *user_id, standing: Standing::Banned(ban) };
                left.into_iter().chain([banned]).collect()
            }
            ChangeKind::LinkCreated { link_id, role, expires_at, uses_max, approval } => {
                vec![Effect::LinkAdded {
                    link: Link {
                        link_id: *link_id,
                        role: *role,
                        created_by: self.actor_id(),
                        at: self.at(),
                        expires_at: *expires_at,
                        uses_max: *uses_max,
                        uses: 0,
                        approval: *approval,
                    },
                }]
            }
            ChangeKind::LinksRevoked { link_ids } => {
                link_ids.iter().map(|link_id| Effect::LinkRemoved { link_id: *link_id }).collect()
            }
        }
    }

    /// The users whose own membership or standing the change affects and who are told so, each with their [`View`], without
    /// duplicates.
    ///
    /// [`view_for`](Self::view_for) is the view of everybody else. A deletion and a change of settings have no subjects.
    /// There are never more subjects than the users named by the change.
    pub fn subjects(&self) -> Vec<(UserId, View)> {
        let added = |member: &NewMember| (member.user_id, View::Added { role: member.role, via: None });
        let promoted =
            |to: &Succession| (to.user_id, View::RoleChanged { role: Role::Owner, previous_role: to.previous_role });
        match &self.kind {
            ChangeKind::GroupCreated { members } => {
                let owner_id = self.group.owner_id;
                // If somebody else created the group, its owner is told that they were added.
                let view = if owner_id == self.actor_id() {
                    View::Creator
                } else {
                    View::Added { role: Role::Owner, via: None }
                };
                core::iter::once((owner_id, view)).chain(members.iter().map(added)).collect()
            }
            ChangeKind::MembersAdded { members } => members.iter().map(added).collect(),
            ChangeKind::MemberRemoved { user_id } => vec![(*user_id, View::Removed)],
            ChangeKind::MemberLeft { successor } => {
                core::iter::once((self.actor_id(), View::Left)).chain(successor.iter().map(promoted)).collect()
            }
            ChangeKind::RoleChanged { user_id, role, previous_role } => {
                vec![(*user_id, View::RoleChanged { role: *role, previous_role: *previous_role })]
            }
            ChangeKind::OwnershipTransferred { successor, previous_owner_id } => {
                let stepped_down = View::RoleChanged { role: Role::Admin, previous_role: Role::Owner };
                vec![promoted(successor), (previous_owner_id.unwrap_or(self.actor_id()), stepped_down)]
            }
            ChangeKind::Joined { user_id, role, via, .. } => {
                vec![(*user_id, View::Added { role: *role, via: Some(*via) })]
            }
            ChangeKind::Invited { user_id, .. } => vec![(*user_id, View::Invited)],
            ChangeKind::InvitationEnded { user_id, .. } => vec![(*user_id, View::InvitationEnded)],
            ChangeKind::JoinRequested { .. } => vec![(self.actor_id(), View::JoinRequested)],
            ChangeKind::JoinRequestEnded { user_id, .. } => vec![(*user_id, View::JoinRequestEnded)],
            ChangeKind::Banned { user_id, before, .. } => {
                let view = before.map(|before| match before {
                    Audience::Managers | Audience::Members => View::Banned,
                    Audience::Invited => View::InvitationEnded,
                    Audience::Requested => View::JoinRequestEnded,
                });
                view.map(|view| (*user_id, view)).into_iter().collect()
            }
            ChangeKind::SettingsChanged { .. }
            | ChangeKind::GroupDeleted
            | ChangeKind::Unbanned { .. }
            | ChangeKind::LinkCreated { .. }
            | ChangeKind::LinksRevoked { .. } => Vec::new(),
        }
    }

    /// The view of one user; `None` if they are not told of the change. `audience` is what they are to the group before the
    /// change, or after it if they join.
    pub fn view_for(&self, user_id: UserId, audience: Audience) -> Option<View> {
        let subject = self.subjects().into_iter().find(|(subject, _)| *subject == user_id);
        subject.map(|(_, view)| view).or_else(|| self.view_of_others(audience))
    }

    /// The view of those who are not among the [`subjects`](Self::subjects); `None` if they are not told of the change.
    pub fn view_of_others(&self, audience: Audience) -> Option<View> {
        match audience {
            Audience::Managers if self.is_private() => Some(View::Manager),
            Audience::Managers | Audience::Members => Some(View::Other),
            Audience::Invited => self.ends_group().then_some(View::InvitationEnded),
            Audience::Requested => self.ends_group().then_some(View::JoinRequestEnded),
        }
    }
}
