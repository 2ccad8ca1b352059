//! groups inside an actix-web application of one's own: `cargo run -p server --example mounted`.

use std::time::Duration;

use actix_web::{App, HttpServer, web};
use server::{Groups, Settings};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings { database_url: "sqlite://mounted.db".to_owned(), ..Settings::default() };
    let groups = Groups::open(&settings).await?;
    let mounted = groups.clone();
    HttpServer::new(move || {
        App::new()
            .route("/hello", web::get().to(|| async { "an endpoint of one's own" }))
            .configure(mounted.configure())
    })
    .on_connect(server::on_connect)
    .tcp_nodelay(true)
    .bind(("127.0.0.1", 8080))?
    .shutdown_timeout(2)
    .run()
    .await?;
    groups.stop(Duration::ZERO).await;
    Ok(())
}
