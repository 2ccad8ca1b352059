//! The rules of groups and memberships as a pure library.
//!
//! Everything is pure and synchronous: no clock, no randomness, no IO. Times and ids are arguments, so the same rules run
//! under a database lock in a service, in a test, or in memory without a database.
//!
//! Roles rank `owner` > `admin` > `member`. A member can only manage members whose role is lower and assign lower roles.
//! Everybody may leave, and the owner may transfer the ownership. A group has exactly one owner at all times.
//!
//! A user who is not a member may have a [`Standing`]: invited, asked to join, or banned. Each step between them is one change of the
//! group, and so is the use of a [`Link`].
//!
//! An [`Actor`] is a user who acts for themselves, or an operator of the service. An operator needs no membership and no
//! role. The rules that keep a group consistent still apply: one owner, the limits, and the expected version.
//!
//! # How it fits together
//!
//! ```text
//! Request ──reads()──▶ Facts ──decide()──▶ Change ──event_for()──▶ Event
//! (command, actor)   (the few rows        (what happened,        (what one user
//!                     it depends on)       one new version)       receives)
//!                                  └─────▶ Rejection (why not)
//! ```
//!
//! * A [`Request`] is a [`Command`] with the group, the actor and the time. [`Request::reads`] lists the users whose
//!   memberships the decision depends on. [`Request::candidates`] lists the users whose group count and consent it
//!   depends on. Both are bounded by the users that the command names.
//! * [`Facts`] is that bounded read set. Adding a user reads the same few rows in a group of three and in one of 100,000.
//! * [`decide`] returns a [`Decision`] or a [`Rejection`]. A comment above each guard states the rule, and a [`Rule`] names it.
//! * A [`Change`] is one new [`Version`] of the group. [`Change::effects`] lists its effects on memberships, and
//!   [`Facts::apply`] applies them, so that a batch of requests can be decided in memory, one after the other.
//! * [`event_for`] is the event for one affected user. It is a pure function of the change and of what the user is to the group
//!   ([`Audience`]), so a live push and a later catch-up cannot disagree. Each affected user gets exactly one event per version.
//! * [`Roster`] is a whole group in memory, for programs that embed the rules without a database. [`Sidebar`] is the
//!   client's side: one user's list of groups, kept up to date by folding events.
//! * [`ReadPoint`] says which commits of a log a read has seen. A store and a hub use it to join a read with the live
//!   changes without a gap and without a repetition.
//!
//! # Example
//!
//! ```
//! use groups_domain::{Command, GroupId, Limits, NewMember, Role, Roster, Timestamp, UserId, Uuid};
//!
//! let (ada, bob) = (UserId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
//! let group_id = GroupId::new(Uuid::from_u128(10));
//! let now = Timestamp::from_unix_millis(1_700_000_000_000);
//!
//! let mut roster = Roster::new(group_id, Limits::default());
//! roster.execute(ada, now, Command::create("Project Team", "")?)?;
//! let told = roster.execute(ada, now, Command::AddMember(NewMember::plain(bob)))?;
//!
//! assert_eq!(told.len(), 2, "Ada and Bob each get one event");
//! assert_eq!(roster.role_of(bob), Some(Role::Member));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Further documentation
//!
//! `docs/rules.md` in the repository lists every [`Rule`] with its identifier, every rejection, the permission table (command ×
//! role of the actor × role of the target), and the events of each change. Tests keep that document up to date.
//! `examples/embedded.rs` is a program that uses only this crate.
//!
//! # Guarantees and limits
//!
//! * The crate and its dependencies are `no_std` with `alloc` (`tests/no_std` proves it), so they cannot use a clock,
//!   files, sockets, threads or the environment.
//! * It is deterministic: it has no randomness, and its collections are ordered.
//! * It does not panic, even if the facts contradict each other.
//! * It does not limit how many users one command names. The caller does.
//! * It does not authenticate. The caller verifies the identity of the actor and whether they are an operator.
//! * It does not generate ids. The caller provides a new id for each group.
//!
//! # Compatibility
//!
//! Most types are exhaustive on purpose: a program that handles only a part of them would be wrong, and the compiler should
//! say so. A new variant or field is therefore a breaking release. A program that needs only a part writes a `_` arm or `..`.
//!
//! | exhaustive | reason |
//! |---|---|
//! | [`Command`], [`Request`], [`NewMember`], [`Actor`], [`Role`], [`JoinPolicy`], [`Via`] | Programs that authorise, limit or forward requests must know them all. |
//! | [`Facts`], [`Counts`], [`LinkReads`], [`People`], [`Limits`], [`AddPolicy`] | A fact that is not read leads to a wrong decision. |
//! | [`Decision`], [`Rejection`], [`LeftOut`], [`Obstacle`], [`AccessList`] | A service maps each answer to a response, and stores it for repeated requests. |
//! | [`Change`], [`ChangeKind`], [`Succession`], [`InvitationEnd`], [`JoinRequestEnd`], [`Effect`], [`Group`], [`Membership`], [`Standing`], [`Invitation`], [`JoinRequest`], [`Ban`], [`Link`] | A store must save them completely. |
//! | [`Audience`], [`View`], [`Preview`], [`Event`], [`EventKind`], [`Action`], [`LeaveReason`] | They mirror [`ChangeKind`]: a new event needs a new kind of change, which is a breaking release already. |
//! | [`ReadPoint`] | A store creates it, and every combination of its fields is valid. |
//! | [`Folded`], [`SidebarRow`], [`Pending`], [`PendingKind`] | A client must react to each result, and creates the rows. |
//!
//! Types that programs only show or receive are `#[non_exhaustive]`: [`Rule`], [`Told`], [`TextError`] and the errors of
//! parsing. All other types have private fields.
//!
//! # Features
//!
//! * `serde`: `Serialize` and `Deserialize` for [`Request`], [`Change`], [`Event`], [`Membership`] and everything that they contain.
//!   The format is this crate's own, not the wire format. Newer versions keep reading it; a golden file in the tests
//!   guards it. Deserialising a [`Command`] validates its texts, because it comes from outside. Deserialising a
//!   [`Change`] or an [`Event`] does not, because it was validated when it was decided.
//! * `proptest`: the module `strategies`, with proptest strategies for values, commands, requests and histories. For tests; it
//!   needs `std`.
//!
//! Both are off by default and additive.

