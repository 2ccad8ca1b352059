//! [proptest](https://docs.rs/proptest) strategies for values, requests and histories (feature `proptest`).
//!
//! The users of a test are passed as a slice. A handful is best: then commands are often about members, and random groups
//! reach every state.
//!
//! ```
//! use groups_domain::{GroupId, Limits, Role, Roster, UserId, Uuid, strategies};
//! use proptest::prelude::*;
//!
//! let users: Vec<UserId> = (1..=5).map(|number| UserId::new(Uuid::from_u128(number))).collect();
//! let (group_id, limits) = (GroupId::new(Uuid::from_u128(10)), Limits::default());
//! proptest!(|(history in strategies::history(group_id, &users, limits))| {
//!     let roster = Roster::replay(group_id, limits, &history);
//!     let owners = roster.members().filter(|member| member.role == Role::Owner).count();
//!     prop_assert_eq!(owners, usize::from(roster.group().is_some()));
//! });
//! ```

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use proptest::collection::vec as vec_of;
use proptest::option;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;
use proptest::sample::select;

use crate::text::is_fit;
use crate::{
    Actor, AddPolicy, Change, Command, Decision, Description, DisplayName, GroupId, GroupName, JoinPolicy, Limits,
    LinkId, NewMember, Note, Request, Role, Roster, Timestamp, UserId, Uuid, Version,
};

/// The time of the first request of [`requests`] and [`history`]: 2026-01-05T09:00:00.000Z.
pub const START: Timestamp = Timestamp::from_unix_millis(1_767_603_600_000);

/// The maximum number of requests in [`requests`], including the creation of the group.
pub const REQUESTS_MAX: usize = 40;

/// Any valid name of a group, in any script.
pub fn group_name() -> impl Strategy<Value = GroupName> {
    text(1..=GroupName::CHARS_MAX).prop_filter_map("not a valid name", |text| GroupName::parse(&text).ok())
}

/// Any valid name of a person, in any script.
pub fn display_name() -> impl Strategy<Value = DisplayName> {
    text(1..=DisplayName::CHARS_MAX).prop_filter_map("not a valid name", |text| DisplayName::parse(&text).ok())
}

/// Any valid description, in any script.
pub fn description() -> impl Strategy<Value = Description> {
    text(0..=Description::CHARS_MAX).prop_filter_map("not a valid description", |text| Description::parse(&text).ok())
}

/// A text that is valid unless it is invisible, or too long after normalisation.
fn text(chars: core::ops::RangeInclusive<usize>) -> impl Strategy<Value = String> {
    let letter = proptest::char::range('a', 'z');
    let character = any::<char>().prop_filter("does not fit into a line of text", |character| is_fit(*character));
    vec_of(prop_oneof![4 => letter, 1 => Just(' '), 2 => character], chars).prop_map(String::from_iter)
}

/// Any user id.
pub fn user_id() -> impl Strategy<Value = UserId> {
    any::<u128>().prop_map(|number| UserId::new(Uuid::from_u128(number)))
}

/// Any group id.
pub fn group_id() -> impl Strategy<Value = GroupId> {
    any::<u128>().prop_map(|number| GroupId::new(Uuid::from_u128(number)))
}

/// Any time that has a text form: see [`Timestamp`].
pub fn timestamp() -> impl Strategy<Value = Timestamp> {
    (Timestamp::TEXT_MIN.unix_millis()..=Timestamp::TEXT_MAX.unix_millis()).prop_map(Timestamp::from_unix_millis)
}

/// Any role, with equal probability.
pub fn role() -> impl Strategy<Value = Role> {
    select(Role::ALL.to_vec())
}

/// Any policy for adding users.
pub fn add_policy() -> impl Strategy<Value = AddPolicy> {
    select(vec![AddPolicy::Anybody, AddPolicy::SharedGroup, AddPolicy::Invitation])
}

/// One of the users with a role to assign, mostly `member`. The role `owner` is never valid for a new member.
///
/// # Panics
/// If there are no users.
pub fn new_member(users: &[UserId]) -> impl Strategy<Value = NewMember> + use<> {
    let role = prop_oneof![6 => Just(Role::Member), 3 => Just(Role::Admin), 1 => Just(Role::Owner)];
    (one_of(users), role).prop_map(|(user_id, role)| NewMember { user_id, role })
}

