//! Orders on their way through a committer.

use groups_domain::GroupId;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::{ExecuteError, Executed, Order, Reason, StoreError};

/// Where the answer to an order goes.
pub(crate) type Answer = oneshot::Sender<Result<Executed, ExecuteError>>;

/// An order in the queue of a committer.
pub(crate) struct Job<H> {
    pub(crate) order: Box<Order>,
    /// An order with a hook gets a batch of its own, because the hook may reject it.
    pub(crate) hook: Option<H>,
    pub(crate) answer: Answer,
}

/// An order that was taken from the queue.
pub(super) struct Waiting<H> {
    pub(super) order: Order,
    pub(super) asker: Asker<H>,
}

/// What belongs to an order but not into its transaction.
pub(super) struct Asker<H> {
    pub(super) hook: Option<H>,
    pub(super) answer: Answer,
    /// Deadline for waiting for locks.
    pub(super) until: Instant,
}

impl<H> Waiting<H> {
    pub(super) fn new(job: Job<H>, until: Instant) -> Self {
        let Job { order, hook, answer } = job;
        Self { order: *order, asker: Asker { hook, answer, until } }
    }

    pub(super) fn group_id(&self) -> GroupId {
        self.order.request.group_id
    }

    pub(super) fn answer(self, executed: Result<Executed, ExecuteError>) {
        // An error means that nobody waits for the answer any longer.
        drop(self.asker.answer.send(executed));
    }

    pub(super) fn refuse(self, reason: Reason) {
        self.answer(Err(StoreError::Unavailable(reason).into()));
    }
}
