//! A server with a hub on its own port, and its source.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::dev::ServerHandle;
use actix_web::web::{self, ServiceConfig};
use async_trait::async_trait;
use groups_domain::{Timestamp, UserId};
use groups_supervisor::Supervisor;
use notify::{Client, Delivery, EventSink as _, Grant, Hub, HubLimits, InitialState, Source, SourceError};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::http;
use crate::world::World;

/// Reads the world, or follows the test's script.
#[derive(Default)]
pub(crate) struct Scripted {
    world: Mutex<World>,
    script: Mutex<VecDeque<Step>>,
}

/// What the next read does.
pub(crate) enum Step {
    /// Reports the call, waits, then reads.
    WaitThenRead(oneshot::Sender<()>, oneshot::Receiver<()>),
    /// Reads, reports it, waits, then returns.
    ReadThenWait(oneshot::Sender<()>, oneshot::Receiver<()>),
    /// Reports the call, and blocks the whole worker thread until told to continue.
    Block(oneshot::Sender<()>, std::sync::mpsc::Receiver<()>),
    Fail,
    Panic,
}

#[async_trait]
impl Source for Scripted {
    async fn open(&self, user: UserId, cursor: Option<&str>) -> Result<InitialState, SourceError> {
        let step = self.script.lock().unwrap().pop_front();
        let read = || {
            let world = self.world.lock().unwrap();
            world.open(user, cursor, world.len())
        };
        match step {
            None => Ok(read()),
            Some(Step::WaitThenRead(called, go)) => {
                called.send(()).ok();
                go.await.ok();
                Ok(read())
            }
            Some(Step::ReadThenWait(called, go)) => {
                let opening = read();
                called.send(()).ok();
                go.await.ok();
                Ok(opening)
            }
            Some(Step::Block(called, go)) => {
                called.send(()).ok();
                go.recv().ok();
                Ok(read())
            }
            Some(Step::Fail) => Err(SourceError::new("the script says so")),
            Some(Step::Panic) => panic!("the script says so"),
        }
    }
}

/// A running server. Stopped on drop.
pub(crate) struct Server {
    pub(crate) hub: Hub,
    pub(crate) source: Arc<Scripted>,
    pub(crate) address: SocketAddr,
    pub(crate) supervisor: Supervisor,
    handle: ServerHandle,
}

/// Limits that are not reached within a test, with frequent ticks.
pub(crate) fn patient() -> HubLimits {
    HubLimits {
        tick: Duration::from_millis(5),
        heartbeat: Duration::from_secs(3_600),
        opening_stall: Duration::from_secs(3_600),
        ..HubLimits::default()
    }
}

impl Server {
    pub(crate) fn start(limits: HubLimits) -> Self {
        Self::with_workers(limits, 1)
    }

    pub(crate) fn with_workers(limits: HubLimits, workers: usize) -> Self {
        let source = Arc::new(Scripted::default());
        let supervisor = Supervisor::new();
        let hub = Hub::supervised(limits, Arc::clone(&source) as Arc<dyn Source>, supervisor.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (started, handle) = std::sync::mpsc::channel();
        let served = hub.clone();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = http::serve(served, listener, workers);
                started.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        Self { hub, source, address, supervisor, handle: handle.recv().unwrap() }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.source.world.lock().unwrap()
    }

    /// Makes a change and delivers it.
    pub(crate) async fn happen(&self, change: impl FnOnce(&mut World) -> Arc<Delivery>) {
        let delivery = change(&mut self.world());
        self.hub.deliver(&[delivery]).await.unwrap();
    }

    /// Waits until the hub reaches a state.
    pub(crate) async fn until(&self, reached: impl Fn(&Hub) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !reached(&self.hub) {
            assert!(Instant::now() < deadline, "the condition was not met in time: {:?}", self.hub.stats());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Adds a step to the script.
    pub(crate) fn script(&self, step: Step) {
        self.source.script.lock().unwrap().push_back(step);
    }

    /// Makes the next read wait before it reads. Returns a receiver that reports the call, and a
    /// sender that lets it continue.
    pub(crate) fn wait_then_read(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((called, was_called), (go, may_go)) = (oneshot::channel(), oneshot::channel());
        self.script(Step::WaitThenRead(called, may_go));
        (was_called, go)
    }

    /// Makes the next read wait between reading and returning.
    pub(crate) fn read_then_wait(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((called, was_called), (go, may_go)) = (oneshot::channel(), oneshot::channel());
        self.script(Step::ReadThenWait(called, may_go));
        (was_called, go)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

/// The paths of the server.
pub(crate) fn configure(hub: Hub) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(web::Data::new(hub))
            .route("/ws", web::get().to(connect))
            .route("/events", web::get().to(listen))
            .route("/missed", web::get().to(catch_up))
            .route("/plain", web::get().to(|| async { "plain" }))
            .route("/panic", web::get().to(panics))
            .route("/echo", web::get().to(|request, payload| async move { notify::echo(&request, payload, 1 << 20) }));
    }
}

async fn panics() -> &'static str {
    panic!("a handler panics")
}

#[derive(serde::Deserialize)]
struct Query {
    user: Uuid,
    cursor: Option<String>,
    expires_ms: Option<u64>,
    read_only: Option<bool>,
    wait_ms: Option<u64>,
}

impl Query {
    fn client(self) -> Client {
        let Self { user, cursor, expires_ms, read_only, .. } = self;
        let expires_in = Duration::from_millis(expires_ms.unwrap_or(u64::from(u32::MAX)));
        // The offset of its first ping is 0, so that a test knows when the ping is due.
        let connection_id = Uuid::from_u128(0x1111 << 64);
        let expires_at = Timestamp::from_unix_millis(1_900_000_000_000);
        let grant = Grant { expires_at, expires_in, read_only: read_only.unwrap_or(false) };
        Client { user_id: UserId::new(user), connection_id, cursor, grant }
    }
}

async fn connect(
    request: HttpRequest,
    payload: web::Payload,
    hub: web::Data<Hub>,
    query: web::Query<Query>,
) -> Result<actix_web::HttpResponse, actix_web::Error> {
    hub.accept(&request, payload, query.into_inner().client())
}

async fn listen(request: HttpRequest, hub: web::Data<Hub>, query: web::Query<Query>) -> actix_web::HttpResponse {
    hub.event_stream(&request, query.into_inner().client())
}

async fn catch_up(
    request: HttpRequest,
    hub: web::Data<Hub>,
    query: web::Query<Query>,
) -> Result<actix_web::HttpResponse, actix_web::Error> {
    let wait = Duration::from_millis(query.wait_ms.unwrap_or(0));
    let answer = hub.catch_up(&request, query.into_inner().client(), wait).await;
    answer.map_err(actix_web::error::ErrorServiceUnavailable)
}
