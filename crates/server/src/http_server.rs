//! actix's `HttpServer`, configured for WebSockets.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use actix_http::{Request, Response};
use actix_service::{IntoServiceFactory, Service, ServiceFactory};
use actix_web::body::MessageBody;
use actix_web::dev::AppConfig;
use actix_web::{Error, HttpServer};

/// Small, because each WebSocket connection keeps its buffer for its lifetime.
pub(crate) const WRITE_BUFFER_BYTES: usize = 7 * 1024;

/// Creates an `HttpServer` for an application that [mounts](crate::Groups::configure) the service.
/// Compared to `HttpServer::new`:
///
/// * small frames are sent immediately (`TCP_NODELAY`);
/// * the memory of a WebSocket connection is bounded (`h1_write_buffer_size`), and a closed
///   connection ends immediately (`client_disconnect_timeout`);
/// * the service can access the socket of a connection (`on_connect`);
/// * signals are not handled, because the application has to close the WebSockets first: see
///   [`StopSignals`](crate::StopSignals) and `examples/mounted.rs`.
///
/// `keep_alive` remains at the default of actix-web, 5 seconds.
///
/// You can override each of these on the result, except `on_connect`, which an `HttpServer` has
/// only once.
pub fn http_server<F, I, S, B>(factory: F) -> HttpServer<F, I, S, B>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error>,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>>,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
    B::Error: Into<Box<dyn StdError>>,
{
    HttpServer::new(factory)
        .on_connect(notify::on_connect)
        .tcp_nodelay(true)
        .h1_write_buffer_size(WRITE_BUFFER_BYTES)
        .client_disconnect_timeout(Duration::ZERO)
        .disable_signals()
}
