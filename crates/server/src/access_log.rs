//! Access log: one line per request, without secrets.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use crate::client::ClientAddress;
use crate::link_token::without_token;

/// Maximum length of a logged path, in characters. A longer one is truncated.
const PATH_CHARS_MAX: usize = 200;

/// Logs the client's address, method, path, status and duration: server errors at `warn`, everything else at `debug`.
///
/// The query string is not logged: it may contain a cursor or, in stray requests, anything. Neither are tokens of links.
pub(crate) async fn access_log(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let begun = Instant::now();
    let client = ClientAddress::of(request.request());
    let method = request.method().clone();
    let path: String = without_token(request.path()).chars().take(PATH_CHARS_MAX).collect();
    let response = next.call(request).await?;
    let (status, millis) = (response.status().as_u16(), begun.elapsed().as_millis());
    if response.status().is_server_error() {
        tracing::warn!(%client, %method, path, status, millis, "request");
    } else {
        tracing::debug!(%client, %method, path, status, millis, "request");
    }
    Ok(response)
}
