//! What is in the inbox of a worker.

use std::sync::Arc;

use bytes::Bytes;
use groups_domain::UserId;
use tokio::sync::OwnedSemaphorePermit;

use crate::shard::TypingEvent;
use crate::{Delivery, Drain};

/// A command to all workers.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Deliver(Arc<[Arc<Delivery>]>),
    Typing(TypingEvent, Bytes),
    Drain(Arc<Drain>),
    /// All connections of a user must close.
    Disconnect(UserId),
    /// Changes were missed: all clients must reconnect.
    Lagged,
}

/// A command in a worker's inbox.
pub(crate) struct Envelope {
    pub(crate) command: Command,
    /// The inbox space it occupies until it has been executed.
    pub(crate) room: Option<OwnedSemaphorePermit>,
}
