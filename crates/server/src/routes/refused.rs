//! Problem details for clients that the hub refuses.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};

use crate::{Code, Problem};

/// The hub refuses without a body. Converts its response.
pub(super) fn refused(response: &HttpResponse) -> Problem {
    let seconds = response.headers().get(header::RETRY_AFTER).and_then(|seconds| seconds.to_str().ok()?.parse().ok());
    let refusal = match response.status() {
        StatusCode::TOO_MANY_REQUESTS => {
            Problem::new(Code::RateLimited, "Too many open connections for this user. Try again later.")
        }
        _ => Problem::new(Code::Unavailable, "The server is stopping."),
    };
    refusal.retry_after(seconds.unwrap_or(1))
}
