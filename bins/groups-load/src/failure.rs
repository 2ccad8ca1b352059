//! Errors that prevent a run. Findings of a run are not errors: they are part of its report.

use std::net::SocketAddr;

/// Why a run could not be completed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(
        "'{0}' is not a valid server URL: use http://HOST:PORT. TLS is not supported; use an address behind the proxy"
    )]
    Url(String),
    #[error("{0} is not on this machine; pass --anywhere if this is intended")]
    Elsewhere(SocketAddr),
    #[error("{needed} open files are needed, but the limit is {allowed}; raise it with ulimit -n {needed}")]
    Files { needed: u64, allowed: u64 },
    #[error("the server process: {0}")]
    Process(String),
    #[error("PostgreSQL: {0}")]
    Postgres(String),
    #[error("PostgreSQL: {0}")]
    Query(#[from] tokio_postgres::Error),
    #[error("SQLite: {0}")]
    Sqlite(#[from] diesel::result::Error),
    #[error("these measurements could not be completed: {0}")]
    Incomplete(String),
    #[error("{what}: {error}")]
    Io { what: &'static str, error: std::io::Error },
    #[error("{request}: {error}")]
    Http { request: String, error: crate::http::HttpError },
    #[error("{request}: {error}{}", cause(error))]
    Call { request: &'static str, error: Box<groups_client::Error> },
    #[error("{request} was answered with {status}: {body}")]
    Status { request: String, status: u16, body: String },
    #[error("the response to {0} violates the contract")]
    Answer(String),
    #[error("the WebSocket: {0}")]
    Socket(#[from] crate::socket::SocketError),
    #[error("{0} did not happen within {1} s")]
    Late(&'static str, u64),
    #[error("a task of the run ended unexpectedly: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Failure {
    pub(crate) fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::Io { what, error }
    }
}

/// The innermost cause, which names the error of the operating system.
fn cause(error: &groups_client::Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    causes.last().map(|cause| format!(": {cause}")).unwrap_or_default()
}
