//! The wire format of groups: HTTP bodies, WebSocket messages, error codes, close codes and times.
//!
//! `docs/contract.md` in the repository documents their meaning. Fields are declared in the order in which the server writes them,
//! `type` first. Times are RFC 3339 in UTC with milliseconds. The owner of a group is called `admin_id`.
//!
//! HTTP bodies, events and server messages implement both `Serialize` and `Deserialize`. The wire format only grows: unknown
//! fields are ignored, and a message of an unknown type becomes [`Message::Unknown`].
//!
//! Bodies, messages and events mirror the wire format field by field and are exhaustive on purpose: when the wire grows, the
//! server does not compile until it sets the new field, and this crate gets a new breaking version. What a client branches on
//! without knowing every case is `#[non_exhaustive]`: [`Message`], [`CloseCode`], [`Code`] and [`AddOutcome`].
//!
//! ```
//! use groups_protocol::{EventBody, Message};
//!
//! let text = r#"{"type":"group_deleted","group_id":"01a206fc-a3f1-74f8-961b-09bfcaf893aa","version":7,"cursor":"c",
//!     "at":"2026-11-23T05:59:10.065Z","actor_id":"f7a54a9e-b01a-593f-8b27-0307af030bbc","group_name":"Team",
//!     "deleted_by":"f7a54a9e-b01a-593f-8b27-0307af030bbc","added_later":true}"#;
//! let Message::Event(event) = Message::parse(text)? else { panic!("an event") };
//! let EventBody::GroupDeleted { head, group_name, .. } = *event else { panic!("a deletion") };
//! assert_eq!((head.version.get(), head.cursor.as_ref(), group_name.as_ref()), (7, "c", "Team"));
//! # Ok::<(), serde_json::Error>(())
//! ```

mod access;
mod answer;
mod catch_up;
mod change;
mod client_message;
mod close;
mod code;
mod event;
mod group;
mod member;
mod message;
mod name;
mod operator;
mod pending;
#[cfg(test)]
mod schema;
mod server_message;
mod snapshot;
#[cfg(test)]
mod typescript;
mod webhook;

pub use access::{
    BanBody, BanPage, CreatedLinkBody, DirectoryPage, GroupInvitationBody, GroupInvitationPage, GroupJoinRequestBody,
    GroupJoinRequestPage, InvitationPage, JoinRequestPage, LetInBody, LinkBody, LinkPage, LinkPreviewBody,
    RequestedBody, RequestedState,
};
pub use answer::{
    AccessBody, AddOutcome, AddedBody, AddedMember, BlockBody, BlockPage, ChangePage, FoundGroupPage, GroupPage,
    JobBody, JobCreatedBody, JobStateBody, LoginBody, MeBody, MemberPage, PeopleBody, PersonBody, SubjectBody,
};
pub use catch_up::CatchUpBody;
pub use change::{ChangeAction, ChangeBody, NewMemberBody};
pub use client_message::{ClientMessage, ParseError, parse};
pub use close::{CloseCode, retry_reason};
pub use code::{Code, ProblemBody};
pub use event::{ActionBody, EventBody, EventHead};
pub use group::{GroupBody, GroupTexts, PreviewBody, group_page_text, group_text};
pub use member::MemberBody;
pub use message::Message;
pub use operator::{
    CheckBody, CheckResultBody, CheckResultsBody, LogChangeBody, LogPage, LogSpanBody, StatsBody, UserBody, UsersBody,
};
pub use pending::{InvitationBody, JoinRequestBody, pending_bodies};
pub use server_message::{ErrorCode, ServerMessage};
pub use snapshot::snapshot_text;
pub use webhook::{
    AttemptBody, CatchUpMessage, CreatedWebhookBody, DeliveryPage, GroupMessage, PauseReasonBody, TestMessage,
    TestResultBody, WEBHOOK_TYPES, WebhookBody, WebhookMessage, WebhookPage, WebhookStateBody,
};

/// The `cursor` of every snapshot piece except the last. It is not a position, so that no client resumes from an incomplete list.
pub const NO_CURSOR: &str = "0";

/// The checks that the fuzz targets in `crates/groups-fuzz` run.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    /// Any text as a client message.
    pub fn client_message(input: &str) {
        crate::client_message::fuzz::client_message(input);
    }
}
