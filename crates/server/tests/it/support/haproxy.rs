//! HAProxy in front of several servers, configured as `docs/operating.md` tells operators to.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{Http, PATIENCE, installed, server::free_address, skipped};

/// The documentation that the configuration is taken from: it cannot be wrong unnoticed.
const OPERATING: &str = include_str!("../../../../../docs/operating.md");

/// A running load balancer, ended with the test.
pub(crate) struct HaProxy {
    http: Arc<Http>,
    process: Child,
    _directory: TempDir,
}

impl HaProxy {
    /// One in front of these servers, once it has found them ready; `None`, with a word, where HAProxy is not installed.
    pub(crate) async fn before(servers: &[SocketAddr]) -> Option<Self> {
        let Some(program) = installed("haproxy") else { return skipped("HAProxy") };
        let directory = tempfile::tempdir().expect("a temporary directory");
        let address = free_address();
        let file = directory.path().join("haproxy.cfg");
        std::fs::write(&file, configuration(address, servers)).expect("the configuration is written");
        let process = Command::new(program)
            .args(["-db", "-f"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("HAProxy starts");
        let mut proxy = Self { http: Arc::new(Http::new(address)), process, _directory: directory };
        proxy.serves().await;
        assert!(proxy.process.try_wait().expect("its state").is_none(), "HAProxy took another's port");
        Some(proxy)
    }

    /// Requests through it.
    pub(crate) fn http(&self) -> &Arc<Http> {
        &self.http
    }

    /// Waits until it finds a server that is ready.
    pub(crate) async fn serves(&self) {
        let from = Instant::now();
        while !self.http.call("GET", "/readyz").try_send().await.is_ok_and(|answer| answer.status == 200) {
            assert!(from.elapsed() < PATIENCE, "HAProxy finds no server");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The documentation's example, with other addresses.
fn configuration(listen: SocketAddr, servers: &[SocketAddr]) -> String {
    let (_, example) = OPERATING.split_once("```haproxy\n").expect("an example for HAProxy");
    let (example, _) = example.split_once("```").expect("the end of the example");
    let mut written = String::new();
    let mut left = servers.iter().enumerate();
    for line in example.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["bind", ..] => written += &format!("    bind {listen}\n"),
            ["server", _, _, ..] => {
                let options = words[3..].join(" ");
                for (at, server) in left.by_ref() {
                    written += &format!("    server groups{at} {server} {options}\n");
                }
            }
            _ => written += &format!("{line}\n"),
        }
    }
    written
}
