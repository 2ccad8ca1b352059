//! Why a call or a connection failed.

use std::time::Duration;

use groups_protocol::{Code, ProblemBody};

use crate::box_error::BoxError;
use crate::token::TokenError;

/// Why a call or a connection failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server, or a proxy in front of it, refused the request.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// There was no complete response: the server could not be reached, or the connection was lost. A change may or may not
    /// have been made; [`request_key`](Self::request_key) makes it safe to repeat.
    #[error("the server cannot be reached")]
    Unreachable {
        /// The cause of the last attempt.
        source: BoxError,
        /// The `Idempotency-Key` that all attempts had, if the request was a change.
        idempotency_key: Option<String>,
    },
    /// The response is not what the contract says. Usually the URL is not that of a groups server.
    #[error("the response of {request} is not that of a groups server")]
    UnexpectedResponse {
        /// Method and path of the request.
        request: String,
        /// What the response lacks.
        source: BoxError,
    },
    /// The server closed the WebSocket with a code after which clients do not reconnect.
    #[error("the server closed the connection with code {code}{}", explained(*.code, .reason))]
    Closed {
        /// The close code, from 4500 to 4999.
        code: u16,
        /// The close reason, usually empty.
        reason: String,
    },
    /// There is no token.
    #[error("no token is available")]
    Token(#[source] TokenError),
    /// The request cannot be sent, because it contains a value that HTTP does not allow.
    #[error("the request is invalid")]
    InvalidRequest(#[source] BoxError),
}

/// The server's answer to a request that it did not execute.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The stable code. Empty if the response has none, because it comes from a proxy.
    pub code: String,
    /// A short description of the code, for people.
    pub title: String,
    /// A description of this refusal, for people.
    pub detail: String,
    /// How long the server asks clients to wait before they repeat the request.
    pub retry_after: Option<Duration>,
    /// The id of the request, which the server's log has.
    pub request_id: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: u16, body: &[u8], retry_after: Option<Duration>) -> Self {
        let problem: Option<ProblemBody<'_>> = serde_json::from_slice(body).ok();
        let Some(problem) = problem else {
            // The body of a proxy is a page for people. The status is enough.
            let title = format!("HTTP status {status}");
            return Self { status, code: String::new(), title, detail: String::new(), retry_after, request_id: None };
        };
        Self {
            status,
            code: problem.code.into_owned(),
            title: problem.title.into_owned(),
            detail: problem.detail.into_owned(),
            retry_after,
            request_id: problem.request_id.map(Into::into),
        }
    }

    /// The code, if this version of the library knows it.
    pub fn code(&self) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.as_str() == self.code)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.detail.is_empty() { &self.title } else { &self.detail })
    }
}

impl Error {
    /// The stable code of a refusal, if this version of the library knows it.
    pub fn code(&self) -> Option<Code> {
        self.refusal().and_then(Refusal::code)
    }

    /// The HTTP status of a refusal.
    pub fn status(&self) -> Option<u16> {
        self.refusal().map(|refusal| refusal.status)
    }

    /// The refusal, if the server has answered.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The `Idempotency-Key` of a change whose outcome is unknown.
    pub fn request_key(&self) -> Option<&str> {
        match self {
            Self::Unreachable { idempotency_key, .. } => idempotency_key.as_deref(),
            _ => None,
        }
    }
}

fn explained(code: u16, reason: &str) -> String {
    let meaning = match code {
        4501 => ": too many messages",
        4502 => ": too many connections of this user",
        _ if reason.is_empty() => "",
        _ => return format!(": {reason}"),
    };
    meaning.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_document_becomes_a_typed_error() {
        let body = r#"{"type":"about:blank","title":"Already a member","status":409,"detail":"Bob is already a member.","code":"already_member","request_id":"r-1"}"#;
        let error = Error::Refused(Box::new(Refusal::new(409, body.as_bytes(), None)));
        assert_eq!((error.code(), error.status()), (Some(Code::AlreadyMember), Some(409)));
        assert_eq!(error.refusal().and_then(|refusal| refusal.request_id.as_deref()), Some("r-1"));
        assert_eq!(error.to_string(), "Bob is already a member.");
    }

    #[test]
    fn a_code_of_a_later_version_is_kept_as_text() {
        let body = r#"{"type":"about:blank","title":"Muted","status":409,"detail":"","code":"muted","added_later":1}"#;
        let refusal = Refusal::new(409, body.as_bytes(), None);
        assert_eq!((refusal.code(), refusal.code.as_str()), (None, "muted"));
        assert_eq!(refusal.to_string(), "Muted");
    }

    #[test]
    fn the_page_of_a_proxy_becomes_its_status() {
        let refusal = Refusal::new(502, b"<html>Bad gateway</html>", Some(Duration::from_secs(3)));
        assert_eq!((refusal.to_string().as_str(), refusal.code()), ("HTTP status 502", None));
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(3)));
    }

    #[test]
    fn a_final_close_code_says_what_it_means() {
        let closed = |code, reason: &str| Error::Closed { code, reason: reason.to_owned() }.to_string();
        assert_eq!(
            closed(4502, ""),
            "the server closed the connection with code 4502: too many connections of this user"
        );
        assert_eq!(closed(4500, "revoked"), "the server closed the connection with code 4500: revoked");
    }
}
