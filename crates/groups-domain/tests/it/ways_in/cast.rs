//! A team with every standing and kind of link, and short forms of the commands.

use core::num::NonZeroU32;

use groups_domain::{Command, JoinPolicy, LinkId, Note, Role, Timestamp, UserId, Uuid};

use crate::cast::{ADA, BOB, Given, by, team};

/// Is invited, as a member.
pub(super) const IDA: UserId = UserId::new(Uuid::from_u128(0x1da));
/// Has asked to join.
pub(super) const RAY: UserId = UserId::new(Uuid::from_u128(0x4a7));
/// Is banned.
pub(super) const BEA: UserId = UserId::new(Uuid::from_u128(0xbea));

/// Lets in any number of members.
pub(super) const LINK: LinkId = LinkId::new(Uuid::from_u128(0x11));
/// Lets people ask for the role `admin`.
pub(super) const ASKING: LinkId = LinkId::new(Uuid::from_u128(0x12));
/// Has been created with one use, which is used up.
pub(super) const USED_UP: LinkId = LinkId::new(Uuid::from_u128(0x13));
/// Expires in an hour.
pub(super) const HOURLY: LinkId = LinkId::new(Uuid::from_u128(0x14));

const HOUR_SECONDS: u64 = 60 * 60;

/// The team with Ida, who is invited, Ray, who has asked, and Bea, who is banned. The links are [`LINK`] and [`ASKING`].
pub(super) fn visited(join_policy: JoinPolicy) -> Given {
    let given = team()
        .after(by(ADA, set(JoinPolicy::Request)))
        .after(by(BOB, invite(IDA, Role::Member)))
        .after(by(RAY, join()))
        .after(by(BOB, ban(BEA)))
        .after(by(BOB, link(LINK, Role::Member)))
        .after(by(ADA, asking_link(ASKING, Role::Admin)));
    if join_policy == JoinPolicy::Request { given } else { given.after(by(ADA, set(join_policy))) }
}

impl Given {
    /// The same, so many seconds later.
    pub(super) fn later(self, seconds: i64) -> Self {
        Self { now: Timestamp::from_unix_millis(self.now.unix_millis() + seconds * 1_000), ..self }
    }
}

pub(super) fn set(join_policy: JoinPolicy) -> Command {
    Command::UpdateSettings { name: None, description: None, join_policy: Some(join_policy) }
}

pub(super) fn invite(user_id: UserId, role: Role) -> Command {
    Command::Invite { user_id, role, expires_in_seconds: None }
}

pub(super) fn invite_for_an_hour(user_id: UserId) -> Command {
    Command::Invite { user_id, role: Role::Member, expires_in_seconds: Some(HOUR_SECONDS) }
}

pub(super) fn withdraw(user_id: UserId) -> Command {
    Command::WithdrawInvitation { user_id }
}

pub(super) fn expire(user_id: UserId) -> Command {
    Command::ExpireInvitation { user_id }
}

pub(super) fn accept() -> Command {
    Command::AcceptInvitation
}

pub(super) fn decline() -> Command {
    Command::DeclineInvitation
}

pub(super) fn join() -> Command {
    Command::Join { message: Note::default() }
}

pub(super) fn ask(message: &str) -> Command {
    Command::Join { message: Note::parse(message).unwrap() }
}

pub(super) fn take_back() -> Command {
    Command::WithdrawJoinRequest
}

pub(super) fn approve(user_id: UserId) -> Command {
    Command::ApproveJoinRequest { user_id, role: None }
}

pub(super) fn approve_as(user_id: UserId, role: Role) -> Command {
    Command::ApproveJoinRequest { user_id, role: Some(role) }
}

pub(super) fn turn_down(user_id: UserId) -> Command {
    Command::DeclineJoinRequest { user_id }
}

pub(super) fn ban(user_id: UserId) -> Command {
    Command::Ban { user_id, reason: Note::default() }
}

pub(super) fn unban(user_id: UserId) -> Command {
    Command::Unban { user_id }
}

pub(super) fn link(link_id: LinkId, role: Role) -> Command {
    Command::CreateLink { link_id, role, expires_in_seconds: None, uses_max: None, approval: false }
}

pub(super) fn asking_link(link_id: LinkId, role: Role) -> Command {
    Command::CreateLink { link_id, role, expires_in_seconds: None, uses_max: None, approval: true }
}

pub(super) fn link_for(link_id: LinkId, uses_max: u32) -> Command {
    let uses_max = NonZeroU32::new(uses_max);
    Command::CreateLink { link_id, role: Role::Member, expires_in_seconds: None, uses_max, approval: false }
}

pub(super) fn link_for_an_hour(link_id: LinkId) -> Command {
    let expires_in_seconds = Some(HOUR_SECONDS);
    Command::CreateLink { link_id, role: Role::Member, expires_in_seconds, uses_max: None, approval: false }
}

pub(super) fn revoke(link_id: LinkId) -> Command {
    Command::RevokeLink { link_id }
}

pub(super) fn use_link(link_id: LinkId) -> Command {
    Command::UseLink { link_id, message: Note::default() }
}
