//! Why a run could not be carried out. What a run *found* is no failure of this kind: that is in its report.

use std::net::SocketAddr;

/// Why a run could not be carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("'{0}' is no URL of a server: http://HOST:PORT (TLS is not spoken; load the server behind its proxy)")]
    Url(String),
    #[error("{0} is not on this machine; load may be meant for it only if you say --anywhere")]
    Elsewhere(SocketAddr),
    #[error("{needed} open files are needed and {allowed} allowed: raise the limit, ulimit -n {needed}")]
    Files { needed: u64, allowed: u64 },
    #[error("the server process: {0}")]
    Process(String),
    #[error("{what}: {error}")]
    Io { what: &'static str, error: std::io::Error },
    #[error("{request}: {error}")]
    Http { request: String, error: crate::http::HttpError },
    #[error("{request} was answered with {status}: {body}")]
    Status { request: String, status: u16, body: String },
    #[error("{0} was answered with something that the contract does not know")]
    Answer(String),
    #[error("the WebSocket: {0}")]
    Socket(#[from] crate::socket::SocketError),
    #[error("{0} did not happen within {1} s")]
    Late(&'static str, u64),
    #[error("a part of the run ended unexpectedly: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Failure {
    pub(crate) fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::Io { what, error }
    }
}
