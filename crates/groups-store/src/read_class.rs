//! Classes of reads. Each class has its own queues and capacity, so a flood in one class does not
//! delay another.

/// The class of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadClass {
    /// Following the log, and health checks. Few and short, but event delivery to all users depends
    /// on them.
    Delivery,
    /// The initial reads of a connecting client. They may be long.
    Connecting,
    /// Answers to requests.
    Request,
}