/// A command of any kind about some of the users. Names and descriptions are often repeated, so that some commands are no-ops.
///
/// # Panics
/// If there are no users.
pub fn command(users: &[UserId]) -> impl Strategy<Value = Command> + use<> {
    let user = one_of(users);
    let members = vec_of(new_member(users), 0..5).boxed();
    let name =
        prop_oneof![4 => select(vec!["Launch", "Team", "チーム"]).prop_map(valid_name), 1 => group_name()].boxed();
    let description = prop_oneof![4 => Just(Description::default()), 1 => description()].boxed();
    prop_oneof![
        2 => (name.clone(), description.clone(), members.clone(), option::of(user.clone())).prop_map(
            |(name, description, members, owner_id)| Command::CreateGroup { name, description, members, owner_id }
        ),
        3 => (option::of(name), option::of(description), option::of(join_policy())).prop_map(
            |(name, description, join_policy)| Command::UpdateSettings { name, description, join_policy }
        ),
        8 => new_member(users).prop_map(Command::AddMember),
        4 => members.prop_map(Command::AddMembers),
        5 => user.clone().prop_map(|user_id| Command::RemoveMember { user_id }),
        4 => option::of(user.clone()).prop_map(|successor| Command::Leave { successor }),
        6 => (user, role()).prop_map(|(user_id, role)| Command::ChangeRole { user_id, role }),
        1 => Just(Command::DeleteGroup),
        35 => way_in(users),
    ]
}

/// A command of any kind that concerns an invitation, a request to join, a ban or a link. There are four links.
///
/// # Panics
/// If there are no users.
pub fn way_in(users: &[UserId]) -> impl Strategy<Value = Command> + use<> {
    let user = one_of(users);
    let role = || prop_oneof![6 => Just(Role::Member), 3 => Just(Role::Admin), 1 => Just(Role::Owner)];
    let link_id = (1..5_u128).prop_map(|number| LinkId::new(Uuid::from_u128(number))).boxed();
    let expires_in_seconds = || prop_oneof![5 => Just(None), 4 => (1..1_800_u64).prop_map(Some), 1 => Just(Some(0))];
    let uses_max = option::of((1..3_u32).prop_map(|number| NonZeroU32::MIN.saturating_add(number - 1)));
    prop_oneof![
        5 => (user.clone(), role(), expires_in_seconds()).prop_map(
            |(user_id, role, expires_in_seconds)| Command::Invite { user_id, role, expires_in_seconds }
        ),
        2 => user.clone().prop_map(|user_id| Command::WithdrawInvitation { user_id }),
        1 => user.clone().prop_map(|user_id| Command::ExpireInvitation { user_id }),
        3 => (user.clone(), option::of(role())).prop_map(|(user_id, role)| Command::ApproveJoinRequest { user_id, role }),
        3 => user.clone().prop_map(|user_id| Command::DeclineJoinRequest { user_id }),
        3 => (user.clone(), note()).prop_map(|(user_id, reason)| Command::Ban { user_id, reason }),
        6 => user.prop_map(|user_id| Command::Unban { user_id }),
        3 => (link_id.clone(), role(), expires_in_seconds(), uses_max, any::<bool>()).prop_map(
            |(link_id, role, expires_in_seconds, uses_max, approval)| {
                Command::CreateLink { link_id, role, expires_in_seconds, uses_max, approval }
            }
        ),
        1 => link_id.clone().prop_map(|link_id| Command::RevokeLink { link_id }),
        1 => Just(Command::RevokeLinks),
        3 => Just(Command::AcceptInvitation),
        1 => Just(Command::DeclineInvitation),
        6 => note().prop_map(|message| Command::Join { message }),
        2 => Just(Command::WithdrawJoinRequest),
        5 => (link_id, note()).prop_map(|(link_id, message)| Command::UseLink { link_id, message }),
    ]
}

/// A few notes, one of them empty.
pub fn note() -> impl Strategy<Value = Note> {
    select(vec!["", "It is me", "スパム"]).prop_map(|text| Note::from_stored(text.into()))
}

