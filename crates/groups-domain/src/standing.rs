//! What somebody who is not a member is to a group, and links into a group.

use core::num::NonZeroU32;

use crate::{LinkId, Note, Role, Timestamp, UserId};

/// What a user is to a group of which they are not a member. A user has at most one standing, and a member has none.
///
/// ```text
///              invite                       accept, join, use a link
///   none ───────────────────▶ invited ─────────────────────────────────▶ member
///    │ ▲                        │  ▲                                      ▲   │
///    │ └─ withdraw, decline, ───┘  │ (a request and an invitation         │   │
///    │    expire                   │  together make a member)             │   │
///    │ ask                         │                                      │   │
///    └──────────────────────▶ requested ──── approve, invite, join an ────┘   │
///      ◀─ withdraw, decline ─────┘           open group, use a link           │
///                                                                             │
///   any of them ──── ban ────▶ banned ──── lift ────▶ none ◀── leave, remove ─┘
/// ```
///
/// Deliberately exhaustive: a program that skips a standing lets the wrong people in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// An admin has invited them.
    Invited(Invitation),
    /// They have asked to join.
    Requested(JoinRequest),
    /// They cannot join, and the group does not exist for them.
    Banned(Ban),
}

/// An invitation that was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The role that they get.
    pub role: Role,
    /// Who has invited them.
    pub invited_by: UserId,
    /// When.
    pub at: Timestamp,
    /// The time from which the invitation counts as absent; `None` if it does not expire.
    pub expires_at: Option<Timestamp>,
}

/// A request to join that was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// The role that they get if the request is approved without naming one: that of the link, or `member`.
    pub role: Role,
    /// What they have written to the admins.
    pub message: Note,
    /// When they asked.
    pub at: Timestamp,
}

/// A ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Who has banned them.
    pub banned_by: UserId,
    /// Why, for the other admins.
    pub reason: Note,
    /// When.
    pub at: Timestamp,
}

/// A link: everybody who has its token can join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The id of the link.
    pub link_id: LinkId,
    /// The role of those who join with it.
    pub role: Role,
    /// Who has created it.
    pub created_by: UserId,
    /// When.
    pub at: Timestamp,
    /// The time from which the link counts as absent; `None` if it does not expire.
    pub expires_at: Option<Timestamp>,
    /// How many people it lets in, or ask, before it counts as absent; `None` if there is no limit.
    pub uses_max: Option<NonZeroU32>,
    /// How many people it has let in, or ask.
    pub uses: u32,
    /// Whether those who use it ask to join instead of joining.
    pub approval: bool,
}

impl Invitation {
    /// Whether the invitation counts as absent at this time.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }
}

impl Link {
    /// Whether the link counts as absent at this time.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let is_used_up = self.uses_max.is_some_and(|uses_max| self.uses >= uses_max.get());
        is_used_up || self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }
}
