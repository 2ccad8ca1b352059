//! Format 3 of answers: those that formats 1 and 2 cannot represent. They concern groups that are not closed,
//! invitations, requests to join, bans and links.

use groups_domain::{
    AccessList, Ban, Invitation, LeftOut, Note, Obstacle, Rejection as Rejected, Standing as Stands, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change_1::Role;
use super::change_3::Policy;
use super::{answer_1, decoded};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// An answer of format 1, and what it lacks.
    Executed {
        answer: Box<answer_1::Answer>,
        join_policy: Policy,
        standing: Option<Standing>,
        left_out: Vec<Person>,
    },
    Rejected(Rejection),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    Invited { role: Role, invited_by: Uuid, at: i64, expires_at: Option<i64> },
    Banned { banned_by: Uuid, reason: String, at: i64 },
}

#[derive(Serialize, Deserialize)]
pub(super) struct Person {
    user_id: Uuid,
    obstacle: Reason,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reason {
    NotAllowed,
    TooManyGroups,
    Banned,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Rejection {
    Banned { user_id: Uuid },
    InvitationNotFound,
    JoinRequestNotFound,
    LinkNotFound,
    InvalidExpiry,
    ListFull { list: List, max: u32 },
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum List {
    Invitations,
    JoinRequests,
    Bans,
    Links,
}

impl Answer {
    /// `None` if format 1 or 2 can represent the answer, or must.
    pub(super) fn of(answer: &decoded::Answer) -> Option<Self> {
        if let decoded::Answer::Rejected(rejection) = answer {
            return Rejection::of(rejection).map(Self::Rejected);
        }
        let (join_policy, standing) = match answer {
            decoded::Answer::Unchanged { group, standing, .. } => {
                (group.join_policy, standing.as_ref().and_then(Standing::of))
            }
            decoded::Answer::Changed { .. } | decoded::Answer::Rejected(_) => Default::default(),
        };
        let is_new = |left_out: &LeftOut| left_out.obstacle == Obstacle::Banned;
        if join_policy.is_closed() && standing.is_none() && !answer.left_out().iter().any(is_new) {
            return None;
        }
        let left_out = answer.left_out().iter().map(Person::from).collect();
        Some(Self::Executed {
            answer: Box::new(answer_1::Answer::of(answer)?),
            join_policy: join_policy.into(),
            standing,
            left_out,
        })
    }
}

impl TryFrom<Answer> for decoded::Answer {
    type Error = String;

    fn try_from(answer: Answer) -> Result<Self, String> {
        let (answer, join_policy, standing, left_out) = match answer {
            Answer::Rejected(rejection) => return Ok(Self::Rejected(rejection.into())),
            Answer::Executed { answer, join_policy, standing, left_out } => (answer, join_policy, standing, left_out),
        };
        let mut answer = Self::try_from(*answer)?.leaving_out(left_out.into_iter().map(Into::into).collect());
        if let Self::Unchanged { group, standing: stands, .. } = &mut answer {
            group.join_policy = join_policy.into();
            *stands = standing.map(Into::into);
        }
        Ok(answer)
    }
}

impl Standing {
    /// `None` for those that no answer shows.
    fn of(standing: &Stands) -> Option<Self> {
        match standing {
            Stands::Invited(Invitation { role, invited_by, at, expires_at }) => Some(Self::Invited {
                role: (*role).into(),
                invited_by: invited_by.uuid(),
                at: at.unix_millis(),
                expires_at: expires_at.map(Timestamp::unix_millis),
            }),
            Stands::Banned(Ban { banned_by, reason, at }) => Some(Self::Banned {
                banned_by: banned_by.uuid(),
                reason: reason.as_str().to_owned(),
                at: at.unix_millis(),
            }),
            Stands::Requested(_) => None,
        }
    }
}

impl From<Standing> for Stands {
    fn from(standing: Standing) -> Self {
        let time = Timestamp::from_unix_millis;
        match standing {
            Standing::Invited { role, invited_by, at, expires_at } => Self::Invited(Invitation {
                role: role.into(),
                invited_by: UserId::new(invited_by),
                at: time(at),
                expires_at: expires_at.map(time),
            }),
            Standing::Banned { banned_by, reason, at } => {
                let (banned_by, reason, at) = (UserId::new(banned_by), Note::from_stored(reason), time(at));
                Self::Banned(Ban { banned_by, reason, at })
            }
        }
    }
}

impl From<&LeftOut> for Person {
    fn from(left_out: &LeftOut) -> Self {
        let obstacle = match left_out.obstacle {
            Obstacle::NotAllowed => Reason::NotAllowed,
            Obstacle::TooManyGroups => Reason::TooManyGroups,
            Obstacle::Banned => Reason::Banned,
        };
        Self { user_id: left_out.user_id.uuid(), obstacle }
    }
}

impl From<Person> for LeftOut {
    fn from(person: Person) -> Self {
        let obstacle = match person.obstacle {
            Reason::NotAllowed => Obstacle::NotAllowed,
            Reason::TooManyGroups => Obstacle::TooManyGroups,
            Reason::Banned => Obstacle::Banned,
        };
        Self { user_id: UserId::new(person.user_id), obstacle }
    }
}

impl Rejection {
    /// `None` if format 1 or 2 can represent the rejection.
    fn of(rejection: &Rejected) -> Option<Self> {
        Some(match rejection {
            Rejected::Banned { user_id } => Self::Banned { user_id: user_id.uuid() },
            Rejected::InvitationNotFound => Self::InvitationNotFound,
            Rejected::JoinRequestNotFound => Self::JoinRequestNotFound,
            Rejected::LinkNotFound => Self::LinkNotFound,
            Rejected::InvalidExpiry => Self::InvalidExpiry,
            Rejected::ListFull { list, max } => {
                let list = match list {
                    AccessList::Invitations => List::Invitations,
                    AccessList::JoinRequests => List::JoinRequests,
                    AccessList::Bans => List::Bans,
                    AccessList::Links => List::Links,
                };
                Self::ListFull { list, max: *max }
            }
            Rejected::GroupNotFound
            | Rejected::GroupExists
            | Rejected::Forbidden(_)
            | Rejected::MemberNotFound { .. }
            | Rejected::AlreadyMember { .. }
            | Rejected::OwnerMustTransfer(_)
            | Rejected::InvalidRole
            | Rejected::TooManyMembers { .. }
            | Rejected::CannotBeAdded { .. }
            | Rejected::TooManyGroups { .. }
            | Rejected::VersionMismatch { .. } => return None,
        })
    }
}

impl From<Rejection> for Rejected {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Banned { user_id } => Self::Banned { user_id: UserId::new(user_id) },
            Rejection::InvitationNotFound => Self::InvitationNotFound,
            Rejection::JoinRequestNotFound => Self::JoinRequestNotFound,
            Rejection::LinkNotFound => Self::LinkNotFound,
            Rejection::InvalidExpiry => Self::InvalidExpiry,
            Rejection::ListFull { list, max } => {
                let list = match list {
                    List::Invitations => AccessList::Invitations,
                    List::JoinRequests => AccessList::JoinRequests,
                    List::Bans => AccessList::Bans,
                    List::Links => AccessList::Links,
                };
                Self::ListFull { list, max }
            }
        }
    }
}