/// Any join policy.
pub fn join_policy() -> impl Strategy<Value = JoinPolicy> {
    select(JoinPolicy::ALL.to_vec())
}

/// One of the users, mostly acting for themselves and sometimes as an operator.
///
/// # Panics
/// If there are no users.
pub fn actor(users: &[UserId]) -> impl Strategy<Value = Actor> + use<> {
    prop_oneof![8 => one_of(users).prop_map(Actor::Member), 2 => one_of(users).prop_map(Actor::Operator)]
}

/// A request for this group by one of the users, up to a minute before [`START`] or up to an hour after it. One in ten expects
/// a version, from 1 to 5.
///
/// # Panics
/// If there are no users.
pub fn request(group_id: GroupId, users: &[UserId]) -> impl Strategy<Value = Request> + use<> {
    let expected = prop_oneof![9 => Just(None), 1 => (1..6_u64).prop_map(|version| Some(Version::new(version)))];
    (actor(users), -60_000..3_600_000_i64, expected, command(users)).prop_map(
        move |(actor, offset, expected_version, command)| {
            let at = Timestamp::from_unix_millis(START.unix_millis() + offset);
            Request { group_id, actor, at, expected_version, command }
        },
    )
}

/// One of the users creates the group at [`START`], alone or with an admin and a member, and sets its join policy. Random
/// requests follow, some of which the rules reject.
///
/// # Panics
/// If there are no users.
pub fn requests(group_id: GroupId, users: &[UserId]) -> impl Strategy<Value = Vec<Request>> + use<> {
    let roles = users.iter().copied().zip([Role::Admin, Role::Member]);
    let two: Vec<NewMember> = roles.map(|(user_id, role)| NewMember { user_id, role }).collect();
    let members = select(vec![Vec::new(), two]);
    (one_of(users), members, join_policy(), vec_of(request(group_id, users), 1..REQUESTS_MAX - 1)).prop_map(
        move |(creator, members, join_policy, mut requests)| {
            let (name, description) = (valid_name("Project Team"), Description::default());
            let command = Command::CreateGroup { name, description, members, owner_id: None };
            let create = Request { group_id, actor: creator.into(), at: START, expected_version: None, command };
            let command = Command::UpdateSettings { name: None, description: None, join_policy: Some(join_policy) };
            let set = Request { command, ..create.clone() };
            requests.splice(0..0, [create, set]);
            requests
        },
    )
}

/// Requests like [`requests`], without those that the rules reject when all are executed in this order on a new group. The
/// first one creates the group, if the limits allow that.
///
/// # Panics
/// If there are no users.
pub fn accepted_requests(
    group_id: GroupId,
    users: &[UserId],
    limits: Limits,
) -> impl Strategy<Value = Vec<Request>> + use<> {
    requests(group_id, users).prop_map(move |mut requests| {
        let mut roster = Roster::new(group_id, limits);
        requests.retain(|request| execute(&mut roster, request).is_some());
        requests
    })
}

/// The changes of one group from its creation, as [`Roster::replay`] takes them. It may end with the deletion of the group.
///
/// # Panics
/// If there are no users.
pub fn history(group_id: GroupId, users: &[UserId], limits: Limits) -> impl Strategy<Value = Vec<Change>> + use<> {
    requests(group_id, users).prop_map(move |requests| {
        let mut roster = Roster::new(group_id, limits);
        requests.iter().filter_map(|request| execute(&mut roster, request).flatten()).collect()
    })
}

/// Executes a request. Returns `None` if it is rejected, and `Some(None)` if it is a no-op.
fn execute(roster: &mut Roster, request: &Request) -> Option<Option<Change>> {
    match roster.decide(request).ok()? {
        Decision::Unchanged => Some(None),
        Decision::Change(change) => {
            roster.apply(&change);
            Some(Some(change))
        }
    }
}

fn one_of(users: &[UserId]) -> impl Strategy<Value = UserId> + Clone + use<> {
    select(users.to_vec())
}

fn valid_name(text: &str) -> GroupName {
    GroupName::from_stored(text.into())
}
