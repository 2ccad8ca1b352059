//! A task of the server fails: all clients are closed and resume elsewhere, and the host is
//! notified.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::rt::System;
use groups_store::Store;
use groups_supervisor::Supervisor;
use serde_json::json;
use server::{CancellationToken, Cause, Groups, RunError, Settings, TaskFailure};
use tokio::sync::oneshot;

use crate::support::{Application, Heard, Http, Postgres, SECRET, Socket, User, within};

/// A server in a thread of this process, so that a test can inject a panic.
struct Embedded {
    http: Arc<Http>,
    supervisor: Supervisor,
    store: Store,
    shutdown: CancellationToken,
    ended: oneshot::Receiver<Result<(), RunError>>,
}

fn settings(database_url: &str) -> Settings {
    Settings {
        listen: "127.0.0.1:0".to_owned(),
        database_url: database_url.to_owned(),
        jwt_secret: Some(SECRET.into()),
        rate_limit: 0,
        workers: 2,
        drain_seconds: 0,
        ..Settings::default()
    }
}

impl Embedded {
    async fn start(database_url: &str) -> Self {
        let settings = settings(database_url);
        let ((tell, told), (end, ended)) = (oneshot::channel(), oneshot::channel());
        std::thread::spawn(move || {
            System::new().block_on(async {
                let listener = server::listen(&settings).unwrap();
                let running = server::start(settings, listener).await.unwrap();
                let shutdown = CancellationToken::new();
                let server::ListenAddress::Tcp(address) = running.addresses()[0] else { panic!("not TCP") };
                let (supervisor, store) = (running.groups().supervisor().clone(), running.groups().store().clone());
                tell.send((address, supervisor, store, shutdown.clone())).ok();
                end.send(running.until(shutdown).await).ok();
            });
        });
        let (address, supervisor, store, shutdown): (SocketAddr, _, _, _) = within("a start", told).await.unwrap();
        Self { http: Arc::new(Http::new(address)), supervisor, store, shutdown, ended }
    }

    async fn failure(self) -> TaskFailure {
        match within("the end of a server", self.ended).await.unwrap() {
            Err(RunError::Failed(failure)) => failure,
            other => panic!("ended with {other:?}"),
        }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        within("a stop", self.ended).await.unwrap().unwrap();
    }
}

async fn assert_sent_away(socket: &mut Socket, task: &str) {
    let end = async {
        loop {
            match socket.hear().await {
                Heard::Closed(code, _) => return code,
                Heard::Message(_) => {}
                Heard::Lost => panic!("{task}: the connection was cut"),
            }
        }
    };
    assert_eq!(within("the end of a connection", end).await, 1012, "{task}");
}

fn cursor(socket: &Socket) -> String {
    socket.opening.last().unwrap()["cursor"].as_str().unwrap().to_owned()
}

/// Makes a task of one server panic; its clients resume on another one, which is running already or
/// is started then.
async fn a_panic_sends_everybody_elsewhere(
    task: &str,
    database_url: &str,
    other: Option<Embedded>,
) -> Option<Embedded> {
    let server = Embedded::start(database_url).await;
    let (ada, bob) = (User::new(&server.http), User::new(&server.http));
    let group = ada.creates("Team", &[&bob]).await;
    let mut sockets = [ada.connects().await, ada.connects().await, bob.connects().await, bob.connects().await];
    let cursor = cursor(&sockets[2]);
    server.supervisor.inject_panic(task);
    // A thread panics at its next job, whatever the job's result. Which of several threads takes a
    // job is up to the scheduler, and a panic takes seconds if it prints a backtrace.
    let jobs = async {
        while server.supervisor.failure().is_none() {
            let created = json!({"name": "To whom it may concern"});
            let _ = ada.call("POST", "/v1/groups").json(&created).try_send().await;
            let _ = ada.call("GET", "/v1/groups").try_send().await;
            let _ = ada.dial().try_open().await;
            // The reads of the relay and of the health check.
            let _ = server.store.ping().await;
        }
    };
    within(&format!("a panic of {task}"), jobs).await;
    for socket in &mut sockets {
        assert_sent_away(socket, task).await;
    }
    let failure = server.failure().await;
    let message = format!("injected into {task}");
    assert_eq!(failure, TaskFailure { task: task.to_owned(), cause: Cause::Panicked { message } });

    let other = match other {
        Some(other) => other,
        None => Embedded::start(database_url).await,
    };
    let (ada, bob) = (ada.at(&other.http), bob.at(&other.http));
    ada.patch(&format!("/v1/groups/{group}"), json!({"name": "Elsewhere"})).await.group(200);
    let resumed = bob.resumes(&cursor).await;
    let types: Vec<_> = resumed.opening.iter().map(|message| message["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["welcome", "group_updated", "ready"], "{task}");
    Some(other)
}

#[tokio::test]
async fn whichever_component_panics_all_clients_are_closed_and_resume_after_a_restart() {
    let tasks = [
        "relay",
        "pruning",
        "sweep of the limiter",
        "health",
        "websocket worker 1",
        "sqlite writer",
        "sqlite reader delivery-1",
        "sqlite reader connecting-1",
        "sqlite reader request-1",
    ];
    for task in tasks {
        let directory = tempfile::tempdir().unwrap();
        let database_url = format!("sqlite://{}", directory.path().join("groups.db").display());
        let other = a_panic_sends_everybody_elsewhere(task, &database_url, None).await;
        other.unwrap().stop().await;
    }
}

#[tokio::test]
async fn with_several_servers_clients_of_a_failed_one_resume_on_another() {
    let Some(postgres) = Postgres::start().await else { return };
    let tasks = [
        "postgres lane 1",
        "postgres lane 2",
        "postgres lane 3",
        "postgres lane 4",
        "postgres notify",
        "postgres listen",
        "signals of other servers",
    ];
    let mut other = Some(Embedded::start(&postgres.url()).await);
    for task in tasks {
        other = a_panic_sends_everybody_elsewhere(task, &postgres.url(), other).await;
    }
    other.unwrap().stop().await;
}

#[tokio::test]
async fn a_host_application_is_notified_of_a_failure_and_readyz_fails() {
    let directory = tempfile::tempdir().unwrap();
    let settings = settings(&format!("sqlite://{}", directory.path().join("groups.db").display()));
    let application = Application::start(Groups::builder(settings)).await;
    let (http, groups) = (&application.http, &application.groups);
    let ada = User::new(http);
    let mut socket = ada.connects().await;
    assert_eq!(http.get("/readyz").await.status, 200);
    assert_eq!(groups.failure(), None);
    groups.supervisor().inject_panic("relay");
    let failure = within("the failure", groups.failed()).await;
    assert_eq!(failure.task, "relay");
    assert_sent_away(&mut socket, "relay").await;
    let answer = http.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.value()["detail"], "A part of the server has failed: relay.");
    assert_eq!(ada.dial().refused().await.status, 503);
    application.stop().await;
}
