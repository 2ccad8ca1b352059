//! Origin checks: the server's own pages and those of allowed origins may use the service.
//!
//! Browsers send `Origin`, and a page cannot forge it (RFC 6455 section 10.2). Other clients send
//! none and are authenticated by their token.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::uri::Authority;

use crate::client::requested_host;
use crate::{Code, Problem};

/// Origins that the operator allows in addition to the server's own. The same list applies to CORS,
/// unsafe requests and WebSocket upgrades.
#[derive(Clone)]
pub(crate) struct Origins {
    allowed: Arc<[String]>,
    refused: Arc<Mutex<HashSet<String>>>,
}

/// Maximum number of refused origins that are logged, each once. This bounds the log and the
/// memory.
const REFUSED_ORIGINS_NAMED_MAX: usize = 64;

/// Maximum length of a logged `Origin`, in bytes. A longer one is truncated.
const ORIGIN_LOGGED_BYTES_MAX: usize = 200;

impl Origins {
    /// Creates the list from origins returned by [`canonical`].
    pub(crate) fn new(canonical: Vec<String>) -> Self {
        Self { allowed: canonical.into(), refused: Arc::default() }
    }

    /// Whether the operator allows this origin.
    pub(crate) fn allows(&self, origin: &HeaderValue) -> bool {
        let origin = origin.to_str().ok().and_then(|origin| canonical(origin).ok());
        origin.is_some_and(|origin| self.allowed.contains(&origin))
    }

    /// Refuses requests from pages of foreign origins. Needed for upgrades, which CORS does not
    /// cover.
    ///
    /// # Errors
    /// [`Code::Forbidden`] for a page of a foreign origin.
    pub(crate) fn check(&self, request: &HttpRequest) -> Result<(), Problem> {
        if self.is_foreign(request) { Err(Self::refusal()) } else { Ok(()) }
    }

    /// The error for a page of a foreign origin.
    pub(crate) fn refusal() -> Problem {
        Problem::new(
            Code::Forbidden,
            "Pages of this origin may not use this server; the operator can allow it with GROUPS_ALLOWED_ORIGINS.",
        )
    }

    /// Whether a page of a foreign origin sent the request.
    pub(crate) fn is_foreign(&self, request: &HttpRequest) -> bool {
        let headers = request.headers();
        // Set by the browser and not by pages. It helps when `Origin` is missing or a proxy has
        // changed `Host`.
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        let Some(origin) = headers.get(header::ORIGIN) else { return site == Some(b"cross-site") };
        let own = site == Some(b"same-origin") || is_own(origin, requested_host(request).as_deref());
        let foreign = !own && !self.allows(origin);
        if foreign {
            self.note_refused(origin);
        }
        foreign
    }

    /// Logs a refused origin once: the operator has probably forgotten to allow it.
    fn note_refused(&self, origin: &HeaderValue) {
        let origin = String::from_utf8_lossy(origin.as_bytes());
        let origin: String = origin.chars().filter(|char| !char.is_control()).take(ORIGIN_LOGGED_BYTES_MAX).collect();
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() < REFUSED_ORIGINS_NAMED_MAX && refused.insert(origin.clone()) {
            let named = refused.len();
            drop(refused);
            tracing::info!(origin, "refused a page of this origin; if it is yours, add it to GROUPS_ALLOWED_ORIGINS");
            if named == REFUSED_ORIGINS_NAMED_MAX {
                tracing::info!("further refused origins are not logged");
            }
        }
    }
}

