//! `https://`, with the certificates that `SSL_CERT_FILE` names.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

use crate::program::{User, finish};
use crate::server::Server;

/// Creates a certificate for `localhost` that is its own issuer.
fn certificate(folder: &Path) {
    let created = Command::new("openssl")
        .args(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2"
                .split(' '),
        )
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_behind_tls_is_used_only_if_its_certificate_is_trusted() {
    let server = Server::start();
    let ada = User::of(&server);
    let id = ada.id_of(&["create", "Team"]);
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let trusted = folder.path().join("cert.pem");
    let certificates = vec![CertificateDer::from_pem_file(&trusted).unwrap()];
    let key = PrivateKeyDer::from_pem_file(folder.path().join("key.pem")).unwrap();
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let tls = tls.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(tls.with_single_cert(certificates, key).unwrap()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let address = server.address();
    let proxy = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust the certificate ends the handshake.
                if let Ok(mut client) = acceptor.accept(stream).await {
                    let mut upstream = TcpStream::connect(address).await.unwrap();
                    tokio::io::copy_bidirectional(&mut client, &mut upstream).await.ok();
                }
            });
        }
    });
    let run = |certificates: &Path| {
        let mut command = ada.command(&["--url", &url, "--quiet", "list"]);
        command.env("SSL_CERT_FILE", certificates);
        tokio::task::block_in_place(|| finish(command))
    };
    assert_eq!(run(&trusted).success().trim(), id);
    let other = tempfile::tempdir().unwrap();
    certificate(other.path());
    let ran = run(&other.path().join("cert.pem"));
    assert_eq!(ran.code, Some(6), "{ran:?}");
    assert!(ran.errors.contains("certificate"), "{}", ran.errors);
    proxy.abort();
}
