//! The id of a request: in its log lines, its response, and its errors.

use std::sync::Arc;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use tracing::Instrument as _;

use crate::ids;

/// The header of requests and responses.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Maximum length of an id that a client or proxy has chosen.
const CHARS_MAX: usize = 64;

tokio::task_local! {
    static CURRENT: Arc<str>;
}

/// The id of the request that this task is handling.
pub(crate) fn current() -> Option<Arc<str>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// Gives the request its id: the one in its header if that is valid, or a new one. The service is mounted
/// below other middleware that may have done so already.
pub(crate) async fn identify<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if current().is_some() {
        return next.call(request).await;
    }
    let id: Arc<str> = match request.headers().get(HEADER).and_then(valid) {
        Some(id) => id.into(),
        None => ids::new_request_id().to_string().into(),
    };
    let span = tracing::info_span!("request", id = &*id);
    let mut response = CURRENT.scope(Arc::clone(&id), next.call(request)).instrument(span).await?;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    Ok(response)
}

/// Other ids could forge log lines, or fill the log.
fn valid(id: &HeaderValue) -> Option<&str> {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let id = id.to_str().ok()?;
    ((1..=CHARS_MAX).contains(&id.len()) && id.bytes().all(is_valid)).then_some(id)
}
