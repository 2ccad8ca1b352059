//! The list that a client begins with, in pieces that every client can read.

use crate::session::Piece;
use crate::{List, ListPiece};

/// In place of a cursor: no position reads as this.
const UNFINISHED: &str = groups_protocol::NO_CURSOR;

/// A list that is read on while the client takes it.
#[derive(Debug)]
pub(crate) struct UnreadList {
    pub(crate) list: Box<dyn List>,
    /// The position to resume from once all of it was taken.
    pub(super) cursor: String,
}

/// A piece as a message. Only the last one's cursor is a position: a client that drops before it has not got the list, and
/// gets it again if it comes back with the cursor of another piece.
pub(super) fn message(piece: ListPiece, cursor: &str) -> Piece {
    let ListPiece { groups, more } = piece;
    Piece::Snapshot { groups, more, cursor: if more { UNFINISHED } else { cursor }.to_owned() }
}
