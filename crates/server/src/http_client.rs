//! An HTTP/1.1 client for the few requests that the service itself makes.
//!
//! It is hyper's client connection with a connector of our own: no pool, no redirects, no cookies,
//! no proxies, and a limit on everything that the other side controls. `awc` would need a
//! single-threaded actix runtime, but these requests come from supervised tasks, which run on any
//! Tokio runtime. Resolving a name and connecting to its addresses are separate steps, so that a
//! caller can check the addresses in between.
//!
//! TLS is rustls with `ring` as an explicit provider: the process-wide one belongs to the embedding
//! application.

mod body;
mod cache_control;
mod error;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST, USER_AGENT};
use hyper::http::uri::Scheme;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub(crate) use self::error::HttpError;

/// Maximum size of a response head, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Limits of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FetchLimits {
    /// Maximum size of the response body, in bytes.
    pub(crate) body_bytes_max: usize,
    /// Maximum duration, from resolving the name to the end of the body.
    pub(crate) time_max: Duration,
}

/// A successful response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fetched {
    pub(crate) body: Vec<u8>,
    /// For how long the response stays fresh, if it says so.
    pub(crate) max_age: Option<Duration>,
}

/// Sends requests, each on its own connection.
#[derive(Clone)]
pub(crate) struct HttpClient {
    tls: Option<TlsConnector>,
}

impl HttpClient {
    /// Reads the certificates that this system trusts. This blocks for some milliseconds.
    ///
    /// # Errors
    /// [`HttpError::Tls`] if rustls rejects its own defaults.
    pub(crate) fn new() -> Result<Self, HttpError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Ok(Self { tls: None });
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(HttpError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: Some(TlsConnector::from(Arc::new(config))) })
    }

    /// Requests a resource with `GET`.
    ///
    /// # Errors
    /// [`HttpError`]: every other response than a complete 200 within the limits is an error.
    pub(crate) async fn get(&self, url: &Uri, limits: FetchLimits) -> Result<Fetched, HttpError> {
        let target = Target::of(url)?;
        let request = target.request(Method::GET, String::new())?;
        self.send(&target, request, limits).await
    }

    /// Sends a JSON document with `POST`.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    #[cfg(feature = "otlp")]
    pub(crate) async fn post_json(&self, url: &Uri, body: String, limits: FetchLimits) -> Result<(), HttpError> {
        let target = Target::of(url)?;
        let mut request = target.request(Method::POST, body)?;
        let json = hyper::header::HeaderValue::from_static("application/json");
        request.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
        self.send(&target, request, limits).await.map(drop)
    }

    async fn send(
        &self,
        target: &Target<'_>,
        request: Request<String>,
        limits: FetchLimits,
    ) -> Result<Fetched, HttpError> {
        let fetching = async {
            let addresses = target.resolve().await?;
            let socket = target.connect(&addresses).await?;
            if !target.encrypted {
                return exchange(socket, request, limits.body_bytes_max).await;
            }
            let tls = self.tls.as_ref().ok_or(HttpError::NoCertificates)?;
            let name = ServerName::try_from(target.host.to_owned()).map_err(|_| HttpError::Url)?;
            let encrypted = tls.connect(name, socket).await.map_err(|source| target.unreachable(source))?;
            exchange(encrypted, request, limits.body_bytes_max).await
        };
        let fetched = tokio::time::timeout(limits.time_max, fetching).await;
        fetched.unwrap_or(Err(HttpError::TimedOut(limits.time_max)))
    }
}

/// What a URL requests.
struct Target<'a> {
    encrypted: bool,
    /// Without the brackets of an IPv6 address.
    host: &'a str,
    port: u16,
    /// The value of `Host`.
    authority: &'a str,
    path: &'a str,
}

impl<'a> Target<'a> {
    fn of(url: &'a Uri) -> Result<Self, HttpError> {
        let encrypted = match url.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(HttpError::Url),
        };
        let authority = url.authority().map(|authority| authority.as_str()).ok_or(HttpError::Url)?;
        let host = url.host().filter(|host| !host.is_empty()).ok_or(HttpError::Url)?;
        if authority.contains('@') {
            return Err(HttpError::Url);
        }
        Ok(Self {
            encrypted,
            host: host.trim_start_matches('[').trim_end_matches(']'),
            port: url.port_u16().unwrap_or(if encrypted { 443 } else { 80 }),
            authority,
            path: url.path_and_query().map_or("/", |path| path.as_str()),
        })
    }

    fn request(&self, method: Method, body: String) -> Result<Request<String>, HttpError> {
        let request = Request::builder()
            .method(method)
            .uri(self.path)
            .header(HOST, self.authority)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("groups/", env!("CARGO_PKG_VERSION")));
        request.body(body).map_err(|_| HttpError::Url)
    }

    async fn resolve(&self) -> Result<Vec<SocketAddr>, HttpError> {
        let failed = |source| HttpError::Resolve { host: self.host.to_owned(), source };
        let addresses = tokio::net::lookup_host((self.host, self.port)).await.map_err(failed)?;
        Ok(addresses.collect())
    }

    /// Connects to the first address that accepts.
    async fn connect(&self, addresses: &[SocketAddr]) -> Result<TcpStream, HttpError> {
        TcpStream::connect(addresses).await.map_err(|source| self.unreachable(source))
    }

    fn unreachable(&self, source: io::Error) -> HttpError {
        HttpError::Connect { host: self.host.to_owned(), source }
    }
}

/// Checks that a URL can be requested.
///
/// # Errors
/// [`HttpError::Url`].
pub(crate) fn check_url(url: &Uri) -> Result<(), HttpError> {
    Target::of(url).map(drop)
}

/// Sends the request and reads the response. The connection is driven by the same future, so that
/// nothing is left behind when it is dropped.
async fn exchange<T>(socket: T, request: Request<String>, body_bytes_max: usize) -> Result<Fetched, HttpError>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES_MAX);
    let (mut sender, connection) = builder.handshake(TokioIo::new(socket)).await.map_err(HttpError::Exchange)?;
    let responding = async move {
        let response = sender.send_request(request).await.map_err(HttpError::Exchange)?;
        if response.status() != StatusCode::OK {
            return Err(HttpError::Status(response.status()));
        }
        let max_age = cache_control::max_age(response.headers());
        let body = body::read(response.into_body(), body_bytes_max).await?;
        Ok(Fetched { body, max_age })
    };
    match select(pin!(responding), pin!(connection)).await {
        Either::Left((response, _)) => response,
        // What has arrived before the end can still be read.
        Either::Right((_, responding)) => responding.await,
    }
}
