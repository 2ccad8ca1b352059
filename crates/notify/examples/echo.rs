//! An echo server on the real transport and session, for RFC 6455 conformance tests with the
//! Autobahn fuzzing client.
//!
//! ```text
//! cargo run --release -p notify --example echo -- 127.0.0.1:9002
//! ```
//!
//! `just autobahn` builds it, installs the suite and runs it. Cases 12 and 13 are excluded: they
//! test permessage-deflate, which the server does not support; it ignores the offer. This example
//! accepts messages up to 64 MiB, because the suite sends 16 MiB, and any number of them;
//! everything else is as in the server.

use std::time::Duration;

use actix_web::{App, HttpRequest, HttpServer, web};

const MESSAGE_BYTES_MAX: usize = 64 << 20;

async fn echo(request: HttpRequest, payload: web::Payload) -> Result<actix_web::HttpResponse, actix_web::Error> {
    notify::echo(&request, payload, MESSAGE_BYTES_MAX)
}

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9002".to_owned());
    actix_web::rt::System::new().block_on(async {
        HttpServer::new(|| App::new().default_service(web::to(echo)))
            .on_connect(notify::on_connect)
            .tcp_nodelay(true)
            .h1_write_buffer_size(7 * 1024)
            .client_disconnect_timeout(Duration::ZERO)
            .bind(address)?
            .run()
            .await
    })
}