/// Whether a method is safe (RFC 9110 section 9.2.1).
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Normalizes an origin to the form that browsers send (RFC 6454 section 6.1): lower-case scheme
/// and host, without the default port. `null`, which browsers send for sandboxed frames and local
/// files, stays `null`.
///
/// # Errors
/// An explanation for the operator if no page can have this origin.
pub(crate) fn canonical(origin: &str) -> Result<String, &'static str> {
    if origin == "null" {
        return Ok(origin.to_owned());
    }
    if origin.contains('*') {
        return Err("wildcards are not supported; list each origin");
    }
    let origin = origin.to_ascii_lowercase();
    let Some((scheme, authority)) = origin.split_once("://") else {
        return Err("the scheme is missing");
    };
    let own_port = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "ws" | "wss" => return Err("the origin of a page begins with http:// or https://, also for its WebSockets"),
        "file" => return Err("pages from files have the origin `null`"),
        "ftp" | "data" | "blob" | "about" | "javascript" => return Err("no page has an origin of this scheme"),
        // Schemes of apps and extensions: `capacitor://localhost`, `chrome-extension://…`.
        _ => None,
    };
    let mut chars = scheme.chars();
    if !chars.next().is_some_and(|first| first.is_ascii_lowercase())
        || !chars.all(|char| char.is_ascii_alphanumeric() || "+-.".contains(char))
    {
        return Err("the scheme is invalid");
    }
    if authority.contains(['/', '?', '#']) {
        return Err("an origin ends with host and port, without a slash or a path");
    }
    if authority.contains('@') {
        return Err("an origin has no user name");
    }
    let (host, port) = host_and_port(authority)?;
    Ok(match port {
        Some(port) if Some(port) != own_port => format!("{scheme}://{host}:{port}"),
        _ => format!("{scheme}://{host}"),
    })
}

fn host_and_port(authority: &str) -> Result<(String, Option<u16>), &'static str> {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            let address = address.parse::<Ipv6Addr>().map_err(|_| "the IPv6 address is invalid")?;
            (format!("[{address}]"), port)
        }
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            if host.is_empty() {
                return Err("the host is missing");
            }
            if !host.is_ascii() {
                return Err("browsers send the host in its ASCII form (Punycode, `xn--…`)");
            }
            if !host.chars().all(|char| char.is_ascii_alphanumeric() || "-._".contains(char)) {
                return Err("the host is invalid");
            }
            (host.to_owned(), port)
        }
    };
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok((host, None)),
        Some(digits) if !digits.starts_with('+') => match digits.parse() {
            Ok(port) => Ok((host, Some(port))),
            Err(_) => Err("the port is invalid"),
        },
        _ => Err("the port is invalid"),
    }
}

/// Checks that the request comes from this machine and addresses it by a loopback name. A foreign
/// page whose own name resolves to loopback (DNS rebinding) sends that name as `Host`, and passes
/// every comparison of `Origin` with `Host`.
///
/// # Errors
/// [`Code::Forbidden`] for any other name, and for callers on other machines.
pub(crate) fn check_loopback(request: &HttpRequest) -> Result<(), Problem> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let called_so = is_loopback_name(host);
    // A Unix socket has no address, but is always local.
    let calls_from_here = request.peer_addr().is_none_or(|peer| peer.ip().to_canonical().is_loopback());
    let elsewhere =
        || Problem::new(Code::Forbidden, "development mode answers to localhost and loopback addresses only");
    (called_so && calls_from_here).then_some(()).ok_or_else(elsewhere)
}

/// Whether a host, with or without a port, is a name or an address of this machine that no page of
/// another machine can have.
pub(crate) fn is_loopback_name(host: &str) -> bool {
    host.parse::<Authority>().is_ok_and(|authority| {
        let name = authority.host().to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        name == "localhost" || name.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
    })
}