#![no_std]

extern crate alloc;

mod actor;
mod admin_reads;
mod admission;
mod authority;
mod bans;
mod change;
mod command;
mod decide;
mod decision;
mod entry;
mod event;
mod facts;
mod group;
mod id;
mod invitations;
mod join_policy;
mod joining;
mod links;
mod members;
mod preview;
mod read_point;
mod rejection;
mod role;
mod roster;
mod sidebar;
mod standing;
mod text;
mod timestamp;
mod via;
mod view;

#[cfg(feature = "proptest")]
pub mod strategies;

pub use actor::Actor;
pub use admin_reads::{check_history_access, check_list_access};
pub use admission::{LeftOut, Obstacle};
pub use change::{Change, ChangeKind, Effect, InvitationEnd, JoinRequestEnd, Succession};
pub use command::{Command, LinkReads, Request};
pub use decide::{decide, left_out};
pub use decision::Decision;
pub use event::{Action, Event, EventKind, LeaveReason, event_for};
pub use facts::{Counts, Facts, People};
pub use group::{AddPolicy, Group, Limits, Membership, NewMember};
pub use id::{GroupId, LinkId, ParseIdError, UserId, Version};
pub use join_policy::{JoinPolicy, ParseJoinPolicyError};
pub use preview::Preview;
pub use read_point::ReadPoint;
pub use rejection::{AccessList, ParseRuleError, Rejection, Rule};
pub use role::{ParseRoleError, Role};
pub use roster::{Roster, Told};
pub use sidebar::{Folded, Pending, PendingKind, Sidebar, SidebarRow};
pub use standing::{Ban, Invitation, JoinRequest, Link, Standing};
pub use text::{Description, DisplayName, GroupName, Note, TextError, printable};
pub use timestamp::{ParseTimestampError, Timestamp};
pub use via::Via;
pub use view::{Audience, View};
// Ids wrap this type, so users of this crate need no dependency of their own on `uuid`.
pub use uuid::Uuid;

/// Compiles and runs the README's examples as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
