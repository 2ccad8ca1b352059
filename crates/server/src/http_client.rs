//! An HTTP/1.1 client for the few requests that the service itself makes.
//!
//! It is hyper's client connection with a connector of our own: no pool, no redirects, no cookies,
//! no proxies, and a limit on everything that the other side controls. `awc` would need a
//! single-threaded actix runtime, but these requests come from supervised tasks, which run on any
//! Tokio runtime. Resolving a name and connecting to its addresses are separate steps, so that a
//! caller can check the addresses in between.
//!
//! [`get`](HttpClient::get) and `post_json` accept 200 only; [`deliver`](HttpClient::deliver) returns
//! any response, and lets its caller check the addresses.
//!
//! TLS is rustls with `ring` as an explicit provider: the process-wide one belongs to the embedding
//! application.

mod body;
mod cache_control;
mod error;

use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST, USER_AGENT};
use hyper::http::uri::Scheme;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub(crate) use self::error::HttpError;

/// Maximum length of the name of a host, and of one of its labels, in bytes.
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// How long a connection to one address may take. Then the next address of the host is tried.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(4);

/// Maximum size of a response head, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How long [`HttpClient::deliver`] reads the body of a response, whose status already decides.
const DELIVERED_BODY_TIME_MAX: Duration = Duration::from_secs(1);

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

/// A response with any status.
#[derive(Clone, Debug)]
pub(crate) struct Delivered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The start of the body, as far as it arrived within the limits.
    pub(crate) body: Vec<u8>,
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

    /// Sends a JSON document with `POST` and returns the response, whatever its status is. Only
    /// `body_bytes_max` of its body are read, for at most [`DELIVERED_BODY_TIME_MAX`].
    ///
    /// `check` gets all addresses of the host. If it accepts them, the request goes to one of them;
    /// the name is not resolved again.
    ///
    /// # Errors
    /// [`HttpError`] if there is no response, or the error of `check`.
    pub(crate) async fn deliver(
        &self,
        url: &Uri,
        headers: HeaderMap,
        body: String,
        limits: FetchLimits,
        check: fn(&[SocketAddr]) -> Result<(), HttpError>,
    ) -> Result<Delivered, HttpError> {
        let target = Target::of(url)?;
        let mut request = target.request(Method::POST, body)?;
        request.headers_mut().extend(headers);
        let respond = async |response: Response<Incoming>| {
            let (head, body) = response.into_parts();
            let body = body::read_start(body, limits.body_bytes_max, DELIVERED_BODY_TIME_MAX).await;
            Ok(Delivered { status: head.status, headers: head.headers, body })
        };
        let delivering = async { exchange(self.open(&target, check).await?, request, respond).await };
        within(limits.time_max, delivering).await
    }

    async fn send(
        &self,
        target: &Target<'_>,
        request: Request<String>,
        limits: FetchLimits,
    ) -> Result<Fetched, HttpError> {
        let respond = async |response: Response<Incoming>| {
            if response.status() != StatusCode::OK {
                return Err(HttpError::Status(response.status()));
            }
            let max_age = cache_control::max_age(response.headers());
            let body = body::read(response.into_body(), limits.body_bytes_max).await?;
            Ok(Fetched { body, max_age })
        };
        let fetching = async { exchange(self.open(target, |_| Ok(())).await?, request, respond).await };
        within(limits.time_max, fetching).await
    }

    /// Resolves the host, checks its addresses, and connects to one of them.
    async fn open(
        &self,
        target: &Target<'_>,
        check: fn(&[SocketAddr]) -> Result<(), HttpError>,
    ) -> Result<Box<dyn Socket>, HttpError> {
        let addresses = target.resolve().await?;
        check(&addresses)?;
        let socket = target.connect(&addresses).await?;
        if !target.encrypted {
            return Ok(Box::new(socket));
        }
        let tls = self.tls.as_ref().ok_or(HttpError::NoCertificates)?;
        let name = ServerName::try_from(target.host.to_owned()).map_err(|_| HttpError::Url)?;
        let encrypted = tls.connect(name, socket).await.map_err(|source| target.unreachable(source))?;
        Ok(Box::new(encrypted))
    }
}

/// An open connection, encrypted or not.
trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

async fn within<T>(time_max: Duration, future: impl Future<Output = Result<T, HttpError>>) -> Result<T, HttpError> {
    tokio::time::timeout(time_max, future).await.unwrap_or(Err(HttpError::TimedOut(time_max)))
}

/// The addresses of the host of a URL.
///
/// # Errors
/// [`HttpError::Url`] or [`HttpError::Resolve`].
pub(crate) async fn resolve(url: &Uri) -> Result<Vec<SocketAddr>, HttpError> {
    Target::of(url)?.resolve().await
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
        let port = match (authority.strip_prefix(host), url.port_u16()) {
            (Some("" | ":"), _) => {
                if encrypted {
                    443
                } else {
                    80
                }
            }
            (_, Some(port @ 1..)) => port,
            _ => return Err(HttpError::Url),
        };
        Ok(Self {
            encrypted,
            host: bare_host(host).ok_or(HttpError::Url)?,
            port,
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
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in addresses {
            match tokio::time::timeout(CONNECT_TIME_MAX, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(self.unreachable(last))
    }

    fn unreachable(&self, source: io::Error) -> HttpError {
        HttpError::Connect { host: self.host.to_owned(), source }
    }
}

/// The host without the brackets of an IPv6 address or the dot of an absolute name. `None` if it cannot
/// be one (RFC 3986 section 3.2.2, RFC 1035 section 2.3.4).
fn bare_host(host: &str) -> Option<&str> {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']')?;
        return address.parse::<Ipv6Addr>().is_ok().then_some(address);
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| (1..=LABEL_BYTES_MAX).contains(&label.len());
    (name.len() <= NAME_BYTES_MAX && name.split('.').all(is_label)).then_some(name)
}

/// Checks that a URL can be requested.
///
/// # Errors
/// [`HttpError::Url`].
pub(crate) fn check_url(url: &Uri) -> Result<(), HttpError> {
    Target::of(url).map(drop)
}

/// Sends the request and lets `respond` read the response. The connection is driven by the same
/// future, so that nothing is left behind when it is dropped.
async fn exchange<T>(
    socket: Box<dyn Socket>,
    request: Request<String>,
    respond: impl AsyncFnOnce(Response<Incoming>) -> Result<T, HttpError>,
) -> Result<T, HttpError> {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES_MAX);
    let (mut sender, connection) = builder.handshake(TokioIo::new(socket)).await.map_err(HttpError::Exchange)?;
    let responding = async move {
        let response = sender.send_request(request).await.map_err(HttpError::Exchange)?;
        respond(response).await
    };
    match select(pin!(responding), pin!(connection)).await {
        Either::Left((response, _)) => response,
        // What has arrived before the end can still be read.
        Either::Right((_, responding)) => responding.await,
    }
}
