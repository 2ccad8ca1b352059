//! Format 2 of changes: changes made by an operator, which format 1 cannot represent. All other
//! changes are still written in format 1, so that servers of the previous version can read them.

use groups_domain::{ChangeKind, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change_1;
use super::decoded::Columns;

#[derive(Serialize, Deserialize)]
pub(super) struct Change {
    /// The same data as for a change by a member.
    #[serde(flatten)]
    change: change_1::Change,
    /// Present only if the ownership was transferred by somebody other than the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_owner_id: Option<Uuid>,
}

impl Change {
    /// `None` if this format cannot represent the kind of change.
    pub(super) fn of(change: &groups_domain::Change) -> Option<Self> {
        let previous_owner_id = match &change.kind {
            ChangeKind::OwnershipTransferred { previous_owner_id, .. } => previous_owner_id.map(UserId::uuid),
            _ => None,
        };
        Some(Self { change: change_1::Change::of(change)?, previous_owner_id })
    }

    pub(super) fn into_change(self, columns: Columns) -> groups_domain::Change {
        let mut change = self.change.into_change(columns);
        change.actor = groups_domain::Actor::Operator(columns.actor_id);
        if let ChangeKind::OwnershipTransferred { previous_owner_id, .. } = &mut change.kind {
            *previous_owner_id = self.previous_owner_id.map(UserId::new);
        }
        change
    }
}
