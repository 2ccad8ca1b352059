//! Why a request failed.

use std::io;
use std::time::Duration;

use hyper::StatusCode;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The URL cannot be requested.
    #[error("the URL needs the scheme `http` or `https`, a host, and no user name or password")]
    Url,
    /// There is no trusted certificate, so that no `https` URL can be requested.
    #[error("this system has no trusted certificates: install `ca-certificates`, or set SSL_CERT_FILE")]
    NoCertificates,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] tokio_rustls::rustls::Error),
    /// The name cannot be resolved.
    #[error("the host {host:?} cannot be resolved")]
    Resolve {
        /// The name in the URL.
        host: String,
        /// The error of the resolver.
        source: io::Error,
    },
    /// The name has an address that must not be connected to.
    #[error("the host has an address that is not public: {0}")]
    Refused(std::net::IpAddr),
    /// No address accepts a connection.
    #[error("cannot connect to {host:?}")]
    Connect {
        /// The name in the URL.
        host: String,
        /// The error of the last attempt, or of the TLS handshake.
        source: io::Error,
    },
    /// The request or its response is broken.
    #[error("the request failed")]
    Exchange(#[source] hyper::Error),
    /// The response is not 200.
    #[error("the response is {0}; only 200 is accepted, and redirects are not followed")]
    Status(StatusCode),
    /// The response is too long.
    #[error("the response is longer than {0} bytes")]
    TooLong(usize),
    /// The response takes too long.
    #[error("there was no response within {0:?}")]
    TimedOut(Duration),
}
