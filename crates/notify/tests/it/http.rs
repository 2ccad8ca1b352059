//! The server's HTTP side: actix-web's `HttpServer`. A connection is the body of its response.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpServer};
use notify::Hub;

use crate::server::configure;

pub(crate) fn serve(hub: Hub, listener: TcpListener, workers: usize) -> Server {
    HttpServer::new(move || App::new().configure(configure(hub.clone())))
        .on_connect(notify::on_connect)
        .tcp_nodelay(true)
        .h1_write_buffer_size(7 * 1024)
        .client_disconnect_timeout(Duration::ZERO)
        .shutdown_timeout(1)
        .disable_signals()
        .workers(workers)
        .listen(listener)
        .unwrap()
        .run()
}
