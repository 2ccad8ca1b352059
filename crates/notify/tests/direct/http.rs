//! The server's HTTP side: sockets that are lent to actix's HTTP service. A connection owns its socket.

use std::net::TcpListener;
use std::time::Duration;

use actix_http::{HttpService, Protocol};
use actix_service::{IntoServiceFactory as _, Service as _, apply_fn_factory, map_config};
use actix_web::App;
use actix_web::dev::{AppConfig, Server};
use actix_web::rt::net::TcpStream;
use notify::{Hub, Lent, SendBuffer};

use crate::server::configure;

pub(crate) fn serve(hub: Hub, listener: TcpListener, workers: usize) -> Server {
    let service = move || {
        let app = App::new().configure(configure(hub.clone())).into_factory();
        let http = HttpService::build()
            .client_disconnect_timeout(Duration::ZERO)
            .on_connect_ext(|lent: &Lent<TcpStream>, data| {
                data.insert(lent.handover());
            })
            .finish(map_config(app, |()| AppConfig::default()));
        apply_fn_factory(http, |stream: TcpStream, http: &_| {
            stream.set_nodelay(true).unwrap();
            notify::set_socket_options(&stream);
            let peer = stream.peer_addr().ok();
            let (lender, lent) = notify::lend(stream);
            let http = Box::pin(http.call((lent, Protocol::Http1, peer)));
            async move {
                http.await?;
                if let Some((stream, client)) = lender.take_back() {
                    client.serve(stream, Vec::new(), SendBuffer::default()).await;
                }
                Ok::<_, actix_http::error::DispatchError>(())
            }
        })
    };
    let builder = Server::build().workers(workers).shutdown_timeout(1).disable_signals();
    builder.listen("direct", listener, service).unwrap().run()
}
