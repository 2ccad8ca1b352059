//! The URL of the server, and of what lies below it.

use hyper::Uri;

use crate::box_error::BoxError;

/// The text is not the URL of a server.
#[derive(Debug, thiserror::Error)]
#[error("'{url}' is not a valid server URL: use http://HOST:PORT or https://HOST")]
#[non_exhaustive]
pub struct UrlError {
    /// The text.
    pub url: String,
    /// What is wrong with it, if it is not a URL at all.
    pub source: Option<BoxError>,
}

/// The URL of a server. Its path is a prefix, as a proxy may add it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    secure: bool,
    authority: String,
    /// Without a slash at its end.
    prefix: String,
}

impl ServerUrl {
    pub(crate) fn parse(url: &str) -> Result<Self, UrlError> {
        let invalid = |source| UrlError { url: url.to_owned(), source };
        let uri: Uri = url.trim().parse().map_err(|error| invalid(Some(BoxError::from(error))))?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(invalid(None)),
        };
        match (uri.authority(), uri.query()) {
            // A user name in a URL is not a token.
            (Some(authority), None) if !authority.as_str().contains('@') => Ok(Self {
                secure,
                authority: authority.as_str().to_owned(),
                prefix: uri.path().trim_end_matches('/').to_owned(),
            }),
            _ => Err(invalid(None)),
        }
    }

    /// Whether connections use TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// The URL of a path, which starts with `/`.
    pub(crate) fn http(&self, path: &str) -> String {
        self.below(if self.secure { "https" } else { "http" }, path)
    }

    /// The URL of a path for a WebSocket.
    pub(crate) fn socket(&self, path: &str) -> String {
        self.below(if self.secure { "wss" } else { "ws" }, path)
    }

    fn below(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}{}{path}", self.authority, self.prefix)
    }
}

/// Appends a parameter to the query of a path.
pub(crate) fn add_parameter(path: &mut String, name: &str, value: &str) {
    path.push(if path.contains('?') { '&' } else { '?' });
    path.push_str(name);
    path.push('=');
    path.push_str(&escaped(value));
}

/// Everything but unreserved characters (RFC 3986 section 2.3) is percent-encoded.
fn escaped(text: &str) -> String {
    use std::fmt::Write;
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(escaped, "%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn paths_are_below_the_prefix_of_a_proxy() {
        let url = ServerUrl::parse("https://chat.example/groups/").unwrap();
        assert_eq!(url.http("/v1/me"), "https://chat.example/groups/v1/me");
        assert_eq!(url.socket("/v1/ws"), "wss://chat.example/groups/v1/ws");
        assert_eq!(ServerUrl::parse("http://[::1]:8080").unwrap().http("/v1/me"), "http://[::1]:8080/v1/me");
    }

    #[test]
    fn an_invalid_url_is_an_error() {
        for url in
            ["", "127.0.0.1:8080", "ftp://host", "http://", "http://ada:secret@host", "http://host/?a=b", "http://a b"]
        {
            assert!(ServerUrl::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_values_of_parameters_are_escaped() {
        let mut path = "/v1/groups".to_owned();
        add_parameter(&mut path, "query", "a+b/c=& é");
        add_parameter(&mut path, "limit", "5");
        assert_eq!(path, "/v1/groups?query=a%2Bb%2Fc%3D%26%20%C3%A9&limit=5");
    }
}
