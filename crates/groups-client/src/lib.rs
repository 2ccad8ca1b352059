//! Client for the groups service.
//!
//! [`Client`] makes HTTP calls: typed bodies, typed errors, and retries where they are safe. [`Watch`] keeps the list of a user's
//! groups up to date over a WebSocket, across lost connections and restarts of the server, with each version of a group exactly
//! once and in order.
//!
//! ```no_run
//! use groups_client::{Client, NewGroup, NewMember, Update, UserId};
//!
//! # async fn example(token: String, bob: UserId) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("https://groups.example").token(token).build()?;
//!
//! let team = client.groups().create(NewGroup::new("Project Team")).await?;
//! client.group(team.group_id).add(NewMember::plain(bob)).await?;
//! client.group(team.group_id).rename("Project Team 2").if_version(2.into()).await?;
//!
//! let mut watch = client.watch().start();
//! while let Update::Event(_) | Update::Snapshot(_) | Update::Status(_) = watch.next().await? {
//!     for row in watch.sidebar().rows() {
//!         println!("{} ({})", row.group.name, row.role);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Backends use [`Client::admin`]: [`Admin::feed`] follows the changes of all groups, [`Admin::webhooks`] manages webhooks.
//!
//! # Tokens
//!
//! [`ClientBuilder::token`] always uses the same token. A [`TokenProvider`] is asked for one before each WebSocket connection, and
//! when the server has refused the last one.
//!
//! # Errors
//!
//! [`Error::code`] has the stable code of a refusal. A call that fails with [`Error::Unreachable`] may have been executed; repeat it
//! with [`Call::idempotency_key`] and the key of the error, and it is executed once.
//!
//! # Cancellation
//!
//! Every future may be dropped. [`Watch::next`] loses nothing then. A dropped [`Call`] may have been executed.
//!
//! # Limits
//!
//! A response has at most 16 MiB, and so does a WebSocket message. Connecting takes at most 20 seconds, a token provider 30 seconds,
//! and each attempt of a call 30 seconds ([`ClientBuilder::attempt_timeout`]). At most 8 unused connections are kept.
//!
//! # TLS
//!
//! `https://` uses rustls with the root certificates of the operating system; `SSL_CERT_FILE` names others. HTTP proxies are not
//! supported.
//!
//! The protocol only grows: messages, fields and values that this version does not know are ignored.

mod access;
mod admin;
mod backoff;
mod blocks;
mod body;
mod box_error;
mod call;
mod client;
mod error;
mod groups;
mod http;
mod link_token;
mod outsider;
mod pages;
mod token;
mod transport;
mod url;
mod watch;
mod ways_in;

pub use access::{
    Ban, BanPage, CreatedLink, DirectoryPage, GroupInvitation, GroupInvitationPage, GroupJoinRequest,
    GroupJoinRequestPage, Invitation, InvitationPage, Invited, JoinRequest, JoinRequestPage, Joined, LetIn, Link,
    LinkPage, LinkPreview, NewInvitation, NewLink, Preview,
};
pub use admin::{
    Admin, Check, CheckResult, Checks, CreatedWebhook, Delivery, DeliveryPage, Feed, FeedError, FeedRetry, FoundGroups,
    FoundUser, GroupQuery, Job, JobId, JobRef, JobState, LogChange, LogPage, NewOwnedGroup, NewWebhook,
    ParseJobIdError, PauseReason, Removal, TestResult, Webhook, WebhookPage, WebhookSettings, WebhookState,
    WebhookTypes, Webhooks,
};
pub use blocks::Blocks;
pub use body::{
    Added, AddedUser, ChangeRecord, Group, GroupPage, History, Member, MemberPage, NewGroup, Page, Settings,
};
pub use box_error::BoxError;
pub use call::Call;
pub use client::{BuildError, Client, ClientBuilder};
pub use error::{Error, Refusal};
pub use groups::{GroupHandle, Groups};
// The types of bodies, events and the list, so that users of this crate need no dependency of their own on these crates.
pub use groups_domain::{
    GroupId, InvitationEnd, JoinPolicy, JoinRequestEnd, LeaveReason, LinkId, NewMember, Pending, PendingKind, Role,
    Sidebar, SidebarRow, Timestamp, UserId, Uuid, Version, Via,
};
pub use groups_protocol::{
    AccessBody, ActionBody, AddOutcome, BlockBody, BlockPage, ChangeAction, Code, EventBody, EventHead, LoginBody,
    MeBody, PeopleBody, PersonBody, RequestedBody, RequestedState, UserBody, UsersBody,
};
pub use link_token::{LinkToken, ParseLinkTokenError};
pub use outsider::{Directory, Invitations, JoinRequests, LinkHandle};
pub use token::{TokenError, TokenFuture, TokenProvider, TokenReason};
pub use url::UrlError;
pub use watch::{Checkpoint, Effect, GroupEvent, Snapshot, Status, Typing, Update, Watch, WatchBuilder};

/// Compiles the README's example as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
