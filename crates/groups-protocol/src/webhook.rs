//! Bodies of `/v1/admin/webhooks`, and what receivers get.

use std::borrow::Cow;

use groups_domain::{Change, GroupId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ChangeAction, ChangeBody, GroupBody};

/// Every type of message that a webhook can get except `group.*`, which stands for all that start with
/// `group.`.
pub const WEBHOOK_TYPES: [&str; 18] = [
    "group.group_created",
    "group.settings_changed",
    "group.member_added",
    "group.members_added",
    "group.member_removed",
    "group.member_left",
    "group.role_changed",
    "group.owner_changed",
    "group.group_deleted",
    "group.invited",
    "group.invitation_ended",
    "group.join_requested",
    "group.join_request_ended",
    "group.banned",
    "group.unbanned",
    "group.link_created",
    "group.link_revoked",
    CATCH_UP,
];

/// The type of [`CatchUpMessage`].
const CATCH_UP: &str = "user.catch_up";

/// The type of [`TestMessage`].
const TEST: &str = "webhook.test";

/// Whether something is delivered to a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    test,
    derive(ts_rs::TS, schemars::JsonSchema),
    ts(rename = "WebhookState"),
    schemars(rename = "WebhookState")
)]
pub enum WebhookStateBody {
    /// Changes are delivered.
    Active,
    /// Nothing is delivered.
    Paused,
}

/// Why a webhook is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "PauseReason"), schemars(rename = "PauseReason"))]
pub enum PauseReasonBody {
    /// An operator has paused it.
    Operator,
    /// Deliveries have failed for three days.
    Failed,
    /// The receiver has answered 410.
    Gone,
    /// The log no longer has the changes after `cursor`.
    LogExpired,
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Webhook"), schemars(rename = "Webhook"))]
pub struct WebhookBody {
    /// The id of the webhook.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub webhook_id: Uuid,
    /// The version of the settings: 1 at creation, incremented by each change and each automatic pause.
    #[cfg_attr(test, ts(type = "number"), schemars(range(min = 1)))]
    pub version: u64,
    /// The address of the receiver.
    #[cfg_attr(test, schemars(length(max = 2_048)))]
    pub url: String,
    /// The types of messages that it gets. Absent: `group.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub types: Option<Vec<String>>,
    /// A text for operators: at most 1,000 characters.
    #[cfg_attr(test, schemars(length(max = 1_000)))]
    pub description: String,
    /// Whether changes are delivered.
    pub state: WebhookStateBody,
    /// Why it is paused. Absent if it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub reason: Option<PauseReasonBody>,
    /// Every change up to this position was delivered.
    #[cfg_attr(test, ts(type = "Cursor"), schemars(with = "crate::schema::Cursor"))]
    pub cursor: String,
    /// Since when the oldest undelivered message fails. Absent if it has not failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "Time"), schemars(with = "Option<crate::schema::Time>"))]
    pub failing_since: Option<String>,
    /// Why the last delivery failed. Absent if it has succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional), schemars(length(max = 500)))]
    pub last_error: Option<String>,
    /// Until when the previous secret also signs. Absent if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "Time"), schemars(with = "Option<crate::schema::Time>"))]
    pub previous_secret_until: Option<String>,
    /// The time of its creation.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub created_at: String,
    /// The time at which it got this version.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub updated_at: String,
}

/// Response of `POST /v1/admin/webhooks` and of `PATCH /v1/admin/webhooks/{webhook_id}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    test,
    derive(ts_rs::TS, schemars::JsonSchema),
    ts(rename = "WebhookWithSecret"),
    schemars(rename = "WebhookWithSecret")
)]
pub struct CreatedWebhookBody {
    /// The secret: the key that signs is what follows `whsec_`, in base64. Absent if the request made no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional), schemars(regex(pattern = r"^whsec_[A-Za-z0-9+/]{43}=$")))]
    pub secret: Option<String>,
    /// The webhook.
    #[serde(flatten)]
    #[cfg_attr(test, ts(flatten))]
    pub webhook: WebhookBody,
}

/// Without the secret.
impl std::fmt::Debug for CreatedWebhookBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedWebhookBody").field("webhook", &self.webhook).finish_non_exhaustive()
    }
}

/// Response of `GET /v1/admin/webhooks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct WebhookPage {
    /// The webhooks of the page, oldest first.
    pub webhooks: Vec<WebhookBody>,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
}

/// One attempt to deliver a message to a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Delivery"), schemars(rename = "Delivery"))]
pub struct AttemptBody {
    /// The header `webhook-id` of the message, the same for each attempt.
    pub message_id: String,
    /// The type of the message.
    pub r#type: String,
    /// The time at which the attempt began.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub at: String,
    /// The number of the attempt.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub attempt: u32,
    /// The status of the response. Absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub status: Option<u16>,
    /// Why the attempt failed. Absent if it has succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub error: Option<String>,
    /// How long the attempt took, in milliseconds.
    pub duration_ms: u32,
    /// The start of the body of the response. Absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub response: Option<String>,
}

