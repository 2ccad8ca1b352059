//! An echo server on the real transport and session, for RFC 6455 conformance tests with the
//! Autobahn fuzzing client.
//!
//! ```text
//! cargo run --release -p notify --example echo -- 127.0.0.1:9002          # in an `HttpServer`
//! cargo run --release -p notify --example echo -- 127.0.0.1:9002 direct   # sockets of its own, as the server
//! ```
//!
//! `just autobahn` builds it, installs the suite and runs it. Cases 12 and 13 are excluded: they
//! test permessage-deflate, which the server does not support; it ignores the offer. This example
//! accepts messages up to 64 MiB, because the suite sends 16 MiB, and any number of them;
//! everything else is as in the server.

use std::net::TcpListener;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_service::{IntoServiceFactory as _, Service as _, apply_fn_factory, map_config};
use actix_web::dev::{AppConfig, Server};
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpRequest, HttpServer, web};
use notify::{Lent, SendBuffer};

const MESSAGE_BYTES_MAX: usize = 64 << 20;

async fn echo(request: HttpRequest, payload: web::Payload) -> Result<actix_web::HttpResponse, actix_web::Error> {
    notify::echo(&request, payload, MESSAGE_BYTES_MAX)
}

fn in_http_server(listener: TcpListener) -> std::io::Result<Server> {
    let server = HttpServer::new(|| App::new().default_service(web::to(echo)))
        .on_connect(notify::on_connect)
        .tcp_nodelay(true)
        .h1_write_buffer_size(7 * 1024)
        .client_disconnect_timeout(Duration::ZERO)
        .listen(listener)?;
    Ok(server.run())
}

/// Lends each socket to the HTTP service until the handshake is complete.
fn direct(listener: TcpListener) -> std::io::Result<Server> {
    let service = || {
        let app = App::new().default_service(web::to(echo)).into_factory();
        let http = HttpService::build()
            .client_disconnect_timeout(Duration::ZERO)
            .on_connect_ext(|lent: &Lent<TcpStream>, data| {
                data.insert(lent.handover());
            })
            .finish(map_config(app, |()| AppConfig::default()));
        apply_fn_factory(http, |stream: TcpStream, http: &_| {
            notify::set_socket_options(&stream);
            let (nodelay, peer) = (stream.set_nodelay(true), stream.peer_addr().ok());
            let (lender, lent) = notify::lend(stream);
            let http = Box::pin(http.call((lent, Protocol::Http1, peer)));
            async move {
                nodelay.map_err(DispatchError::Io)?;
                http.await?;
                if let Some((stream, client)) = lender.take_back() {
                    client.serve(stream, Vec::new(), SendBuffer::default()).await;
                }
                Ok::<_, DispatchError>(())
            }
        })
    };
    Ok(Server::build().listen("direct", listener, service)?.run())
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let listener = TcpListener::bind(arguments.next().unwrap_or_else(|| "127.0.0.1:9002".to_owned()))?;
    let serve = if arguments.next().as_deref() == Some("direct") { direct } else { in_http_server };
    actix_web::rt::System::new().block_on(async { serve(listener)?.await })
}
