//! Which pages may use the service: the server's own, and those of the origins that the operator allows.
//!
//! Browsers send `Origin` and no page can forge it (RFC 6455 section 10.2); other clients send none and are judged by their token.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::uri::Authority;

use crate::{Code, Problem};

/// The origins that the operator allows besides the server's own: one list, for HTTP (CORS) and for the WebSocket's upgrade.
#[derive(Clone)]
pub(crate) struct Origins(Arc<[String]>);

impl Origins {
    /// Of what [`canonical`] has made of each.
    pub(crate) fn new(canonical: Vec<String>) -> Self {
        Self(canonical.into())
    }

    /// Whether the operator has named this origin.
    pub(crate) fn allows(&self, origin: &HeaderValue) -> bool {
        let origin = origin.to_str().ok().and_then(canonical);
        origin.is_some_and(|origin| self.0.contains(&origin))
    }

    /// For an upgrade, which CORS does not cover.
    ///
    /// # Errors
    /// [`Code::Forbidden`] to a page from elsewhere.
    pub(crate) fn check(&self, request: &HttpRequest) -> Result<(), Problem> {
        let Some(origin) = request.headers().get(header::ORIGIN) else { return Ok(()) };
        if self.allows(origin) || is_own(origin, request) {
            return Ok(());
        }
        Err(Problem::new(Code::Forbidden, "pages of this origin may not connect"))
    }
}

/// An origin as browsers write it (RFC 6454 section 6.1): scheme and host in lower case, without the scheme's own port.
/// `None` where it is none of HTTP.
pub(crate) fn canonical(origin: &str) -> Option<String> {
    let origin = origin.to_ascii_lowercase();
    let (scheme, authority) = origin.split_once("://")?;
    let own_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let parsed = authority.parse::<Authority>().ok().filter(|_| !authority.contains('@'))?;
    Some(match parsed.port_u16() {
        Some(port) if port != own_port => format!("{scheme}://{}:{port}", parsed.host()),
        _ => format!("{scheme}://{}", parsed.host()),
    })
}

/// Whether the request comes from this machine, and was made to a name of it. A page from elsewhere that has its own name
/// resolve to loopback ("DNS rebinding") says that name, and passes every comparison of `Origin` with `Host`.
///
/// # Errors
/// [`Code::Forbidden`] for any other name, and to callers from elsewhere where the server listens to them.
pub(crate) fn check_loopback(request: &HttpRequest) -> Result<(), Problem> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let called_so = host.parse::<Authority>().is_ok_and(|authority| {
        let name = authority.host().to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        name == "localhost" || name.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
    });
    // A Unix socket has no address, and is of this machine.
    let calls_from_here = request.peer_addr().is_none_or(|peer| peer.ip().to_canonical().is_loopback());
    let elsewhere =
        || Problem::new(Code::Forbidden, "development mode answers to localhost and loopback addresses only");
    (called_so && calls_from_here).then_some(()).ok_or_else(elsewhere)
}

/// The scheme is not compared: behind a proxy that ends TLS the server does not know its own.
fn is_own(origin: &HeaderValue, request: &HttpRequest) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    match (origin.to_str().ok().and_then(|origin| origin.split_once("://")), host) {
        (Some(("http" | "https", authority)), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn an_origin_is_the_same_in_any_case_and_with_its_own_port() {
        for same in ["https://Chat.Example.org", "HTTPS://chat.example.org", "https://chat.example.org:443"] {
            assert_eq!(canonical(same).as_deref(), Some("https://chat.example.org"));
        }
        for other in ["http://chat.example.org", "https://chat.example.org:8443", "https://[::1]:80", "http://[::1]"] {
            assert_eq!(canonical(other).as_deref(), Some(other));
        }
    }

    #[test]
    fn only_callers_from_this_machine_who_call_it_by_such_a_name_are_of_loopback() {
        let is = |peer: &str, host: &str| {
            let request = TestRequest::default().insert_header((header::HOST, host));
            check_loopback(&request.peer_addr(peer.parse().unwrap()).to_http_request()).is_ok()
        };
        for peer in ["127.0.0.1:5000", "127.8.8.8:5000", "[::1]:5000", "[::ffff:127.0.0.1]:5000"] {
            for host in ["localhost:8080", "chat.localhost", "127.0.0.1:8080", "[::1]:8080"] {
                assert!(is(peer, host), "{peer} to {host}");
            }
            assert!(!is(peer, "chat.example.org:8080"), "a name from elsewhere");
        }
        for peer in ["192.0.2.1:5000", "[2001:db8::1]:5000", "[::ffff:192.0.2.1]:5000"] {
            assert!(!is(peer, "localhost:8080"), "{peer}");
        }
    }

    #[test]
    fn what_is_no_origin_of_http_is_none() {
        let none =
            ["", "null", "*", "chat.example.org", "https://", "https://a/", "https://a?b", "https://a@b", "ftp://a"];
        for none in none {
            assert_eq!(canonical(none), None, "{none}");
        }
    }
}