/// Response of `GET /v1/admin/webhooks/{webhook_id}/deliveries`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct DeliveryPage {
    /// The attempts of the page, newest first.
    pub deliveries: Vec<AttemptBody>,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
}

/// Response of `POST /v1/admin/webhooks/{webhook_id}/test`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "TestResult"), schemars(rename = "TestResult"))]
pub struct TestResultBody {
    /// Whether the receiver has answered with a status of 200 to 299.
    pub delivered: bool,
    /// The status of the response. Absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub status: Option<u16>,
    /// Why it was not delivered. Absent if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// The start of the body of the response. Absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub response: Option<String>,
}

/// A message to the receiver of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub enum WebhookMessage<'a> {
    /// A change of a group.
    Group(Box<GroupMessage<'a>>),
    /// A user has something new.
    CatchUp(CatchUpMessage<'a>),
    /// A test.
    Test(TestMessage<'a>),
}

/// A change of a group, for the receiver of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct GroupMessage<'a> {
    /// `group.` and the `action`, as in `group.member_added`.
    pub r#type: Cow<'a, str>,
    /// The id of the group.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub group_id: GroupId,
    /// The position after this change.
    #[cfg_attr(test, ts(type = "Cursor"), schemars(with = "crate::schema::Cursor"))]
    pub cursor: Cow<'a, str>,
    /// The change.
    #[serde(flatten)]
    pub change: ChangeBody<'a>,
    /// The group after the change. After its deletion, the group before it.
    #[cfg_attr(test, ts(type = "GroupBody"))]
    pub group: GroupBody<'a>,
}

/// A user has something new, for the receiver of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct CatchUpMessage<'a> {
    /// Always `user.catch_up`.
    #[cfg_attr(test, ts(type = "\"user.catch_up\""))]
    pub r#type: Cow<'a, str>,
    /// The user.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub user_id: UserId,
    /// The time of the first change that the user has missed.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub at: String,
}

/// A test of a webhook, for its receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct TestMessage<'a> {
    /// Always `webhook.test`.
    #[cfg_attr(test, ts(type = "\"webhook.test\""))]
    pub r#type: Cow<'a, str>,
    /// The webhook.
    #[cfg_attr(test, ts(type = "Uuid"), schemars(with = "crate::schema::Id"))]
    pub webhook_id: Uuid,
    /// The time of the test.
    #[cfg_attr(test, ts(type = "Time"), schemars(with = "crate::schema::Time"))]
    pub at: String,
}

impl<'a> WebhookMessage<'a> {
    /// The message about a change, with the cursor of the position after it.
    pub fn group(change: &'a Change, cursor: &'a str) -> Self {
        let body = ChangeBody::new(change);
        Self::Group(Box::new(GroupMessage {
            r#type: body.action.webhook_type().into(),
            group_id: change.group_id(),
            cursor: cursor.into(),
            change: body,
            group: GroupBody::new(&change.group, None),
        }))
    }

    /// The message that a user has missed something since a time.
    pub fn catch_up(user_id: UserId, at: String) -> Self {
        Self::CatchUp(CatchUpMessage { r#type: CATCH_UP.into(), user_id, at })
    }

    /// The test of a webhook.
    pub fn test(webhook_id: Uuid, at: String) -> Self {
        Self::Test(TestMessage { r#type: TEST.into(), webhook_id, at })
    }

    /// The type of the message.
    pub fn message_type(&self) -> &str {
        match self {
            Self::Group(message) => &message.r#type,
            Self::CatchUp(message) => &message.r#type,
            Self::Test(message) => &message.r#type,
        }
    }
}

impl ChangeAction<'_> {
    /// The type of the message about such a change: `group.` and the `action`.
    pub fn webhook_type(&self) -> &'static str {
        match self {
            Self::GroupCreated { .. } => "group.group_created",
            Self::SettingsChanged { .. } => "group.settings_changed",
            Self::MemberAdded(_) => "group.member_added",
            Self::MembersAdded { .. } => "group.members_added",
            Self::MemberRemoved { .. } => "group.member_removed",
            Self::MemberLeft { .. } => "group.member_left",
            Self::RoleChanged { .. } => "group.role_changed",
            Self::OwnerChanged { .. } => "group.owner_changed",
            Self::GroupDeleted => "group.group_deleted",
            Self::Invited { .. } => "group.invited",
            Self::InvitationEnded { .. } => "group.invitation_ended",
            Self::JoinRequested { .. } => "group.join_requested",
            Self::JoinRequestEnded { .. } => "group.join_request_ended",
            Self::Banned { .. } => "group.banned",
            Self::Unbanned { .. } => "group.unbanned",
            Self::LinkCreated { .. } => "group.link_created",
            Self::LinkRevoked { .. } => "group.link_revoked",
        }
    }
}
