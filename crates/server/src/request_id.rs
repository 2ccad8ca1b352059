//! Request ids: each request has one, in its response, its problem and its log lines.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::ids;

/// Header of requests and responses.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// Maximum length of an id that a client or a proxy has chosen. A longer one is replaced.
const CHARS_MAX: usize = 64;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The id of a request: that of the client if it is valid, else a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// The id of the request that is being handled.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    pub(crate) fn as_str(&self) -> &str {
        // The bytes were checked, or are those of a UUID.
        self.0.to_str().unwrap_or_default()
    }

    fn of(headers: &HeaderMap, new_id: impl FnOnce() -> Uuid) -> Self {
        let chosen = headers.get(REQUEST_ID).filter(|id| is_valid(id.as_bytes()));
        chosen.cloned().map(Self).unwrap_or_else(|| Self::from(new_id()))
    }
}

impl From<Uuid> for RequestId {
    fn from(id: Uuid) -> Self {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        let text = id.as_hyphenated().encode_lower(&mut text);
        Self(HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("unknown")))
    }
}

/// Unreserved characters of URLs only, so that an id is harmless in a log and in a query.
fn is_valid(id: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._~-".contains(byte);
    (1..=CHARS_MAX).contains(&id.len()) && id.iter().all(allowed)
}

/// Middleware that gives a request its id. A request that already has one keeps it, so paths that are
/// mounted in another application can be wrapped on their own.
pub(crate) async fn identified<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if CURRENT.try_with(|_| ()).is_ok() {
        return next.call(request).await;
    }
    let id = RequestId::of(request.headers(), ids::new_request_id);
    // At the level of errors, so that no line of the log lacks it, whatever is filtered.
    let span = tracing::error_span!("request", request_id = id.as_str());
    let mut response = CURRENT.scope(id.clone(), async { next.call(request).await }).instrument(span).await?;
    response.headers_mut().insert(HeaderName::from_static(REQUEST_ID), id.0);
    Ok(response)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    const NEW: Uuid = Uuid::from_u128(7);

    fn chosen(id: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static(REQUEST_ID), HeaderValue::from_bytes(id).unwrap());
        RequestId::of(&headers, || NEW).as_str().to_owned()
    }

    #[test]
    fn a_valid_id_of_a_client_is_kept_and_any_other_is_replaced() {
        let longest = "x".repeat(64);
        for id in ["a", "0197f1f0-0000-7000-8000-000000000001", "A.b_c~9", &longest] {
            assert_eq!(chosen(id.as_bytes()), id);
        }
        for id in ["", "a b", "a\"b", "a,b", "{a}", "ä", &"x".repeat(65)] {
            assert_eq!(chosen(id.as_bytes()), NEW.to_string(), "{id}");
        }
        assert_eq!(RequestId::of(&HeaderMap::new(), || NEW), RequestId::from(NEW));
    }
}
