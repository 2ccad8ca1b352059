//! Changes in the history of a group.

use std::borrow::Cow;
use std::num::NonZeroU32;

use groups_domain::{
    Change, ChangeKind, InvitationEnd, JoinPolicy, JoinRequestEnd, LinkId, NewMember, Note, Role, UserId, Version, Via,
};
use serde::{Deserialize, Serialize};

/// A change in the history of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    test,
    derive(ts_rs::TS, schemars::JsonSchema),
    ts(rename = "ChangeRecord"),
    schemars(rename = "ChangeRecord")
)]
pub struct ChangeBody<'a> {
    /// The version of the group after the change.
    #[cfg_attr(test, ts(type = "number"), schemars(with = "crate::schema::Version"))]
    pub version: Version,
    /// The time of the change.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub at: String,
    /// The user who made the change.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub actor_id: UserId,
    /// `true` if an operator made the change, absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "true"), schemars(with = "Option<crate::schema::True>"))]
    pub operator: Option<bool>,
    /// The kind of change, with its details.
    #[serde(flatten)]
    pub action: ChangeAction<'a>,
}

/// The kind of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub enum ChangeAction<'a> {
    /// The group was created.
    GroupCreated {
        /// The name of the group.
        name: Cow<'a, str>,
        /// The description of the group.
        description: Cow<'a, str>,
        /// The owner: the actor, unless an operator created the group for somebody.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        owner_id: UserId,
        /// The initial members, without the owner.
        members: Vec<NewMemberBody>,
    },
    /// The name or the description changed.
    SettingsChanged {
        /// The new name. Absent if it did not change.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        name: Option<Cow<'a, str>>,
        /// The new description. Absent if it did not change.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        description: Option<Cow<'a, str>>,
        /// The new join policy. Absent if it did not change.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "JoinPolicy"), schemars(with = "Option<crate::schema::JoinPolicy>"))]
        join_policy: Option<JoinPolicy>,
    },
    /// One user joined.
    MemberAdded(NewMemberBody),
    /// Several users were added in one change.
    MembersAdded {
        /// The number of users added.
        count: usize,
        /// The new members, in joining order.
        members: Vec<NewMemberBody>,
    },
    /// A member was removed.
    MemberRemoved {
        /// The user who was removed.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
    },
    /// A member left.
    MemberLeft {
        /// The user who left.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
        /// The new owner, if the user who left was the owner. Absent otherwise.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "Uuid"), schemars(with = "Option<crate::schema::Id>"))]
        new_owner_id: Option<UserId>,
    },
    /// A member's role changed.
    RoleChanged {
        /// The user whose role changed.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
        /// The role after the change.
        #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
        role: Role,
        /// The role before the change.
        #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
        previous_role: Role,
    },
    /// The ownership was transferred.
    OwnerChanged {
        /// The new owner.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
    },
    /// The group was deleted.
    GroupDeleted,
    /// Somebody was invited.
    Invited {
        /// The invited user.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
        /// The role that they get.
        #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
        role: Role,
        /// The time from which the invitation counts as absent. `null`: it does not expire.
        #[cfg_attr(test, ts(type = "Time | null"), schemars(with = "Option<crate::schema::Time>"))]
        expires_at: Option<String>,
    },
    /// An invitation ended without a membership.
    InvitationEnded {
        /// The user who was invited.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
        /// Why it ended.
        #[cfg_attr(test, ts(type = "InvitationEnd"), schemars(with = "crate::schema::InvitationEnd"))]
        reason: InvitationEnd,
    },
    /// The actor asked to join.
    JoinRequested {
        /// The actor.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
        /// What they have written. Absent if nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "string"), schemars(with = "Option<crate::schema::Note>"))]
        message: Option<Cow<'a, str>>,
        /// The link that they used. Absent if none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "Uuid"), schemars(with = "Option<crate::schema::Id>"))]
        link_id: Option<LinkId>,
    },
    /// A request to join ended without a membership.
    JoinRequestEnded {
        /// The user who had asked.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
        /// Why it ended.
        #[cfg_attr(test, ts(type = "JoinRequestEnd"), schemars(with = "crate::schema::JoinRequestEnd"))]
        reason: JoinRequestEnd,
    },
    /// Somebody was banned, and removed if they were a member.
    Banned {
        /// The banned user.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
        /// Why. Absent if nobody has said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "string"), schemars(with = "Option<crate::schema::Note>"))]
        reason: Option<Cow<'a, str>>,
    },
    /// A ban was lifted.
    Unbanned {
        /// The user who was banned.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
    },
    /// A link was created.
    LinkCreated {
        /// The link.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        link_id: LinkId,
        /// The role of those who join with it.
        #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
        role: Role,
        /// The time from which it counts as absent. `null`: it does not expire.
        #[cfg_attr(test, ts(type = "Time | null"), schemars(with = "Option<crate::schema::Time>"))]
        expires_at: Option<String>,
        /// How many people can use it. `null`: any number.
        uses_max: Option<NonZeroU32>,
        /// Whether those who use it ask to join instead of joining.
        approval: bool,
    },
    /// Links were revoked.
    LinkRevoked {
        /// The links.
        #[cfg_attr(test, ts(type = "Uuid[]"), schemars(with = "Vec<crate::schema::Id>"))]
        link_ids: Cow<'a, [LinkId]>,
    },
}

