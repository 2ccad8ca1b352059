//! The part of an identity provider that publishes keys over HTTP.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use super::{Signer, certify};

/// A server that gives the same answer to every request. Its thread ends with the test program.
pub(crate) struct KeyServer {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    tls: Option<Arc<ServerConfig>>,
    answer: Mutex<Vec<u8>>,
    requests: AtomicUsize,
}

impl KeyServer {
    /// Publishes these keys.
    pub(crate) fn start(keys: &[&Signer]) -> Self {
        Self::start_with(None, keys)
    }

    /// The same over TLS, with a certificate for `localhost`, whose authority is the file `ca.pem` in this
    /// folder. `None` if `openssl` is not installed.
    pub(crate) fn start_encrypted(folder: &Path, keys: &[&Signer]) -> Option<Self> {
        if !certify(folder) {
            return None;
        }
        let chain = CertificateDer::pem_file_iter(folder.join("server.pem")).expect("a file");
        let chain = chain.collect::<Result<_, _>>().expect("certificates");
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate and its key");
        Some(Self::start_with(Some(Arc::new(config)), keys))
    }

    fn start_with(tls: Option<Arc<ServerConfig>>, keys: &[&Signer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State { tls, answer: Mutex::default(), requests: AtomicUsize::new(0) });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                // A client that gives up is no concern of the test's.
                std::thread::spawn(move || match &state.tls {
                    None => serve(socket, &state).ok(),
                    Some(tls) => {
                        let tls = ServerConnection::new(Arc::clone(tls)).expect("a configuration");
                        serve(StreamOwned::new(tls, socket), &state).ok()
                    }
                });
            }
        });
        let server = Self { address, state };
        server.publishes(keys);
        server
    }

    /// The value of `GROUPS_JWKS`.
    pub(crate) fn url(&self) -> String {
        match self.state.tls {
            None => format!("http://{}/keys.json", self.address),
            Some(_) => format!("https://localhost:{}/keys.json", self.address.port()),
        }
    }

    /// Publishes these keys from now on.
    pub(crate) fn publishes(&self, keys: &[&Signer]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.answers("200 OK", "Content-Type: application/json\r\n", &json!({"keys": keys}).to_string());
    }

    /// Gives this answer from now on.
    pub(crate) fn answers(&self, status: &str, headers: &str, body: &str) {
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
        *self.answer() = [head.as_bytes(), body.as_bytes()].concat();
    }

    /// Accepts connections from now on, but answers nothing.
    pub(crate) fn stalls(&self) {
        self.answer().clear();
    }

    /// The number of requests so far.
    pub(crate) fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }

    fn answer(&self) -> MutexGuard<'_, Vec<u8>> {
        self.state.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(mut socket: impl Read + Write, state: &State) -> io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    state.requests.fetch_add(1, Ordering::SeqCst);
    let answer = state.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if answer.is_empty() {
        // Until the client gives up.
        socket.read_exact(&mut byte)?;
    }
    socket.write_all(&answer)
}
