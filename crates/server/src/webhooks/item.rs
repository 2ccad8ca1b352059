//! One step of a webhook through the log.

use groups_store::Position;
use uuid::Uuid;

use super::sender::Message;

/// The next step of a webhook through the log.
#[derive(Debug)]
pub(crate) enum Item {
    /// Everything up to here needs no message.
    Skip(Position),
    /// A message, and the position of the webhook once this one and all before it are delivered.
    Send {
        /// Messages with the same key are sent one after the other.
        key: Uuid,
        position: Position,
        message: Message,
    },
    /// The same, unless another message with this key waits to be sent, which then stands for both.
    SendUnlessWaiting { key: Uuid, position: Position, message: Message },
}
