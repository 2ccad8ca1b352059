//! Bodies of the ways into a group: invitations, requests to join, bans and links.

use std::num::NonZeroU32;
use std::time::Duration;

use groups_domain::{Role, UserId};
use groups_protocol::{BanBody, GroupJoinRequestBody, InvitationBody, JoinRequestBody, LetInBody, LinkPreviewBody};
use serde::{Deserialize, Serialize};

use crate::body::Group;

/// A group as people see it who are not members.
pub type Preview = groups_protocol::PreviewBody<'static>;
/// An invitation of the calling user.
pub type Invitation = InvitationBody<'static>;
/// A request to join of the calling user.
pub type JoinRequest = JoinRequestBody<'static>;
/// An invitation that was not answered, as admins see it.
pub type GroupInvitation = groups_protocol::GroupInvitationBody;
/// A request to join that was not answered, as admins see it.
pub type GroupJoinRequest = GroupJoinRequestBody<'static>;
/// A new member who has asked to join before they were invited.
pub type LetIn = LetInBody<'static>;
/// A ban.
pub type Ban = BanBody<'static>;
/// A link into a group, without its token.
pub type Link = groups_protocol::LinkBody;
/// A new link, with its token.
pub type CreatedLink = groups_protocol::CreatedLinkBody;
/// Where a link leads.
pub type LinkPreview = LinkPreviewBody<'static>;
/// One page of the calling user's invitations.
pub type InvitationPage = groups_protocol::InvitationPage<'static>;
/// One page of the calling user's requests to join.
pub type JoinRequestPage = groups_protocol::JoinRequestPage<'static>;
/// One page of the invitations of a group.
pub type GroupInvitationPage = groups_protocol::GroupInvitationPage;
/// One page of the requests to join a group.
pub type GroupJoinRequestPage = groups_protocol::GroupJoinRequestPage<'static>;
/// One page of the bans of a group.
pub type BanPage = groups_protocol::BanPage<'static>;
/// One page of the links of a group.
pub type LinkPage = groups_protocol::LinkPage;
/// One page of the groups that outsiders can join or ask to join.
pub type DirectoryPage = groups_protocol::DirectoryPage<'static>;

/// A user to invite.
///
/// ```
/// use std::time::Duration;
///
/// use groups_client::{NewInvitation, Role, UserId};
///
/// # let bob: UserId = "0197f1f0-0000-7000-8000-000000000001".parse()?;
/// const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// let invitation = NewInvitation::plain(bob).role(Role::Admin).expires_in(WEEK);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewInvitation {
    user_id: UserId,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_seconds: Option<u64>,
}

impl NewInvitation {
    /// An invitation as `member` that does not expire.
    pub fn plain(user_id: UserId) -> Self {
        Self { user_id, role: Role::Member, expires_in_seconds: None }
    }

    /// Sets the role that the user gets. Default: `member`.
    #[must_use]
    pub fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// Sets after how long the invitation expires, in whole seconds: 1 second to 366 days. Default: never.
    #[must_use]
    pub fn expires_in(self, time: Duration) -> Self {
        Self { expires_in_seconds: Some(time.as_secs()), ..self }
    }
}

/// A link to create.
///
/// ```
/// use std::num::NonZeroU32;
///
/// let link = groups_client::NewLink::default().uses_max(NonZeroU32::MIN).approval(true);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewLink {
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uses_max: Option<NonZeroU32>,
    approval: bool,
}

/// A link that makes any number of people a `member`, and does not expire.
impl Default for NewLink {
    fn default() -> Self {
        Self { role: Role::Member, expires_in_seconds: None, uses_max: None, approval: false }
    }
}

impl NewLink {
    /// Sets the role of those who join with the link. Default: `member`.
    #[must_use]
    pub fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// Sets after how long the link expires, in whole seconds: 1 second to 366 days. Default: never.
    #[must_use]
    pub fn expires_in(self, time: Duration) -> Self {
        Self { expires_in_seconds: Some(time.as_secs()), ..self }
    }

    /// Sets how many people can use the link. Default: any number.
    #[must_use]
    pub fn uses_max(self, uses: NonZeroU32) -> Self {
        Self { uses_max: Some(uses), ..self }
    }

    /// Sets whether those who use the link ask to join instead of joining. Default: no.
    #[must_use]
    pub fn approval(self, approval: bool) -> Self {
        Self { approval, ..self }
    }
}

/// The result of inviting a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Invited {
    /// They had asked to join, so they are a member now.
    LetIn(Box<LetIn>),
    /// They are invited, by this call or by an earlier one, whose invitation is unchanged.
    Invited(GroupInvitation),
}

/// The result of joining a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Joined {
    /// The caller is a member, with the role in the group.
    Member(Box<Group>),
    /// The caller has asked to join, and waits for an admin.
    Requested(groups_protocol::RequestedBody),
}

/// What somebody writes to the admins with a request to join.
#[derive(Serialize)]
pub(crate) struct MessageBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<&'a str>,
}

/// Why somebody is banned.
#[derive(Serialize)]
pub(crate) struct ReasonBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a str>,
}

/// The role of somebody who is let in.
#[derive(Serialize)]
pub(crate) struct ApprovalBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
}
