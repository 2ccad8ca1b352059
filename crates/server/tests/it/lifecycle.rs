//! Shutdown and startup: graceful on the first signal, immediate on the second, and without loss
//! either way.

use std::fs;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::net::UnixDatagram;

use crate::support::{Server, User, View, within};

/// Maximum duration of a shutdown.
const STOP_MAX: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_stopping_server_says_when_to_reconnect() {
    let mut server = Server::start().await;
    let people: Vec<User> = (0..40).map(|_| server.user()).collect();
    let mut sockets = join_all(people.iter().map(User::connects)).await;
    server.terminate();
    let goodbyes = join_all(sockets.iter_mut().map(|socket| socket.goodbye())).await;
    for (code, reason) in goodbyes {
        assert_eq!(code, 1012);
        let reason: Value = serde_json::from_str(&reason).unwrap_or_else(|error| panic!("{error} in {reason}"));
        let retry: Vec<_> = reason["retry_ms"].as_array().unwrap().iter().map(|ms| ms.as_u64().unwrap()).collect();
        assert!(matches!(retry[..], [min, max] if min < max && max <= 600_000), "{retry:?}");
    }
    let (status, taken) = server.ended().await;
    assert!(status.success(), "{status}");
    assert!(taken < STOP_MAX, "it took {taken:?}");
}

#[tokio::test]
async fn the_last_client_closed_by_a_shutdown_receives_the_reason_too() {
    // As many as there are steps in the longest drain period.
    const CLIENTS: usize = 250;
    let mut server = Server::with(&[("GROUPS_WORKERS", "1"), ("GROUPS_DRAIN_SECONDS", "5")]).await;
    let people: Vec<User> = (0..CLIENTS).map(|_| server.user()).collect();
    let mut sockets = join_all(people.iter().map(User::connects)).await;
    server.terminate();
    let goodbyes = join_all(sockets.iter_mut().map(|socket| socket.goodbye())).await;
    assert!(goodbyes.iter().all(|(code, _)| *code == 1012), "{goodbyes:?}");
    let (status, taken) = server.ended().await;
    assert!(status.success() && taken < STOP_MAX, "{status} after {taken:?}");
}

#[tokio::test]
async fn a_graceful_shutdown_waits_for_requests_and_loses_no_acknowledged_change() {
    let mut server = Server::start().await;
    let ada = server.user();
    let group = ada.creates("Team", &[]).await;
    let mut view = View::of(&ada.id);
    view.begin();
    let socket = ada.connects().await;
    view.take_all(&socket.opening);

    let work = join_all((0..16).map(|lane| {
        let (ada, group) = (&ada, &group);
        async move {
            let mut answered = 0_u64;
            loop {
                let path = format!("/v1/groups/{group}");
                let body = json!({"name": format!("Name {lane}-{answered}")});
                match ada.call("PATCH", &path).json(&body).try_send().await {
                    Ok(answer) if answer.status == 200 => answered += 1,
                    Ok(answer) => {
                        answer.problem(503, "unavailable");
                        return answered;
                    }
                    Err(_) => return answered,
                }
            }
        }
    }));
    let stop = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.terminate();
        server.ended().await
    };
    let (answered, (status, taken)) = tokio::join!(work, stop);
    assert!(status.success() && taken < STOP_MAX, "{status} after {taken:?}");
    let answered: u64 = answered.iter().sum();
    assert!(answered > 0);

    server.launch().await;
    assert_eq!(
        ada.sees(&group).await["version"],
        1 + answered,
        "what ran was finished and answered, the rest never began"
    );
    let cursor = view.begin().unwrap().to_owned();
    let again = ada.resumes(&cursor).await;
    view.take_all(&again.opening);
    view.assert_is(&ada.lists().await);
}

#[tokio::test]
async fn unresponsive_clients_do_not_delay_a_shutdown() {
    let mut server = Server::start().await;
    let ada = server.user();
    // These clients neither read nor answer the close frame.
    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(ada.connects().await.into_stream());
    }
    // These have started a request that they never complete.
    for _ in 0..3 {
        let stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        stream.writable().await.unwrap();
        stream.try_write(b"POST /v1/groups HTTP/1.1\r\nContent-Length: 100\r\n\r\n{").unwrap();
        silent.push(stream);
    }
    server.terminate();
    let (status, taken) = server.ended().await;
    assert!(status.success(), "{status}");
    assert!(taken < STOP_MAX, "it took {taken:?}");
}

#[tokio::test]
async fn a_second_signal_ends_the_server_immediately() {
    let mut server = Server::start().await;
    let ada = server.user();
    let group = ada.creates("Team", &[]).await;
    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(ada.connects().await.into_stream());
    }
    let mut witness = server.user().connects().await;
    server.terminate();
    // Once close frames are sent, the first signal has been handled.
    witness.goodbye().await;
    server.terminate();
    let (_, taken) = server.ended().await;
    assert!(taken < Duration::from_secs(2), "it took {taken:?}");
    server.launch().await;
    assert_eq!(ada.sees(&group).await["version"], 1);
}

