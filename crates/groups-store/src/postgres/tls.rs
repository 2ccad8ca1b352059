//! Encrypted connections: rustls under tokio-postgres.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use diesel::{ConnectionError, ConnectionResult};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::Conn;
use super::encryption::{Demands, Mode};
use crate::OpenError;

/// How connections are encrypted.
#[derive(Clone)]
pub(super) struct Encryption {
    mode: SslMode,
    connector: TlsConnector,
}

impl Encryption {
    /// `None` where nothing has to be, nor may be.
    pub(super) fn new(demands: &Demands) -> Result<Option<Self>, OpenError> {
        let failed = |error: &dyn std::fmt::Display| OpenError::Encryption { detail: error.to_string() };
        let provider = Arc::new(ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match demands.mode {
            Mode::Disable => return Ok(None),
            Mode::Prefer | Mode::Require => Arc::new(Lenient { authority: None, provider: Arc::clone(&provider) }),
            Mode::VerifyCa | Mode::VerifyFull => {
                let roots = Arc::new(roots(demands.root_file.as_deref())?);
                let full = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
                let full = full.map_err(|error| failed(&error))?;
                if demands.mode == Mode::VerifyFull {
                    full
                } else {
                    Arc::new(Lenient { authority: Some(full), provider: Arc::clone(&provider) })
                }
            }
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        let mode = if demands.mode == Mode::Prefer { SslMode::Prefer } else { SslMode::Require };
        Ok(Some(Self { mode, connector: TlsConnector::from(Arc::new(config)) }))
    }

    pub(super) async fn connect(&self, url: &str) -> ConnectionResult<Conn> {
        let failed = |error: tokio_postgres::Error| {
            // The library's own words do not say why.
            let why = std::error::Error::source(&error).map(|why| format!(": {why}")).unwrap_or_default();
            let error = error.to_string();
            ConnectionError::BadConnection(if error.ends_with(&why) { error } else { error + &why })
        };
        let mut config: tokio_postgres::Config = url.parse().map_err(failed)?;
        config.ssl_mode(self.mode);
        let (client, connection) = config.connect(self.clone()).await.map_err(failed)?;
        Conn::try_from_client_and_connection(client, connection).await
    }
}

/// The certificates of the trusted authorities.
fn roots(file: Option<&Path>) -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        let detail =
            || format!("this system has no trusted certificates, name a file by sslrootcert ({:?})", found.errors);
        return if roots.is_empty() { Err(OpenError::Encryption { detail: detail() }) } else { Ok(roots) };
    };
    let failed = |error: &dyn std::fmt::Display| OpenError::Encryption {
        detail: format!("the certificates in {file:?} cannot be used: {error}"),
    };
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| failed(&error))? {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    if roots.is_empty() { Err(failed(&"there are none")) } else { Ok(roots) }
}

/// Asks for less than rustls does: for an authority but no name, or for neither. Whoever answers still has to prove that the
/// certificate is theirs.
#[derive(Debug)]
struct Lenient {
    authority: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        // The name is compared last, after the chain was found good.
        match authority.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A connection being encrypted for one host.
pub(super) struct ForHost {
    connector: TlsConnector,
    host: ServerName<'static>,
}

impl MakeTlsConnect<Socket> for Encryption {
    type Stream = Stream;
    type TlsConnect = ForHost;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<ForHost> {
        let host = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(ForHost { connector: self.connector.clone(), host })
    }
}

impl TlsConnect<Socket> for ForHost {
    type Stream = Stream;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Stream>>;

    fn connect(self, socket: Socket) -> Self::Future {
        async move { Ok(Stream(Box::new(self.connector.connect(self.host, socket).await?))) }.boxed()
    }
}

/// An encrypted connection.
pub(super) struct Stream(Box<TlsStream<Socket>>);

impl tokio_postgres::tls::TlsStream for Stream {
    /// Passwords are not bound to the channel: who wants to be sure of the server verifies its certificate.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
