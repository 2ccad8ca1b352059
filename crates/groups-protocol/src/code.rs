//! Error codes, and the body of every error (RFC 9457).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($name:ident = $code:literal, $status:literal, $title:literal;)*) => {
        /// A stable error code for programs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $(#[doc = $title] $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable name of the code.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The HTTP status of the code.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The general meaning of the code, for people.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    MalformedRequest = "malformed_request", 400, "Malformed request";
    Unauthenticated = "unauthenticated", 401, "Authentication required";
    Forbidden = "forbidden", 403, "Forbidden";
    NotFound = "not_found", 404, "Not found";
    GroupNotFound = "group_not_found", 404, "Group not found";
    InvitationNotFound = "invitation_not_found", 404, "Invitation not found";
    JobNotFound = "job_not_found", 404, "Job not found";
    LinkNotFound = "link_not_found", 404, "Link not found";
    MemberNotFound = "member_not_found", 404, "Member not found";
    RequestNotFound = "request_not_found", 404, "Request to join not found";
    WebhookNotFound = "webhook_not_found", 404, "Webhook not found";
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    RequestTimeout = "request_timeout", 408, "Request timeout";
    AlreadyMember = "already_member", 409, "Already a member";
    Banned = "banned", 409, "Banned from the group";
    GroupExists = "group_exists", 409, "Group already exists";
    OwnerMustTransfer = "owner_must_transfer", 409, "Ownership must be transferred first";
    CursorExpired = "cursor_expired", 410, "Cursor expired";
    VersionMismatch = "version_mismatch", 412, "Version mismatch";
    PayloadTooLarge = "payload_too_large", 413, "Payload too large";
    MisdirectedRequest = "misdirected_request", 421, "Misdirected request";
    InvalidName = "invalid_name", 422, "Invalid name";
    InvalidDescription = "invalid_description", 422, "Invalid description";
    InvalidRole = "invalid_role", 422, "Invalid role";
    InvalidJoinPolicy = "invalid_join_policy", 422, "Invalid join policy";
    InvalidExpiry = "invalid_expiry", 422, "Invalid expiry";
    InvalidUsesMax = "invalid_uses_max", 422, "Invalid number of uses";
    InvalidMessage = "invalid_message", 422, "Invalid message";
    InvalidReason = "invalid_reason", 422, "Invalid reason";
    InvalidUrl = "invalid_url", 422, "Invalid URL";
    InvalidEventType = "invalid_event_type", 422, "Invalid type of event";
    TooManyMembers = "too_many_members", 422, "Too many members";
    TooManyGroups = "too_many_groups", 422, "Too many groups";
    TooManyInvitations = "too_many_invitations", 422, "Too many invitations";
    TooManyRequestsToJoin = "too_many_requests_to_join", 422, "Too many requests to join";
    TooManyBans = "too_many_bans", 422, "Too many bans";
    TooManyLinks = "too_many_links", 422, "Too many links";
    TooManyBlocks = "too_many_blocks", 422, "Too many blocked people";
    TooManyWebhooks = "too_many_webhooks", 422, "Too many webhooks";
    IdempotencyKeyReused = "idempotency_key_reused", 422, "Idempotency key reused with another request";
    UpgradeRequired = "upgrade_required", 426, "Upgrade required";
    RateLimited = "rate_limited", 429, "Too many requests";
    Internal = "internal", 500, "Internal server error";
    Unavailable = "unavailable", 503, "Service unavailable";
}

/// The body of an error response: RFC 9457, `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "Problem"), schemars(rename = "Problem"))]
pub struct ProblemBody<'a> {
    /// Always `about:blank`. Use `code` to distinguish errors.
    pub r#type: Cow<'a, str>,
    /// The general meaning of `code`, for people.
    pub title: Cow<'a, str>,
    /// The HTTP status.
    pub status: u16,
    /// A description of this error, for people.
    pub detail: Cow<'a, str>,
    /// The stable error code, for programs.
    #[cfg_attr(test, ts(type = "ErrorCode"), schemars(with = "crate::schema::Code"))]
    pub code: Cow<'a, str>,
    /// The header `X-Request-Id` of the response: what to tell the operator, whose log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub request_id: Option<Cow<'a, str>>,
}

impl<'a> ProblemBody<'a> {
    /// Builds the body from a code and a description of the error, without a request id.
    pub fn new(code: Code, detail: &'a str) -> Self {
        Self {
            r#type: "about:blank".into(),
            title: code.title().into(),
            status: code.status(),
            detail: detail.into(),
            code: code.as_str().into(),
            request_id: None,
        }
    }
}
