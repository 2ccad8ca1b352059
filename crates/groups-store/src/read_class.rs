//! What a read is for. Each class has queues and capacity of its own, so a flood in one class does not delay another.

/// The class of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadClass {
    /// Following the log, and health checks. Few and short, and everybody's events depend on them.
    Delivery,
    /// What a connecting client begins with. May be long.
    Opening,
    /// Answers to requests.
    Request,
}
