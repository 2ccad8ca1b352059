//! Errors of causes that this crate does not know.

/// Any error of a cause that this crate does not know, such as one of a token provider.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
