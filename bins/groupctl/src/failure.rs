//! Why a command failed, and the exit code that says so.

use std::path::PathBuf;
use std::process::ExitCode;

use groups_client::{BuildError, Error, FeedError, TokenError};

/// Why a command failed. Its text says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{text}", text = explained(.0))]
    Call(#[from] Error),
    #[error(transparent)]
    Feed(FeedError),
    #[error("{0}{cause}", cause = cause(.0))]
    Client(#[from] BuildError),
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
    #[error("{path}: {error}")]
    File { path: PathBuf, error: std::io::Error },
    #[error("{path} is invalid: {reason}")]
    Invalid { path: PathBuf, reason: String },
    #[error("{0}")]
    Usage(String),
    #[error(
        "no token: set GROUPS_TOKEN or GROUPS_TOKEN_FILE, or use a profile; in development mode, run `groupctl login NAME`"
    )]
    NoToken,
    #[error("the job has failed after {done} of {total} groups; see the log of the server, and start it again")]
    Job { done: u64, total: u64 },
}

impl Failure {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::File { path: path.into(), error }
    }

    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    fn code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Invalid { .. } | Self::Client(_) => USAGE,
            Self::NoToken | Self::Call(Error::Token(_)) => UNAUTHENTICATED,
            Self::Call(Error::Unreachable { .. }) => UNAVAILABLE,
            Self::Call(Error::Closed { .. }) => REFUSED,
            Self::Call(Error::Refused(refusal)) => match refusal.status {
                401 => UNAUTHENTICATED,
                404 => NOT_FOUND,
                403 | 409 | 412 | 422 => REFUSED,
                429 | 502..=504 => UNAVAILABLE,
                _ => FAILED,
            },
            Self::Call(_) | Self::Feed(_) | Self::Output(_) | Self::File { .. } | Self::Job { .. } => FAILED,
        }
    }
}

/// Anything that has no code of its own.
pub(crate) const FAILED: u8 = 1;
/// As clap exits.
const USAGE: u8 = 2;
const NOT_FOUND: u8 = 3;
const REFUSED: u8 = 4;
const UNAUTHENTICATED: u8 = 5;
const UNAVAILABLE: u8 = 6;

pub(crate) fn explained(error: &Error) -> String {
    match error {
        Error::Unreachable { idempotency_key: Some(key), .. } => {
            format!("{error}{}; the change may have been made: repeat it with --idempotency-key {key}", cause(error))
        }
        Error::Unreachable { .. } => format!("{error}{}; check the URL, and whether the server runs", cause(error)),
        Error::Token(TokenError::SignedOut) => Failure::NoToken.to_string(),
        Error::Refused(refusal) => {
            let advice = match refusal.retry_after {
                _ if refusal.status == 401 => {
                    " Get a new token; in development mode, run `groupctl login NAME`.".to_owned()
                }
                Some(wait) => format!(" Try again in {} s.", wait.as_secs()),
                None => String::new(),
            };
            let request = refusal.request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default();
            format!("{refusal}{advice}{request}")
        }
        _ => format!("{error}{}", cause(error)),
    }
}

/// The innermost cause, which names the error of the operating system.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.last().map(|cause| format!(": {cause}")).unwrap_or_default()
}
