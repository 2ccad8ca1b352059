//! A NATS server of a test's own, that can die and return.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::net::TcpStream;

use super::{PATIENCE, installed, server::free_address, skipped};

/// A server that runs or not, ended with the test.
pub(crate) struct Nats {
    program: PathBuf,
    address: SocketAddr,
    process: Option<Child>,
}

impl Nats {
    /// A running server; `None`, with a word, where NATS is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let Some(program) = installed("nats-server") else { return skipped("NATS") };
        let mut nats = Self { program, address: free_address(), process: None };
        nats.launch().await;
        Some(nats)
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Where it has ended by itself there is nothing left to kill.
            process.kill().ok();
            process.wait().ok();
        }
    }

    /// Starts it again at the same address; comes back when it answers.
    pub(crate) async fn launch(&mut self) {
        let process = Command::new(&self.program)
            .args(["-a", "127.0.0.1", "-p", &self.address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("NATS starts");
        self.process = Some(process);
        let from = Instant::now();
        while TcpStream::connect(self.address).await.is_err() {
            assert!(from.elapsed() < PATIENCE, "NATS does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}
