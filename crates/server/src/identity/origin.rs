//! Which pages may open a WebSocket: the server's own, and those that the operator allows.
//!
//! Browsers send `Origin` and no page can forge it (RFC 6455 section 10.2); other clients send none and are judged by their token.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::http::uri::Authority;

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

/// Whether the request was made to a name of this machine alone. A page from elsewhere that has its own name resolve to loopback
/// ("DNS rebinding") says that name, and passes every comparison of `Origin` with `Host`.
///
/// # Errors
/// [`Code::Forbidden`] for any other name.
pub(crate) fn check_loopback(request: &HttpRequest) -> Result<(), Problem> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_loopback = host.parse::<Authority>().is_ok_and(|authority| {
        let name = authority.host().to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        name == "localhost" || name.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
    });
    let elsewhere =
        || Problem::new(Code::Forbidden, "development mode answers to localhost and loopback addresses only");
    is_loopback.then_some(()).ok_or_else(elsewhere)
}

/// The scheme is not compared: behind a proxy that ends TLS the server does not know its own.
fn is_own(origin: &str, request: &HttpRequest) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    match (origin.split_once("://"), host) {
        (Some(("http" | "https", authority)), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}
