//! Connections to the server: requests on pooled HTTP/1.1 connections, and streams for WebSockets. Both use the same connector.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, Uri, header};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use tower_service::Service;

use crate::backoff;
use crate::box_error::BoxError;

/// How long connecting to one address may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long an unused connection stays in the pool. Below the server's `GROUPS_KEEP_ALIVE_SECONDS`, and below what proxies use.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// Maximum number of unused connections in the pool.
const IDLE_CONNECTIONS_MAX: usize = 8;
/// Maximum size of a response body, in bytes. The server's pages have about 256 KiB.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A stream with or without TLS.
pub(crate) type Stream = TokioIo<MaybeHttpsStream<TokioIo<TcpStream>>>;

/// A complete response with any status.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Bytes,
}

pub(crate) struct Transport {
    connector: HttpsConnector<HttpConnector>,
    pool: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Transport {
    /// `secure` loads the root certificates of the operating system, or those in `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    pub(crate) fn new(secure: bool) -> Result<Self, BoxError> {
        // The provider is explicit: the one of the process belongs to the application.
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let tls = tls.with_safe_default_protocol_versions()?;
        let tls = if secure { tls.with_native_roots()? } else { tls.with_root_certificates(RootCertStore::empty()) };
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_WITHIN));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls.with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let pool = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build(connector.clone());
        Ok(Self { connector, pool })
    }

    /// Sends a request once and reads the whole response. Dropping the future closes the connection of the request.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>, within: Duration) -> Result<Response, BoxError> {
        let exchange = async {
            let response = self.pool.request(request).await?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, BODY_BYTES_MAX).collect().await?.to_bytes();
            let retry_after = head.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            let retry_after = retry_after.and_then(backoff::retry_after);
            Ok(Response { status: head.status.as_u16(), retry_after, body })
        };
        tokio::time::timeout(within, exchange).await.unwrap_or_else(|late| Err(late.into()))
    }

    /// Opens a stream to the host of an `http` or `https` URL.
    pub(crate) async fn connect(&self, url: &Uri) -> Result<Stream, BoxError> {
        let mut connector = self.connector.clone();
        let connecting = async {
            std::future::poll_fn(|context| connector.poll_ready(context)).await?;
            connector.call(url.clone()).await
        };
        // Also limits name resolution and the TLS handshake.
        let stream = tokio::time::timeout(CONNECT_WITHIN * 2, connecting).await.map_err(BoxError::from)??;
        Ok(TokioIo::new(stream))
    }
}
