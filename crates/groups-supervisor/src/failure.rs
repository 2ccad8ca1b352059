//! What ended, and why.

use std::any::Any;

/// The unexpected end of something that has to run as long as the service does.
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
    /// It panicked.
    #[error("panicked: {message}")]
    Panicked {
        /// The text of the panic.
        message: String,
    },
    /// It returned, although it was not told to stop.
    #[error("ended although nothing had stopped it")]
    Returned,
    /// It gave up with an error.
    #[error("failed: {detail}")]
    Failed {
        /// The text of the error.
        detail: String,
    },
}

impl Cause {
    /// The cause of a caught panic, from what `catch_unwind` or a `JoinError` gives.
    pub fn of_panic(payload: &(dyn Any + Send)) -> Self {
        let message = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
            (Some(text), _) => (*text).to_owned(),
            (None, Some(text)) => text.clone(),
            (None, None) => "without a message".to_owned(),
        };
        Self::Panicked { message }
    }
}
