//! Which pages may open a WebSocket: the server's own, and those that the operator allows.
//!
//! Browsers send `Origin` and no page can forge it (RFC 6455 section 10.2); other clients send none and are judged by their token.

use actix_web::HttpRequest;
use actix_web::http::header;

use crate::{Code, Problem};

/// The origins that the operator allows besides the server's own.
pub(crate) struct Origins(Vec<String>);

impl Origins {
    pub(crate) fn new<'a>(allowed: impl Iterator<Item = &'a str>) -> Self {
        Self(allowed.map(str::to_ascii_lowercase).collect())
    }

    /// # Errors
    /// [`Code::Forbidden`] to a page from elsewhere.
    pub(crate) fn check(&self, request: &HttpRequest) -> Result<(), Problem> {
        let Some(origin) = request.headers().get(header::ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
        if self.0.contains(&origin) || is_own(&origin, request) {
            return Ok(());
        }
        Err(Problem::new(Code::Forbidden, "pages of this origin may not connect"))
    }
}

/// The scheme is not compared: behind a proxy that ends TLS the server does not know its own.
fn is_own(origin: &str, request: &HttpRequest) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    match (origin.split_once("://"), host) {
        (Some(("http" | "https", authority)), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}
