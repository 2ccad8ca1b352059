//! Unix sockets, and sockets that systemd passes on.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::StreamExt;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::raw::{GET, ask, connect_from, logs_client};
use crate::support::{SECRET, Server, certify, free_address, installed, program, skipped, within};

/// Sends this on a Unix socket and returns everything that comes back.
async fn ask_unix(path: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within("an answer", stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

fn socket_in(folder: &TempDir) -> (PathBuf, String) {
    let path = folder.path().join("groups.sock");
    let setting = format!("unix:{}", path.display());
    (path, setting)
}

#[tokio::test]
async fn a_server_listens_on_tcp_and_on_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let (path, listen) = socket_in(&folder);
    let mut server = Server::with(&[
        ("GROUPS_LISTEN", &listen),
        ("GROUPS_UNIX_SOCKET_MODE", "600"),
        ("GROUPS_TRUSTED_PROXIES", "unix"),
        ("GROUPS_LOG", "debug"),
    ])
    .await;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(ask_unix(&path, GET).await.starts_with("HTTP/1.1 401"));
    logs_client(&server, "unix").await;
    ask_unix(&path, &GET.replace("Host: x", "Host: x\r\nX-Forwarded-For: 192.0.2.7")).await;
    logs_client(&server, "192.0.2.7").await;

    let ada = server.user();
    let mut request = "ws://localhost/v1/ws".into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {}", ada.token).parse().unwrap());
    let stream = UnixStream::connect(&path).await.unwrap();
    let (mut socket, _) = within("the upgrade", client_async(request, stream)).await.unwrap();
    ada.creates("Team", &[]).await;
    within("the event", async {
        while !socket.next().await.unwrap().unwrap().to_text().unwrap_or_default().contains("group_created") {}
    })
    .await;

    // A killed server leaves its file behind.
    server.kill_and_launch().await;
    assert!(ask_unix(&path, GET).await.starts_with("HTTP/1.1 401"));
    server.terminate();
    assert!(server.ended().await.0.success());
    assert!(!path.exists(), "the file is removed");
}

#[tokio::test]
async fn a_unix_socket_is_not_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    if !certify(folder.path()) {
        return;
    }
    let (path, listen) = socket_in(&folder);
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let files = [("GROUPS_TLS_CERT", &*file("server.pem")), ("GROUPS_TLS_KEY", &file("server.key"))];
    let _server = Server::with(&[files[0], files[1], ("GROUPS_LISTEN", &listen)]).await;
    assert!(ask_unix(&path, GET).await.starts_with("HTTP/1.1 401"));
    let mut healthcheck = Command::new(program());
    healthcheck.arg("healthcheck").env_clear().env("GROUPS_LISTEN", &listen).envs(files);
    assert!(healthcheck.status().unwrap().success(), "it asks on the Unix socket");
    healthcheck.env("GROUPS_LISTEN", "127.0.0.1:1");
    let refused = healthcheck.output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("GROUPS_OPERATIONS_LISTEN"), "{refused:?}");
}

/// A process that is killed on drop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test]
async fn systemd_can_pass_on_the_sockets() {
    let Some(activate) = installed("systemd-socket-activate").or_else(|| skipped("systemd")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = socket_in(&folder);
    let address = free_address();
    let database = folder.path().join("groups.db").display().to_string();
    let _running = Running(
        Command::new(activate)
            .args(["-l", &address.to_string(), "-l"])
            .arg(&path)
            .args(["-E", &format!("DATABASE_URL={database}"), "-E", &format!("GROUPS_JWT_SECRET={SECRET}")])
            .arg(program())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    within("the sockets", async {
        while !path.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    // The first connection starts the server.
    let answer = ask(connect_from("127.0.0.1", address).await, GET.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(ask_unix(&path, GET).await.starts_with("HTTP/1.1 401"));
}
