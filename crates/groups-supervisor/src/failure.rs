//! Which task failed, and why.

use std::any::Any;

/// A task or thread that must run as long as the service has ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the task \"{task}\" {cause}")]
pub struct TaskFailure {
    /// The name of the task or thread.
    pub task: String,
    /// How it ended.
    pub cause: Cause,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The task panicked.
    #[error("panicked: {message}")]
    Panicked {
        /// The panic message.
        message: String,
    },
    /// The task returned without having been stopped.
    #[error("ended unexpectedly")]
    Returned,
    /// The task failed with an error.
    #[error("failed: {detail}")]
    Failed {
        /// The error message.
        detail: String,
    },
}

impl Cause {
    /// Creates the cause of a caught panic from the payload of `catch_unwind` or a `JoinError`.
    pub fn of_panic(payload: &(dyn Any + Send)) -> Self {
        let message = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
            (Some(text), _) => (*text).to_owned(),
            (None, Some(text)) => text.clone(),
            (None, None) => "without a message".to_owned(),
        };
        Self::Panicked { message }
    }
}
