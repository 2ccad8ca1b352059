//! Format 2 of changes: what format 1 cannot say, a change made by an operator. All other changes are still written in
//! format 1, so that a server of the previous version reads them.

use super::{ChangeKind, Columns, Deserialize, Serialize, UserId, Uuid, change_1};

#[derive(Serialize, Deserialize)]
pub(super) struct Change {
    /// The rest, which says the same as if the user had not been an operator.
    #[serde(flatten)]
    change: change_1::Change,
    /// Only if the ownership was transferred, and not by its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_owner_id: Option<Uuid>,
}

impl From<&super::Change> for Change {
    fn from(change: &super::Change) -> Self {
        let previous_owner_id = match &change.kind {
            ChangeKind::OwnershipTransferred { previous_owner_id, .. } => previous_owner_id.map(UserId::uuid),
            _ => None,
        };
        Self { change: change.into(), previous_owner_id }
    }
}

impl Change {
    pub(super) fn into_change(self, columns: Columns) -> super::Change {
        let mut change = self.change.into_change(columns);
        change.actor = super::Actor::Operator(columns.actor_id);
        if let ChangeKind::OwnershipTransferred { previous_owner_id, .. } = &mut change.kind {
            *previous_owner_id = self.previous_owner_id.map(UserId::new);
        }
        change
    }
}
