//! Encrypted connections: rustls under tokio-postgres.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::encryption::{Demands, Mode};
use super::wire::Stream;
use crate::OpenError;

/// Asks a server whether it supports encryption: `SSLRequest`
/// (<https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL>).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// How connections are encrypted.
#[derive(Clone)]
pub(super) struct Encryption {
    /// Whether a connection that cannot be encrypted is rejected.
    required: bool,
    connector: TlsConnector,
}

impl Encryption {
    /// `None` if encryption is disabled.
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
        let required = demands.mode != Mode::Prefer;
        Ok(Some(Self { required, connector: TlsConnector::from(Arc::new(config)) }))
    }

    /// Encrypts the stream if the server supports it. `name` is the host name; `None` for a Unix
    /// domain socket, which is not encrypted.
    pub(super) async fn secure(&self, mut socket: Box<dyn Stream>, name: Option<&str>) -> io::Result<Box<dyn Stream>> {
        let unencrypted =
            |socket, why: &str| if self.required { Err(io::Error::other(why.to_owned())) } else { Ok(socket) };
        let Some(name) = name else {
            return unencrypted(socket, "a socket of the file system is not encrypted, as sslmode demands");
        };
        socket.write_all(&SSL_REQUEST).await?;
        socket.flush().await?;
        if socket.read_u8().await? != b'S' {
            return unencrypted(socket, "the server offers no encryption, which sslmode demands");
        }
        let host = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        Ok(Box::new(self.connector.connect(host, socket).await?))
    }
}

/// The certificates of the trusted authorities.
fn roots(file: Option<&Path>) -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        let detail =
            || format!("this system has no trusted certificates: set sslrootcert to a file ({:?})", found.errors);
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

/// Verifies less than rustls does: the authority but not the name, or neither. The server must
/// still prove that it owns the certificate's key.
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
        // The name is checked last, after the chain was verified.
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
