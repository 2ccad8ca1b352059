//! Development mode: anyone can sign in under any name. Only available on loopback.

use std::time::Duration;

use actix_web::HttpRequest;
use groups_domain::{DisplayName, Timestamp, UserId};
use ring::digest;
use uuid::Uuid;

use super::{Origins, check_loopback, token};
use crate::{Code, Problem};

/// Users of development mode. The same name is the same user for as long as the database exists.
pub(crate) struct Development {
    people: Uuid,
    secret: Vec<u8>,
}

/// A signed-in user.
pub(crate) struct Person {
    pub(crate) user_id: UserId,
    pub(crate) name: DisplayName,
    pub(crate) token: String,
}

impl Development {
    /// Lifetime of a token in development mode.
    const TOKEN_LIFE: Duration = Duration::from_secs(12 * 60 * 60);

    /// Derives the secret from the database's id, so that tokens stay valid across server restarts.
    pub(crate) fn new(store_id: Uuid) -> Self {
        let mut secret = digest::Context::new(&digest::SHA256);
        secret.update(b"groups: development tokens of ");
        secret.update(store_id.as_bytes());
        Self { people: store_id, secret: secret.finish().as_ref().to_vec() }
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// Checks that a request comes directly from this machine, and not from a page of a foreign
    /// origin. A proxy on this machine may forward requests from anywhere, and a foreign page runs
    /// in the developer's own browser.
    ///
    /// # Errors
    /// [`Code::Forbidden`] for all other requests.
    pub(crate) fn admit(request: &HttpRequest, origins: &Origins) -> Result<(), Problem> {
        check_loopback(request)?;
        if let Some(header) = passed_on(request) {
            let detail = format!(
                "Development mode does not accept requests that came through a proxy (header `{header}`); \
                 set GROUPS_JWT_SECRET to serve others."
            );
            return Err(Problem::new(Code::Forbidden, detail));
        }
        origins.check(request)?;
        // Another port of localhost is same-site. A GET may lack `Origin`, so `Sec-Fetch-Site` is
        // the only sign that a page sent the request.
        let site = request.headers().get("sec-fetch-site").map(|site| site.as_bytes());
        if !request.headers().contains_key("origin") && site == Some(b"same-site") {
            return Err(Origins::refusal());
        }
        Ok(())
    }

    /// # Errors
    /// [`Code::InvalidName`] if the name is invalid.
    pub(crate) fn sign_in(&self, name: &str, now: Timestamp) -> Result<Person, Problem> {
        let name = DisplayName::parse(name).map_err(Problem::name)?;
        // UUIDv5 (RFC 9562 section 5.5) of the name, in a namespace of this database.
        let user_id = UserId::new(Uuid::new_v5(&self.people, name.as_str().as_bytes()));
        let life = i64::try_from(Self::TOKEN_LIFE.as_millis()).unwrap_or(i64::MAX);
        let expires_at = Timestamp::from_unix_millis(now.unix_millis().saturating_add(life));
        let token = token::sign(&self.secret, user_id, name.as_str(), now, expires_at);
        Ok(Person { user_id, name, token })
    }
}

/// Returns the first header that only a proxy adds.
fn passed_on(request: &HttpRequest) -> Option<&str> {
    const HEADERS: [&str; 9] = [
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-original-host",
        "true-client-ip",
        "cf-connecting-ip",
        "fastly-client-ip",
    ];
    let names = request.headers().keys().map(|name| name.as_str());
    names.into_iter().find(|name| name.starts_with("x-forwarded-") || HEADERS.contains(name))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use actix_web::test::TestRequest;

    use super::*;

    /// Whether a request with these headers is admitted if one foreign origin is allowed.
    fn admits(headers: &[(&str, &str)]) -> bool {
        let origins = Origins::new(vec!["http://localhost:5173".to_owned()]);
        let request = TestRequest::default().peer_addr("127.0.0.1:5000".parse().unwrap());
        let request = headers
            .iter()
            .fold(request.insert_header(("host", "localhost:8080")), |request, header| request.append_header(*header));
        Development::admit(&request.to_http_request(), &origins).is_ok()
    }

    #[test]
    fn a_request_forwarded_by_a_proxy_is_not_local() {
        assert!(admits(&[]));
        for header in [
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "x-forwarded-proto",
            "Forwarded",
            "Via",
            "X-Real-IP",
            "X-Client-IP",
            "CF-Connecting-IP",
        ] {
            assert!(!admits(&[(header, "127.0.0.1")]), "{header}");
        }
    }

    #[test]
    fn a_page_of_another_origin_can_sign_in_only_if_the_operator_allows_it() {
        for own in ["http://localhost:8080", "http://localhost:5173"] {
            assert!(admits(&[("origin", own), ("sec-fetch-site", "cross-site")]), "{own}");
        }
        for foreign in ["https://evil.example", "http://localhost:3000", "null"] {
            assert!(!admits(&[("origin", foreign)]), "{foreign}");
        }
        for (site, good) in [("cross-site", false), ("same-site", false), ("same-origin", true), ("none", true)] {
            assert_eq!(admits(&[("sec-fetch-site", site)]), good, "{site}");
        }
    }
}
