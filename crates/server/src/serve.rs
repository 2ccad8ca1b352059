//! The HTTP server: actix-web on guarded connections.

mod door;
mod http2;

use std::future::ready;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Protocol, Request, Response};
use actix_service::{
    IntoServiceFactory as _, Service, ServiceFactory, apply_fn_factory, fn_factory, fn_service, map_config,
};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server};
use actix_web::middleware::from_fn;
use actix_web::rt::net::{TcpStream, UnixStream};
use actix_web::{App, HttpServer, web};
use futures_util::future::OptionFuture;
use futures_util::{FutureExt as _, TryFutureExt as _};
use notify::{Lent, Upgraded};

use crate::access_log::access_log;
use crate::connection::{Admission, AdmissionLimits, Descriptors, Guarded, Socket, Unguarded, exchange};
use crate::groups::Groups;
use crate::http_server::WRITE_BUFFER_BYTES;
use crate::listeners::Listener;
use crate::request_id::identified;
use crate::tls::TlsCertificate;
use crate::{Settings, routes};

use self::door::{Door, Opened};
use self::http2::serve_http2;

/// Maximum number of connections per worker. Further connections wait in the accept queue. The
/// limit on file descriptors is usually reached first.
const CONNECTIONS_PER_WORKER_MAX: usize = 100_000;

/// Serves on the sockets with worker threads until it is stopped. A graceful stop takes at most
/// `grace`.
///
/// # Errors
/// If a socket cannot be used.
pub(crate) fn serve(
    groups: &Groups,
    settings: &Settings,
    sockets: Vec<Listener>,
    tls: Option<TlsCertificate>,
    grace: Duration,
) -> io::Result<Server> {
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(2, NonZeroUsize::get),
        workers => workers,
    };
    let (admission, connections_max) = admission(groups, settings);
    let door = Door {
        admission,
        deadlines: door::deadlines(settings),
        proxies: groups.proxies().clone(),
        proxy_protocol: settings.proxy_protocol,
        tls,
    };
    let keeps_alive = settings.keep_alive_seconds > 0;
    let builder = Server::build();
    let signal = builder.graceful_shutdown_signal();
    let stopping = move || {
        let signal = signal.clone();
        async move { signal.notified().await }
    };
    let site = Site { groups: groups.clone(), door, keeps_alive };
    let builder = builder
        .workers(workers)
        .max_concurrent_connections(connections_max.div_ceil(workers).min(CONNECTIONS_PER_WORKER_MAX))
        .shutdown_timeout(grace.as_secs())
        .disable_signals();
    let bound = sockets.into_iter().try_fold(builder, |builder, socket| {
        let (site, stopping) = (site.clone(), stopping.clone());
        match socket {
            Listener::Tcp(listener) => {
                builder.listen("groups", listener, move || service::<TcpStream, _, _>(site.clone(), stopping.clone()))
            }
            Listener::Unix(listener) => builder
                .listen_uds("groups", listener, move || service::<UnixStream, _, _>(site.clone(), stopping.clone())),
        }
    })?;
    Ok(bound.run())
}

/// What every worker serves, whichever way clients connect.
#[derive(Clone)]
struct Site {
    groups: Groups,
    door: Door,
    keeps_alive: bool,
}

/// The service of one worker on one listener. `stopping` returns a future that is ready when the
/// server stops.
fn service<T, N, F>(
    site: Site,
    stopping: N,
) -> impl ServiceFactory<T, Config = (), Response = (), Error = DispatchError, InitError = (), Service: 'static>
where
    T: Into<Socket> + 'static,
    N: Fn() -> F + Clone + 'static,
    F: Future<Output = ()> + 'static,
{
    let Site { groups, door, keeps_alive } = site;
    let app = || {
        let app = App::new().app_data(groups.proxies().clone()).wrap(from_fn(access_log)).wrap(from_fn(identified));
        let app = app.configure(groups.configure()).default_service(web::to(routes::not_found));
        map_config(apply_fn_factory(app.into_factory(), exchange), |()| AppConfig::default())
    };
    let http2 = door.tls.is_some().then(|| Rc::new(app()));
    let http = HttpService::build()
        .graceful_shutdown_signal(stopping.clone())
        // The guard enforces all deadlines instead of actix.
        .keep_alive(if keeps_alive { KeepAlive::Os } else { KeepAlive::Disabled })
        .client_request_timeout(Duration::ZERO)
        .client_disconnect_timeout(Duration::ZERO)
        .h1_write_buffer_size(WRITE_BUFFER_BYTES)
        .on_connect_ext(|lent: &Lent<Guarded>, data| {
            data.insert(lent.get().connection());
            data.insert(lent.handover());
        })
        .finish(app());
    let http = Rc::new(http);
    fn_factory(move || {
        let (http, http2, door, stopping) = (Rc::clone(&http), http2.clone(), door.clone(), stopping.clone());
        async move {
            let http = Rc::new(http.new_service(()).await?);
            let http2 = match http2 {
                Some(http2) => Some(Rc::new(http2.new_service(()).await?)),
                None => None,
            };
            Ok::<_, ()>(fn_service(move |stream: T| {
                serve_connection(stream.into(), &door, &http, http2.as_ref(), &stopping)
            }))
        }
    })
}

