//! A NATS server for a test, which can be killed and restarted.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::net::TcpStream;

use super::{PATIENCE, installed, server::free_address, skipped};

/// A server that is running or not. Stopped on drop.
pub(crate) struct Nats {
    program: PathBuf,
    address: SocketAddr,
    process: Option<Child>,
}

impl Nats {
    /// Starts a server. `None`, with a message, if NATS is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let Some(program) = installed("nats-server") else { return skipped("NATS") };
        let mut nats = Self { program, address: free_address(), process: None };
        nats.launch().await;
        Some(nats)
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Kills it immediately.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have exited already.
            process.kill().ok();
            process.wait().ok();
        }
    }

    /// Restarts it at the same address; returns when it responds.
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
