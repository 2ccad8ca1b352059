//! API errors: RFC 9457 problem details with a stable code.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use groups_domain::{AccessList, Rejection, TextError};
use groups_protocol::{Code, ProblemBody};
use groups_store::{ExecuteError, Reason, StoreError};

use crate::request_id::RequestId;

/// An error response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", .code.as_str())]
pub struct Problem {
    code: Code,
    detail: String,
    retry_after_seconds: Option<u32>,
    /// Whether the connection is closed after the response.
    closes: bool,
}

impl Problem {
    /// Creates an error with an explanation of this occurrence. The explanation must not reveal
    /// SQL, paths or other users' data.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after_seconds: None, closes: false }
    }

    /// The stable error code.
    pub fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Code::MalformedRequest, detail)
    }

    pub(crate) fn group_not_found() -> Self {
        Rejection::GroupNotFound.into()
    }

    pub(crate) fn link_not_found() -> Self {
        Rejection::LinkNotFound.into()
    }

    pub(crate) fn name(error: TextError) -> Self {
        Self::new(Code::InvalidName, format!("Invalid name: {error}."))
    }

    pub(crate) fn description(error: TextError) -> Self {
        Self::new(Code::InvalidDescription, format!("Invalid description: {error}."))
    }

    /// The answer to a position in the log that is no longer valid, with what to do. Other errors are
    /// answered as always.
    pub(crate) fn of_position(error: StoreError, advice: &str) -> Self {
        let detail = match error {
            StoreError::OlderThanLog => "Changes after this cursor have been deleted from the log.",
            StoreError::HistoryReplaced => "This cursor belongs to another history of the database.",
            error => return error.into(),
        };
        Self::new(Code::CursorExpired, format!("{detail} {advice}"))
    }

    /// Closes the connection after the response.
    #[must_use]
    pub(crate) fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// Sets `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds.max(1));
        self
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.retry_after_seconds {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if self.closes {
            response.force_close();
        }
        match self.code {
            Code::Unauthenticated => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            Code::UpgradeRequired => {
                response.insert_header((header::UPGRADE, "websocket"));
                // RFC 6455 section 4.4.
                response.insert_header((header::SEC_WEBSOCKET_VERSION, "13"));
            }
            // The rest of the body may still be on its way; do not wait for it.
            Code::PayloadTooLarge | Code::RequestTimeout => {
                response.force_close();
            }
            _ => {}
        }
        let request_id = RequestId::current();
        let request_id = request_id.as_ref().map(|id| id.as_str().into());
        let body = ProblemBody { request_id, ..ProblemBody::new(self.code, &self.detail) };
        response.insert_header((header::CONTENT_TYPE, "application/problem+json")).json(body)
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let code = match rejection {
            Rejection::GroupNotFound => Code::GroupNotFound,
            Rejection::GroupExists => Code::GroupExists,
            Rejection::Forbidden(_) | Rejection::CannotBeAdded { .. } => Code::Forbidden,
            Rejection::MemberNotFound { .. } => Code::MemberNotFound,
            Rejection::AlreadyMember { .. } => Code::AlreadyMember,
            Rejection::OwnerMustTransfer(_) => Code::OwnerMustTransfer,
            Rejection::InvalidRole => Code::InvalidRole,
            Rejection::TooManyMembers { .. } => Code::TooManyMembers,
            Rejection::TooManyGroups { .. } => Code::TooManyGroups,
            Rejection::Banned { .. } => Code::Banned,
            Rejection::InvitationNotFound => Code::InvitationNotFound,
            Rejection::JoinRequestNotFound => Code::RequestNotFound,
            Rejection::LinkNotFound => Code::LinkNotFound,
            Rejection::InvalidExpiry => Code::InvalidExpiry,
            Rejection::ListFull { list: AccessList::Invitations, .. } => Code::TooManyInvitations,
            Rejection::ListFull { list: AccessList::JoinRequests, .. } => Code::TooManyRequestsToJoin,
            Rejection::ListFull { list: AccessList::Bans, .. } => Code::TooManyBans,
            Rejection::ListFull { list: AccessList::Links, .. } => Code::TooManyLinks,
            Rejection::VersionMismatch { .. } => Code::VersionMismatch,
        };
        Self::new(code, rejection.to_string())
    }
}

impl From<ExecuteError> for Problem {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Rejected(rejection) => rejection.into(),
            ExecuteError::IdempotencyKeyReused => Self::new(
                Code::IdempotencyKeyReused,
                "This `Idempotency-Key` was used for a different request. Use a new key.",
            ),
            ExecuteError::QuotaExceeded { quota, max, retry_after_seconds } => Self::new(
                Code::RateLimited,
                format!(
                    "Your daily quota of {max} {quota} is used up: try again after midnight UTC. \
                     You can still leave, decline, remove, ban, revoke and delete."
                ),
            )
            .retry_after(retry_after_seconds),
            ExecuteError::Unavailable { retry_after_seconds, reason: Reason::ShareFull } => Self::new(
                Code::RateLimited,
                "Too many of your changes are in progress. Wait for some of them to finish.",
            )
            .retry_after(retry_after_seconds),
            ExecuteError::Unavailable { retry_after_seconds, reason } => {
                tracing::warn!(%reason, "the database could not execute a change");
                Self::new(
                    Code::Unavailable,
                    "The change was not made. Try again; with the same `Idempotency-Key` this is safe.",
                )
                .retry_after(retry_after_seconds)
            }
            ExecuteError::Hook(error) => {
                // As an error, so that the log has its sources: the message does not mention them.
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::error!(error, "a hook failed, and its change was rolled back");
                Self::new(Code::Internal, "The change could not be made.")
            }
            ExecuteError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) => {
                tracing::warn!(%reason, "the database is unavailable");
                Self::new(Code::Unavailable, "The database is unavailable. Try again.")
                    .retry_after(reason.retry_after_seconds())
            }
            StoreError::HistoryReplaced | StoreError::OlderThanLog => {
                Self::new(Code::Unavailable, "The database is unavailable. Try again.").retry_after(1)
            }
            StoreError::Corrupt { .. } | StoreError::Database { .. } => {
                tracing::error!(%error, "the database contains invalid data");
                Self::new(Code::Internal, "The data cannot be read. The server's log says why.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn golden_the_document_shows_every_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
        let document = std::fs::read_to_string(path).expect("docs/errors.md");
        let (begin, end) = ("<!-- codes: generated -->\n", "<!-- /codes -->");
        let (head, rest) = document.split_once(begin).expect("the start of the generated part");
        let (_, tail) = rest.split_once(end).expect("the end of the generated part");
        let rows: String = Code::ALL
            .iter()
            .map(|code| format!("| {} | `{}` | {} |\n", code.status(), code.as_str(), code.title()))
            .collect();
        let fresh = format!("{head}{begin}| status | code | meaning |\n|---|---|---|\n{rows}{end}{tail}");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, &fresh).expect("docs/errors.md can be written");
        }
        assert_eq!(document, fresh, "UPDATE_GOLDEN=1 updates it");
    }

    #[test]
    fn every_rejection_keeps_its_own_code_on_the_wire() {
        for rejection in [Rejection::GroupNotFound, Rejection::InvalidRole, Rejection::GroupExists] {
            assert_eq!(Problem::from(rejection).code.as_str(), rejection.code());
        }
    }
}
