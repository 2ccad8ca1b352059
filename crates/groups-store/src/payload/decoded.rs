//! What the stored data says, in every format.

use groups_domain::{Group, GroupId, LeftOut, Rejection, Role, Standing, Timestamp, UserId, Version};

use crate::MemberRow;

/// The parts of a change that are stored in columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    pub(crate) group_id: GroupId,
    pub(crate) version: Version,
    pub(crate) actor_id: UserId,
    pub(crate) at: Timestamp,
}

/// The answer to an order with an idempotency key. A change is referenced, because the log already
/// has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Changed {
        group_id: GroupId,
        version: Version,
        role: Option<Role>,
        member: Option<MemberRow>,
        left_out: Vec<LeftOut>,
    },
    Unchanged {
        group: Group,
        role: Option<Role>,
        member: Option<MemberRow>,
        standing: Option<Standing>,
        left_out: Vec<LeftOut>,
    },
    Rejected(Rejection),
}

impl Answer {
    pub(super) fn left_out(&self) -> &[LeftOut] {
        match self {
            Self::Changed { left_out, .. } | Self::Unchanged { left_out, .. } => left_out,
            Self::Rejected(_) => &[],
        }
    }

    pub(super) fn leaving_out(self, people: Vec<LeftOut>) -> Self {
        match self {
            Self::Changed { group_id, version, role, member, .. } => {
                Self::Changed { group_id, version, role, member, left_out: people }
            }
            Self::Unchanged { group, role, member, standing, .. } => {
                Self::Unchanged { group, role, member, standing, left_out: people }
            }
            Self::Rejected(rejection) => Self::Rejected(rejection),
        }
    }
}
