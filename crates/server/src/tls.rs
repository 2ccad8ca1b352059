//! The server's certificate: loaded at the start, and again when its files change.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ring::digest;
use tokio::task::{JoinError, spawn_blocking};
use tokio_rustls::rustls::crypto::ring::{Ticketer, default_provider};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{NoServerSessionStorage, ProducesTickets};
use tokio_rustls::rustls::{self, ServerConfig};

/// Interval at which the files are read, to see whether they have changed.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Maximum size of each file, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file is not in the PEM format, or lacks what it must contain.
    #[error("{path} contains no {expected} in PEM format")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should contain.
        expected: &'static str,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The certificate is invalid, or the key belongs to another one.
    #[error("the certificate and the key cannot be used together")]
    Certificate(#[source] rustls::Error),
    /// No keys for session tickets could be generated.
    #[error("TLS cannot be started")]
    Start(#[source] rustls::Error),
    /// The runtime is shutting down.
    #[error("the files were not read")]
    Interrupted(#[source] JoinError),
}

/// The server's certificate and key. Cheap to clone; all clones share the same certificate.
#[derive(Clone)]
pub struct TlsCertificate(Arc<Inner>);

struct Inner {
    certificate: PathBuf,
    key: PathBuf,
    /// For all certificates, so that clients resume their sessions across a change.
    tickets: Arc<dyn ProducesTickets>,
    current: Mutex<Current>,
}

struct Current {
    config: Arc<ServerConfig>,
    /// Of the files when they were last read, whether or not they could be used.
    seen: Fingerprint,
}

/// A digest of both files, or the error of the last read.
#[derive(Clone, PartialEq, Eq)]
enum Fingerprint {
    Digest(Vec<u8>),
    Unreadable,
}

struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl std::fmt::Debug for TlsCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsCertificate").field("file", &self.0.certificate).finish_non_exhaustive()
    }
}

impl TlsCertificate {
    /// # Errors
    /// [`TlsError`] if the certificate cannot be used.
    pub(crate) async fn open(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let tickets = Ticketer::new().map_err(TlsError::Start)?;
        let files = read(&certificate, &key).await?;
        let current = Current { config: config(&files, &certificate, &key, &tickets)?, seen: files.fingerprint() };
        Ok(Self(Arc::new(Inner { certificate, key, tickets, current: Mutex::new(current) })))
    }

    /// Reads the files again. New connections get the new certificate; open ones keep theirs. This also
    /// happens on its own within a few seconds after the files have changed.
    ///
    /// # Errors
    /// [`TlsError`] if the new certificate cannot be used; the last one stays in force.
    pub async fn reload(&self) -> Result<(), TlsError> {
        let files = self.read().await?;
        self.replace(&files)
    }

    /// The configuration for a new connection.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.current.lock().unwrap_or_else(PoisonError::into_inner).config)
    }

    /// Follows changes of the files.
    pub(crate) async fn follow(self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let read = self.read().await;
            let found = read.as_ref().map_or(Fingerprint::Unreadable, Files::fingerprint);
            // Each state of the files is tried, and logged, once.
            if found == self.seen() {
                continue;
            }
            match read.and_then(|files| self.replace(&files)) {
                Ok(()) => tracing::info!(file = %self.0.certificate.display(), "the TLS certificate was replaced"),
                Err(error) => {
                    self.saw(found);
                    let error: &(dyn std::error::Error + 'static) = &error;
                    tracing::error!(error, "the new TLS certificate cannot be used; the last one stays in force");
                }
            }
        }
    }

    async fn read(&self) -> Result<Files, TlsError> {
        read(&self.0.certificate, &self.0.key).await
    }

    fn replace(&self, files: &Files) -> Result<(), TlsError> {
        let config = config(files, &self.0.certificate, &self.0.key, &self.0.tickets)?;
        *self.0.current.lock().unwrap_or_else(PoisonError::into_inner) = Current { config, seen: files.fingerprint() };
        Ok(())
    }

    fn seen(&self) -> Fingerprint {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner).seen.clone()
    }

    fn saw(&self, seen: Fingerprint) {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner).seen = seen;
    }
}

impl Files {
    fn fingerprint(&self) -> Fingerprint {
        let mut digest = digest::Context::new(&digest::SHA256);
        digest.update(&(self.certificate.len() as u64).to_be_bytes());
        digest.update(&self.certificate);
        digest.update(&self.key);
        Fingerprint::Digest(digest.finish().as_ref().to_vec())
    }
}

async fn read(certificate: &Path, key: &Path) -> Result<Files, TlsError> {
    let paths = [certificate.to_owned(), key.to_owned()];
    let reading = spawn_blocking(move || {
        let [certificate, key] = paths.map(|path| read_file(&path).map_err(|source| TlsError::Read { path, source }));
        Ok(Files { certificate: certificate?, key: key? })
    });
    reading.await.map_err(TlsError::Interrupted)?
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn config(
    files: &Files,
    certificate: &Path,
    key: &Path,
    tickets: &Arc<dyn ProducesTickets>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let pem = |path: &Path, expected| {
        let path = path.to_owned();
        move |source| TlsError::Pem { path, expected, source }
    };
    let chain = CertificateDer::pem_slice_iter(&files.certificate).collect::<Result<Vec<_>, _>>();
    let chain = chain.and_then(|chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) });
    let chain = chain.map_err(pem(certificate, "certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(&files.key).map_err(pem(key, "private key"))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Start)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsError::Certificate)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Sessions are resumed with tickets, which need no memory here.
    config.ticketer = Arc::clone(tickets);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}