/// Compares host and port only: behind a proxy that terminates TLS, the server does not know its
/// public scheme.
fn is_own(origin: &HeaderValue, host: Option<&str>) -> bool {
    match (origin.to_str().ok().and_then(|origin| origin.split_once("://")), host) {
        (Some(("http" | "https", authority)), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn origins_are_compared_without_case_and_default_port() {
        for same in ["https://Chat.Example.org", "HTTPS://chat.example.org", "https://chat.example.org:443"] {
            assert_eq!(canonical(same).as_deref(), Ok("https://chat.example.org"));
        }
        for other in ["http://chat.example.org", "https://chat.example.org:8443", "https://[::1]:80", "http://[::1]"] {
            assert_eq!(canonical(other).as_deref(), Ok(other));
        }
        assert_eq!(canonical("http://[0:0::1]:80").as_deref(), Ok("http://[::1]"));
    }

    #[test]
    fn origins_of_apps_and_extensions_are_accepted() {
        for app in [
            "capacitor://localhost",
            "tauri://localhost",
            "ionic://localhost",
            "app://obsidian.md",
            "app://.",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            "moz-extension://1b7f4ff8-38f5-4ab9-8b1b-6f2d8a7e3b11",
            "null",
        ] {
            assert_eq!(canonical(app).as_deref(), Ok(app));
        }
        let safari = canonical("safari-web-extension://1B7F4FF8-38F5-4AB9-8B1B-6F2D8A7E3B11");
        assert_eq!(safari.as_deref(), Ok("safari-web-extension://1b7f4ff8-38f5-4ab9-8b1b-6f2d8a7e3b11"));
    }

    #[test]
    fn impossible_origins_are_refused_with_a_reason() {
        for (none, reason) in [
            ("", "scheme"),
            ("chat.example.org", "scheme"),
            ("://a", "scheme"),
            ("9p://a", "scheme"),
            ("*", "wildcard"),
            ("https://*.example.org", "wildcard"),
            ("capacitor://*", "wildcard"),
            ("https://", "host"),
            ("https://:8080", "host"),
            ("https://exa mple", "host"),
            ("https://bücher.example", "Punycode"),
            ("https://a/", "slash"),
            ("https://a/path", "slash"),
            ("https://a?b", "slash"),
            ("https://a@b", "user name"),
            ("https://a:99999", "port"),
            ("https://a:+80", "port"),
            ("https://a:", "port"),
            ("https://[::1", "host"),
            ("https://[::1]x", "port"),
            ("https://[::x]", "IPv6"),
            ("ftp://a", "scheme"),
            ("wss://a", "http"),
            ("file:///index.html", "null"),
        ] {
            let refused = canonical(none).unwrap_err();
            assert!(refused.contains(reason), "{none}: {refused}");
        }
    }

    #[test]
    fn a_page_is_foreign_if_its_origin_is_neither_own_nor_allowed() {
        let origins = Origins::new(vec!["https://app.example".to_owned(), "capacitor://localhost".to_owned()]);
        let foreign = |headers: &[(&'static str, &str)]| {
            let request = TestRequest::default().insert_header((header::HOST, "chat.example:8080"));
            let request = headers.iter().fold(request, |request, header| request.insert_header(*header));
            origins.is_foreign(&request.to_http_request())
        };
        assert!(!foreign(&[]), "programs send no Origin");
        for ours in
            ["http://chat.example:8080", "https://Chat.Example:8080", "https://app.example", "capacitor://localhost"]
        {
            assert!(!foreign(&[("origin", ours)]), "{ours}");
            assert!(!foreign(&[("origin", ours), ("sec-fetch-site", "cross-site")]), "{ours}");
        }
        for other in ["https://chat.example", "null", "https://evil.example", "app://chat.example:8080", "nonsense", ""]
        {
            assert!(foreign(&[("origin", other)]), "{other}");
        }
        // Behind a proxy that changes `Host`, `Sec-Fetch-Site` still tells.
        assert!(!foreign(&[("origin", "https://public.example"), ("sec-fetch-site", "same-origin")]));
        assert!(foreign(&[("sec-fetch-site", "cross-site")]));
        assert!(!foreign(&[("sec-fetch-site", "none")]));
    }

    #[test]
    fn a_bounded_number_of_refused_origins_is_remembered() {
        let origins = Origins::new(Vec::new());
        for number in 0..2 * REFUSED_ORIGINS_NAMED_MAX {
            let origin = HeaderValue::from_str(&format!("https://{number}.example")).unwrap();
            origins.note_refused(&origin);
            origins.note_refused(&origin);
        }
        assert_eq!(origins.refused.lock().unwrap().len(), REFUSED_ORIGINS_NAMED_MAX);
    }

    #[test]
    fn loopback_requires_a_local_peer_and_a_local_host_name() {
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
}
