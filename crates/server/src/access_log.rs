//! One line of log for each request, without what is secret in it.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

/// A longer path is cut in the log, in characters.
const PATH_CHARS_MAX: usize = 200;

/// Logs method, path, status and time: at `debug` what went well, at `warn` what is the server's own fault.
///
/// The query stays out: it may hold a cursor, and of other programs' requests anything.
pub(crate) async fn access_log(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let begun = Instant::now();
    let method = request.method().clone();
    let path: String = request.path().chars().take(PATH_CHARS_MAX).collect();
    let response = next.call(request).await?;
    let (status, millis) = (response.status().as_u16(), begun.elapsed().as_millis());
    if response.status().is_server_error() {
        tracing::warn!(%method, path, status, millis, "request");
    } else {
        tracing::debug!(%method, path, status, millis, "request");
    }
    Ok(response)
}
