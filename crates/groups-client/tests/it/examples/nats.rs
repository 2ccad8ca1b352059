//! NATS with JetStream as a process: started, killed, and started again on the same files and port.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{free_address, within};

/// The pause between two attempts to reach it.
const PAUSE: Duration = Duration::from_millis(50);

/// NATS with its own files, which ends with this value.
pub(super) struct Nats {
    program: PathBuf,
    files: TempDir,
    address: SocketAddr,
    process: Option<Child>,
}

impl Nats {
    /// Starts it. `None`, with a message, if it is not installed.
    pub(super) async fn start() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
        let Some(program) = folders.map(|folder| folder.join("nats-server")).find(|file| file.is_file()) else {
            untested::skip("NATS");
            return None;
        };
        let mut nats = Self { program, files: tempfile::tempdir().unwrap(), address: free_address(), process: None };
        nats.launch().await;
        Some(nats)
    }

    /// Starts the process, and returns when JetStream answers.
    pub(super) async fn launch(&mut self) {
        let process = Command::new(&self.program)
            .args(["-js", "-a", "127.0.0.1", "-p", &self.address.port().to_string(), "-sd"])
            .arg(self.files.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.process = Some(process.unwrap());
        within("JetStream", self.ask("$JS.API.INFO", &json!({}))).await;
    }

    /// Kills the process with SIGKILL.
    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(super) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// How many messages the stream has.
    pub(super) async fn count(&self) -> u64 {
        let info = self.ask("$JS.API.STREAM.INFO.GROUP_CHANGES", &json!({})).await;
        info["state"]["messages"].as_u64().unwrap()
    }

    /// The group and version of the first messages of the stream, as soon as there are so many.
    pub(super) async fn published(&self, count: usize) -> Vec<(String, u64)> {
        while self.count().await < count as u64 {
            tokio::time::sleep(PAUSE).await;
        }
        let mut changes = Vec::new();
        for number in 1..=count {
            let message = self.ask("$JS.API.STREAM.MSG.GET.GROUP_CHANGES", &json!({"seq": number})).await;
            let data = STANDARD.decode(message["message"]["data"].as_str().unwrap()).unwrap();
            let change: Value = serde_json::from_slice(&data).unwrap();
            changes.push((change["group_id"].as_str().unwrap().to_owned(), change["version"].as_u64().unwrap()));
        }
        changes
    }

    /// The answer to a request, as soon as there is one.
    async fn ask(&self, subject: &str, body: &Value) -> Value {
        loop {
            if let Ok(client) = async_nats::connect(self.url()).await
                && let Ok(answer) = client.request(subject.to_owned(), body.to_string().into()).await
            {
                let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
                if answer["error"]["code"] != 503 {
                    return answer;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}
