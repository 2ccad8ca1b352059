//! The list that a client begins with, in pieces that every client can read.

use groups_domain::{Group, Role};

use crate::HubLimits;
use crate::session::Piece;

/// What a group takes up in a snapshot besides its name and description, in bytes, about.
const GROUP_BYTES: usize = 350;

/// In place of a cursor: no position reads as this.
const UNFINISHED: &str = "0";

/// The list in pieces, at least one. Only the last one's cursor is a position: whoever drops before it has not got the list, and
/// coming back with the cursor of another piece gets it again.
pub(super) fn pieces_of(list: Vec<(Group, Role)>, limits: &HubLimits, cursor: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut list = list.into_iter().peekable();
    loop {
        let (mut groups, mut bytes) = (Vec::new(), 0);
        while groups.len() < limits.snapshot_groups_max.max(1) {
            let Some((group, _)) = list.peek() else { break };
            bytes += GROUP_BYTES + group.name.as_str().len() + group.description.as_str().len();
            if bytes > limits.snapshot_bytes_max && !groups.is_empty() {
                break;
            }
            groups.extend(list.next());
        }
        let more = list.peek().is_some();
        let cursor = if more { UNFINISHED } else { cursor };
        pieces.push(Piece::Snapshot { groups, more, cursor: cursor.to_owned() });
        if !more {
            return pieces;
        }
    }
}
