//! The initial list, split into pieces that every client can receive.

use crate::session::Piece;
use crate::{List, ListPiece};

/// Sent instead of a cursor; it is never a valid position.
const UNFINISHED: &str = groups_protocol::NO_CURSOR;

/// A list that is read in pieces while the client takes it.
#[derive(Debug)]
pub(crate) struct UnreadList {
    pub(crate) list: Box<dyn List>,
    /// The cursor to resume from once the client has the whole list.
    pub(super) cursor: String,
}

/// Encodes a piece as a message. Only the last piece has a valid cursor. A client that disconnects
/// earlier does not have the whole list, and gets it again if it resumes with the cursor of another
/// piece.
pub(super) fn message(piece: ListPiece, cursor: &str) -> Piece {
    let ListPiece { groups, pending, more } = piece;
    Piece::Snapshot { groups, pending, more, cursor: if more { UNFINISHED } else { cursor }.to_owned() }
}
