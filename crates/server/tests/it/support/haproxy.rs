//! HAProxy in front of several servers, configured as `docs/proxies.md` describes.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{Http, PATIENCE, installed, server::free_address, skipped};

/// The document from which the configuration is taken, so that errors in it are detected.
const PROXIES: &str = include_str!("../../../../../docs/proxies.md");

/// A running load balancer. Stopped on drop.
pub(crate) struct HaProxy {
    http: Arc<Http>,
    process: Child,
    _directory: TempDir,
}

impl HaProxy {
    /// Starts one in front of these servers and waits until it has found them ready. `None`, with a
    /// message, if HAProxy is not installed.
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

    /// An HTTP client that uses it.
    pub(crate) fn http(&self) -> &Arc<Http> {
        &self.http
    }

    /// Waits until it finds a ready server.
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

/// The documented example with other addresses.
fn configuration(listen: SocketAddr, servers: &[SocketAddr]) -> String {
    let (_, example) = PROXIES.split_once("```haproxy\n").expect("an example for HAProxy");
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