/// Serves the paths for operators with one worker thread, until it is stopped.
///
/// # Errors
/// If the listener cannot be used.
pub(crate) fn serve_operations(groups: &Groups, listener: TcpListener) -> io::Result<Server> {
    let data = web::Data::new(groups.clone());
    let app = move || {
        let app = App::new().app_data(data.clone()).wrap(from_fn(identified));
        app.configure(routes::configure_operations).default_service(web::to(routes::not_found))
    };
    Ok(HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run())
}

/// A connection in the form that actix's HTTP service expects.
type HttpConnection = (Lent<Guarded>, Protocol, Option<SocketAddr>);

/// The part of a connection in which it uses HTTP, and the WebSocket that it becomes. Both are boxed,
/// so that an idle WebSocket has neither the memory of the dispatcher nor several copies of its own
/// state in the futures around it.
type Http = Pin<Box<dyn Future<Output = Result<OptionFuture<WebSocket>, DispatchError>>>>;
type WebSocket = Pin<Box<dyn Future<Output = ()>>>;

/// Serves HTTP on a connection, and then the WebSocket that it may have become. Both are one task,
/// which actix counts and waits for.
fn serve_connection<S, H, B, N, F>(
    socket: Socket,
    door: &Door,
    http: &Rc<S>,
    http2: Option<&Rc<H>>,
    stopping: &N,
) -> impl Future<Output = Result<(), DispatchError>> + use<S, H, B, N, F>
where
    S: Service<HttpConnection, Response = (), Error = DispatchError> + 'static,
    S::Future: 'static,
    H: Service<Request, Response = Response<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
    N: Fn() -> F,
    F: Future<Output = ()> + 'static,
{
    let http: Http = match door.admit(socket) {
        Ok(arrival) if door.must_wait(&arrival) => {
            let (door, http, http2, stopping) = (door.clone(), Rc::clone(http), http2.cloned(), stopping());
            Box::pin(async move {
                let mut stopping = pin!(stopping);
                let opened = tokio::select! {
                    opened = door.open(arrival) => opened?,
                    () = &mut stopping => return Ok(None.into()),
                };
                match http2.filter(|_| opened.is_http2) {
                    Some(application) => {
                        let served = serve_http2(opened, door.deadlines, application, stopping).await;
                        served.map_err(io::Error::other)?;
                        Ok(None.into())
                    }
                    None => serve_http(opened, &*http).await,
                }
            })
        }
        Ok(arrival) => serve_http(door.open_now(arrival), &**http),
        Err(error) => Box::pin(ready(Err(error))),
    };
    http.and_then(|websocket| websocket.map(|_| Ok(())))
}

fn serve_http<S>(Opened { guarded, peer, .. }: Opened, http: &S) -> Http
where
    S: Service<HttpConnection, Response = (), Error = DispatchError>,
    S::Future: 'static,
{
    let (lender, lent) = notify::lend(guarded);
    let http = Box::pin(http.call((lent, Protocol::Http1, peer)));
    Box::pin(async move {
        http.await?;
        Ok(lender.take_back().map(|(guarded, client)| websocket(guarded, client)).into())
    })
}

fn websocket(guarded: Guarded, client: Upgraded) -> WebSocket {
    let Unguarded { stream, early, send_buffer, place } = guarded.unguard();
    let serving = client.serve(stream, early, send_buffer);
    Box::pin(serving.map(move |()| drop(place)))
}

/// Raises the limit on file descriptors and derives the connection limits from it.
fn admission(groups: &Groups, settings: &Settings) -> (Admission, usize) {
    let descriptors = Descriptors::raise();
    let limits = AdmissionLimits::new(
        connections_max(descriptors.connections_max(), settings.max_connections),
        settings.max_anonymous_connections,
        settings.max_anonymous_connections_per_address,
    );
    let AdmissionLimits { connections_max, anonymous_max, anonymous_per_address_max } = limits;
    tracing::info!(
        descriptors = descriptors.limit,
        descriptors_before = descriptors.before,
        connections_max,
        anonymous_max,
        anonymous_per_address_max,
        "limits on connections"
    );
    (Admission::new(limits, groups.metrics().door().clone()), connections_max)
}

/// The connections that the settings allow (0: no limit), capped by the descriptors.
fn connections_max(by_descriptors: usize, wanted: usize) -> usize {
    if wanted == 0 { by_descriptors } else { wanted.min(by_descriptors) }
}