/// A user who joined with a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Joined"), schemars(rename = "Joined"))]
pub struct NewMemberBody {
    /// The new member.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// The role of the new member.
    #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
    pub role: Role,
    /// How they joined. Absent if they were added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "Via"), schemars(with = "Option<crate::schema::Via>"))]
    pub via: Option<Via>,
    /// The link that they used. Absent if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "Uuid"), schemars(with = "Option<crate::schema::Id>"))]
    pub link_id: Option<LinkId>,
}

impl<'a> ChangeBody<'a> {
    /// The history entry of a change.
    pub fn new(change: &'a Change) -> Self {
        Self {
            version: change.version(),
            at: change.at().to_string(),
            actor_id: change.actor_id(),
            operator: change.actor.is_operator().then_some(true),
            action: ChangeAction::new(change),
        }
    }
}

impl<'a> ChangeAction<'a> {
    fn new(change: &'a Change) -> Self {
        let joined = |members: &[NewMember]| members.iter().map(NewMemberBody::new).collect();
        match &change.kind {
            ChangeKind::GroupCreated { members } => Self::GroupCreated {
                name: change.group.name.as_str().into(),
                description: change.group.description.as_str().into(),
                owner_id: change.group.owner_id,
                members: joined(members),
            },
            ChangeKind::SettingsChanged { name, description, join_policy } => Self::SettingsChanged {
                name: name.as_ref().map(|name| name.as_str().into()),
                description: description.as_ref().map(|description| description.as_str().into()),
                join_policy: *join_policy,
            },
            ChangeKind::MembersAdded { members } => match &members[..] {
                [member] => Self::MemberAdded(NewMemberBody::new(member)),
                _ => Self::MembersAdded { count: members.len(), members: joined(members) },
            },
            ChangeKind::MemberRemoved { user_id } => Self::MemberRemoved { user_id: *user_id },
            ChangeKind::MemberLeft { successor } => {
                Self::MemberLeft { user_id: change.actor_id(), new_owner_id: successor.map(|to| to.user_id) }
            }
            ChangeKind::RoleChanged { user_id, role, previous_role } => {
                Self::RoleChanged { user_id: *user_id, role: *role, previous_role: *previous_role }
            }
            ChangeKind::OwnershipTransferred { successor, .. } => Self::OwnerChanged { user_id: successor.user_id },
            ChangeKind::GroupDeleted => Self::GroupDeleted,
            ChangeKind::Joined { user_id, role, via, link_id } => {
                Self::MemberAdded(NewMemberBody { user_id: *user_id, role: *role, via: Some(*via), link_id: *link_id })
            }
            ChangeKind::Invited { user_id, role, expires_at } => {
                Self::Invited { user_id: *user_id, role: *role, expires_at: expires_at.map(|at| at.to_string()) }
            }
            ChangeKind::InvitationEnded { user_id, reason } => {
                Self::InvitationEnded { user_id: *user_id, reason: *reason }
            }
            ChangeKind::JoinRequested { role: _, message, link_id } => {
                Self::JoinRequested { user_id: change.actor_id(), message: text(message), link_id: *link_id }
            }
            ChangeKind::JoinRequestEnded { user_id, reason } => {
                Self::JoinRequestEnded { user_id: *user_id, reason: *reason }
            }
            ChangeKind::Banned { user_id, reason, before: _ } => {
                Self::Banned { user_id: *user_id, reason: text(reason) }
            }
            ChangeKind::Unbanned { user_id } => Self::Unbanned { user_id: *user_id },
            ChangeKind::LinkCreated { link_id, role, expires_at, uses_max, approval } => Self::LinkCreated {
                link_id: *link_id,
                role: *role,
                expires_at: expires_at.map(|at| at.to_string()),
                uses_max: *uses_max,
                approval: *approval,
            },
            ChangeKind::LinksRevoked { link_ids } => Self::LinkRevoked { link_ids: link_ids.as_slice().into() },
        }
    }
}

impl NewMemberBody {
    fn new(member: &NewMember) -> Self {
        Self { user_id: member.user_id, role: member.role, via: None, link_id: None }
    }
}

/// `None` if nothing is written.
fn text(note: &Note) -> Option<Cow<'_, str>> {
    (!note.is_empty()).then(|| note.as_str().into())
}
