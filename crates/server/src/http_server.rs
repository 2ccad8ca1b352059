//! actix's `HttpServer`, set up for WebSockets.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use actix_http::{Request, Response};
use actix_service::{IntoServiceFactory, Service, ServiceFactory};
use actix_web::body::MessageBody;
use actix_web::dev::AppConfig;
use actix_web::{Error, HttpServer};

/// With larger buffers, each WebSocket connection would keep one for good.
pub(crate) const WRITE_BUFFER_BYTES: usize = 7 * 1024;

/// `HttpServer::new`, set up for an application that [mounts](crate::Groups::configure) the service:
///
/// * small frames are sent at once (`TCP_NODELAY`);
/// * what a WebSocket connection holds is bounded (`h1_write_buffer_size`), and it ends as soon as it is closed
///   (`client_disconnect_timeout`);
/// * the service finds the socket below a connection (`on_connect`);
/// * signals are left to the application, which has to close the WebSockets first: see `examples/mounted.rs`.
///
/// Each of these can be set again on the result, except `on_connect`, of which an `HttpServer` has one.
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