#[tokio::test]
async fn ctrl_c_shuts_down_gracefully_too() {
    let mut server = Server::start().await;
    let mut socket = server.user().connects().await;
    server.signal("INT");
    assert_eq!(socket.goodbye().await.0, 1012);
    let (status, taken) = server.ended().await;
    assert!(status.success() && taken < STOP_MAX, "{status} after {taken:?}");
}

#[tokio::test]
async fn a_second_server_on_a_port_fails_to_start() {
    let server = Server::start().await;
    let directory = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(crate::support::program())
        .env_clear()
        .env("GROUPS_LISTEN", server.address().to_string())
        .env("DATABASE_URL", format!("sqlite://{}", directory.path().join("groups.db").display()))
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&server.address().port().to_string()), "the error names the address: {said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "it printed no address");
    assert!(!said.contains("panicked"), "{said}");
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_refused_with_a_clear_error_and_left_unchanged() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("notes.txt");
    let notes = "These are my notes, and no database at all. ".repeat(200);
    std::fs::write(&file, &notes).unwrap();
    let output = std::process::Command::new(crate::support::program())
        .env_clear()
        .env("GROUPS_LISTEN", "127.0.0.1:0")
        .env("DATABASE_URL", format!("sqlite://{}", file.display()))
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("notes.txt") && !said.contains("panicked"), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "it printed no address");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), notes);
}

#[tokio::test]
async fn before_it_stops_a_server_is_not_ready_and_serves_until_the_delay_is_over() {
    let mut server = Server::with(&[("GROUPS_SHUTDOWN_DELAY_SECONDS", "2")]).await;
    let ada = server.user();
    let mut socket = ada.connects().await;
    server.terminate();
    let leaves = async {
        while server.http().get("/readyz").await.status != 503 {
            tokio::task::yield_now().await;
        }
    };
    within("the server is not ready", leaves).await;
    // Load balancers may not have noticed yet.
    let group = ada.creates("Team", &[]).await;
    assert_eq!(socket.expect("group_created").await["group"]["group_id"], group);
    ada.connects().await;
    let (status, taken) = server.ended().await;
    assert!(status.success(), "{status}");
    assert!(taken > Duration::from_millis(500) && taken < STOP_MAX, "it took {taken:?}");
    assert_eq!(socket.goodbye().await.0, 1012);
}

#[tokio::test]
async fn a_second_signal_ends_the_delay_too() {
    let mut server = Server::with(&[("GROUPS_SHUTDOWN_DELAY_SECONDS", "300")]).await;
    server.terminate();
    let leaves = async {
        while server.http().get("/readyz").await.status != 503 {
            tokio::task::yield_now().await;
        }
    };
    within("the server is not ready", leaves).await;
    server.terminate();
    let (_, taken) = server.ended().await;
    assert!(taken < STOP_MAX, "it took {taken:?}");
}

/// The next message to systemd that is not of the watchdog, and whether one of the watchdog came before.
async fn told(socket: &UnixDatagram) -> (String, bool) {
    let mut watched = false;
    loop {
        let mut buffer = [0; 256];
        let length = within("a message to systemd", socket.recv(&mut buffer)).await.unwrap();
        let message = String::from_utf8(buffer[..length].to_vec()).unwrap();
        if message != "WATCHDOG=1" {
            return (message, watched);
        }
        watched = true;
    }
}

#[tokio::test]
async fn systemd_is_told_when_the_server_is_ready_alive_reloading_and_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "100000")];
    let mut server = Server::with(&variables).await;
    assert_eq!(told(&systemd).await.0, "READY=1\nSTATUS=serving");
    let mut buffer = [0; 256];
    for _ in 0..3 {
        let length = within("a sign of life", systemd.recv(&mut buffer)).await.unwrap();
        assert_eq!(&buffer[..length], b"WATCHDOG=1");
    }
    server.signal("HUP");
    let (reloading, _) = told(&systemd).await;
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(told(&systemd).await.0, "READY=1\nSTATUS=serving");
    server.terminate();
    assert_eq!(told(&systemd).await.0, "STOPPING=1\nSTATUS=shutting down");
    assert!(server.ended().await.0.success());
}

#[tokio::test]
async fn sighup_reloads_the_log_filter_and_disturbs_no_client() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("groups.toml");
    fs::write(&file, "log = \"info\"").unwrap();
    let server = Server::with(&[("GROUPS_CONFIG", file.to_str().unwrap())]).await;
    let ada = server.user();
    let mut socket = ada.connects().await;
    ada.creates("Team", &[]).await;
    socket.expect("group_created").await;
    assert!(!server.log().contains("/v1/groups"), "requests are logged at debug");
    for (filter, message) in [("debug", "reloaded"), ("not=a=filter", "the log filter was not reloaded")] {
        fs::write(&file, format!("log = \"{filter}\"")).unwrap();
        server.signal("HUP");
        let reloads = async {
            while !server.log().contains(message) {
                tokio::task::yield_now().await;
            }
        };
        within(message, reloads).await;
        ada.creates("Team", &[]).await;
        socket.expect("group_created").await;
    }
    let logged = async {
        while !server.log().contains("path=\"/v1/groups\"") {
            tokio::task::yield_now().await;
        }
    };
    within("a line for each request", logged).await;
}
