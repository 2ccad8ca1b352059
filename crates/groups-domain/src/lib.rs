//! The rules of groups and memberships, and nothing else.
//!
//! Everything here is pure and synchronous: no clock, no randomness, no IO. Time and ids come in as arguments, so the same
//! rules run under a database lock in a service, in a test, or in memory with no database at all.
//!
//! Roles rank `owner` > `admin` > `member`. A member can only manage members whose role is lower and assign lower roles.
//! Everybody may leave, and the owner may transfer the ownership. A group has exactly one owner at all times.
//!
//! An [`Actor`] is a user in their own name, or an operator of the service. An operator needs no membership and no rank, and
//! is bound by everything that keeps a group consistent: one owner, the limits, and the version that it insists on.
//!
//! # How it fits together
//!
//! ```text
//! Request ──reads()──▶ Facts ──decide()──▶ Change ──event_for()──▶ Event
//! (who wants what)   (the few rows        (what happened,        (what one user
//!                     it depends on)       one new version)       is told of it)
//!                                  └─────▶ Rejection (why not)
//! ```
//!
//! * A [`Request`] is a [`Command`] with the group, the actor and the time. [`Request::reads`] names the users whose
//!   memberships the decision depends on, and [`Request::candidates`] those of whom it has to be known in how many groups
//!   they are and by whom they may be added. There are never more of either than the command names.
//! * [`Facts`] is that bounded read set. Adding somebody reads the same few rows in a group of three and of 100,000.
//! * [`decide`] answers with a [`Decision`] or a [`Rejection`]. Each rule is a sentence above its guard, and a [`Rule`] by name.
//! * A [`Change`] is one new [`Version`] of the group. [`Change::effects`] says what it does to memberships,
//!   and [`Facts::apply`] does it, so that a batch of requests can be decided one after the other in memory.
//! * [`event_for`] is what one affected user is told. It is a pure view of the change: a live push and a later
//!   catch-up that both call it cannot disagree. Each affected user gets exactly one event for each version.
//! * [`Roster`] is a whole group in memory, for those who embed the rules without a database; [`Sidebar`] is the other end:
//!   one user's list of groups, kept right by folding events.
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
//! # What is where
//!
//! Every [`Rule`] is a sentence with an identifier. `docs/rules.md` of the project lists them, the refusals, the table of every command
//! × the actor's role × the role of whom it acts on, and what each change tells whom; tests keep that document true.
//! `examples/embedded.rs` is a program that uses nothing but this crate.
//!
//! # What this crate cannot do
//!
//! It is `no_std` with `alloc`, and so are its dependencies (`tests/no_std` proves it): the compiler refuses it a clock, a file, a socket, a thread and the environment. It has no
//! randomness, its collections are ordered, and whatever it is given it answers the same again. It does not panic, also not on
//! facts that contradict each other. It does not limit how many people one command names, and it does not know who is
//! who: that an actor is who they say, and an operator if they say so, is the caller's part, and so is choosing fresh group ids.
//!
//! # Features
//!
//! * `serde`: `Serialize` and `Deserialize` for [`Request`], [`Change`], [`Event`], [`Membership`] and all that they contain, in a plain form of
//!   this crate's own (it is not the wire), which stays readable: a golden file of the tests holds it. What comes from outside,
//!   a [`Command`], has its texts checked; what was decided, a [`Change`] or an [`Event`], is taken as it was written.

#![no_std]

extern crate alloc;

mod actor;
mod admission;
mod change;
mod command;
mod decide;
mod event;
mod facts;
mod group;
mod history;
mod id;
mod rejection;
mod role;
mod roster;
mod sidebar;
mod text;

pub use actor::Actor;
pub use admission::{LeftOut, Obstacle};
pub use change::{Change, ChangeKind, Effect, Succession};
pub use command::{Command, Request};
pub use decide::{Decision, decide, left_out};
pub use event::{Action, Event, EventKind, LeaveReason, View, event_for};
pub use facts::{Facts, People};
pub use group::{AddPolicy, Group, Limits, Membership, NewMember};
pub use history::check_history_access;
pub use id::{GroupId, ParseIdError, Timestamp, UserId, Version};
pub use rejection::{Rejection, Rule};
pub use role::{ParseRoleError, Role};
pub use roster::{Roster, Told};
pub use sidebar::{Folded, Sidebar, SidebarRow};
pub use text::{Description, GroupName, TextError, printable};
// Ids are made of it: who uses this crate alone has it too.
pub use uuid::Uuid;

/// The README's examples are compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
