//! The real server in this process, with its own database.

use std::{
    net::{SocketAddr, TcpListener},
    thread::JoinHandle,
};

use server::{CancellationToken, Settings};
use tempfile::TempDir;

pub(crate) const SECRET: &str = "a secret for tests, with more than the 32 bytes that HS256 asks for";

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shutdown: CancellationToken,
    thread: Option<JoinHandle<()>>,
    _directory: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(Settings { jwt_secret: Some(SECRET.into()), rate_limit: 0, ..Settings::default() })
    }

    pub(crate) fn in_development() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let database_url = format!("sqlite://{}", directory.path().join("groups.db").display());
        let settings = Settings { database_url, workers: 1, drain_seconds: 0, ..settings };
        // Bound here, so that requests before the server accepts connections just wait.
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("its number");
        let shutdown = CancellationToken::new();
        let stopped = shutdown.clone();
        let serve = move || {
            let serving = server::run(settings, listener, stopped);
            actix_web::rt::System::new().block_on(serving).expect("the server runs");
        };
        Self { address, shutdown, thread: Some(std::thread::spawn(serve)), _directory: directory }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.cancel();
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.expect("it was started").expect("the server exited successfully");
        }
    }
}
