//! A change as other members see it.

use std::borrow::Cow;
use std::num::NonZeroU32;

use groups_domain::{Action, InvitationEnd, JoinRequestEnd, LinkId, Note, Role, UserId, Via};
use serde::{Deserialize, Serialize};

/// The maximum number of users that `members_added` lists. For more users, it contains only the count.
const NAMED_MEMBERS_MAX: usize = 100;

/// A change of other members or of the group itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Action"), schemars(rename = "Action"))]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum ActionBody<'a> {
    /// One user was added.
    MemberAdded {
        /// The new member.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
        /// The role of the new member.
        #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
        role: Role,
        /// How the new member joined. Absent if they were added.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "Via"), schemars(with = "Option<crate::schema::Via>"))]
        via: Option<Via>,
    },
    /// Several users were added in one change.
    MembersAdded {
        /// The number of users added.
        count: usize,
        /// The new members in joining order. Absent if there are more than 100.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "Uuid[]"), schemars(with = "Option<Vec<crate::schema::Id>>"))]
        user_ids: Option<Cow<'a, [UserId]>>,
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
    /// Another member's role changed.
    RoleChanged {
        /// The member whose role changed.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
        /// The new role.
        #[cfg_attr(test, ts(type = "Role"), schemars(with = "crate::schema::Role"))]
        role: Role,
    },
    /// The ownership was transferred between other members.
    OwnerChanged {
        /// The new owner.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
    },
    /// The name, the description or the join policy changed.
    SettingsChanged,
    /// To plain members: something changed that only the owner and admins are told. It names nobody: `actor_id` is the nil
    /// UUID.
    AccessChanged,
    /// To the owner and admins, like the following ones: somebody was invited.
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
    /// Somebody asked to join.
    JoinRequested {
        /// The user who asked.
        #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
        user_id: UserId,
        /// What they have written. Absent if nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "string"), schemars(with = "Option<crate::schema::Note>"))]
        message: Option<Cow<'a, str>>,
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
        /// The link, if it is one. Absent if all links were revoked at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional, type = "Uuid"), schemars(with = "Option<crate::schema::Id>"))]
        link_id: Option<LinkId>,
        /// The links.
        #[cfg_attr(test, ts(type = "Uuid[]"), schemars(with = "Vec<crate::schema::Id>"))]
        link_ids: Cow<'a, [LinkId]>,
    },
}

impl<'a> ActionBody<'a> {
    pub(super) fn new(action: &'a Action) -> Self {
        match action {
            Action::MemberAdded { user_id, role, via } => {
                Self::MemberAdded { user_id: *user_id, role: *role, via: *via }
            }
            Action::MembersAdded { user_ids } => Self::MembersAdded {
                count: user_ids.len(),
                user_ids: (user_ids.len() <= NAMED_MEMBERS_MAX).then_some(user_ids.as_slice().into()),
            },
            Action::MemberRemoved { user_id } => Self::MemberRemoved { user_id: *user_id },
            Action::MemberLeft { user_id, successor } => {
                Self::MemberLeft { user_id: *user_id, new_owner_id: *successor }
            }
            Action::RoleChanged { user_id, role } => Self::RoleChanged { user_id: *user_id, role: *role },
            Action::OwnerChanged { user_id } => Self::OwnerChanged { user_id: *user_id },
            Action::SettingsChanged => Self::SettingsChanged,
            Action::AccessChanged => Self::AccessChanged,
            Action::Invited { user_id, role, expires_at } => {
                Self::Invited { user_id: *user_id, role: *role, expires_at: expires_at.map(|at| at.to_string()) }
            }
            Action::InvitationEnded { user_id, reason } => Self::InvitationEnded { user_id: *user_id, reason: *reason },
            Action::JoinRequested { user_id, message } => {
                Self::JoinRequested { user_id: *user_id, message: text(message) }
            }
            Action::JoinRequestEnded { user_id, reason } => {
                Self::JoinRequestEnded { user_id: *user_id, reason: *reason }
            }
            Action::Banned { user_id, reason } => Self::Banned { user_id: *user_id, reason: text(reason) },
            Action::Unbanned { user_id } => Self::Unbanned { user_id: *user_id },
            Action::LinkCreated { link_id, role, expires_at, uses_max, approval } => Self::LinkCreated {
                link_id: *link_id,
                role: *role,
                expires_at: expires_at.map(|at| at.to_string()),
                uses_max: *uses_max,
                approval: *approval,
            },
            Action::LinksRevoked { link_ids } => {
                let link_id = match link_ids[..] {
                    [link_id] => Some(link_id),
                    _ => None,
                };
                Self::LinkRevoked { link_id, link_ids: link_ids.as_slice().into() }
            }
        }
    }
}

/// `None` if nothing is written.
fn text(note: &Note) -> Option<Cow<'_, str>> {
    (!note.is_empty()).then(|| note.as_str().into())
}
