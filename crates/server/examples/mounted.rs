//! groups inside your own actix-web application: `cargo run -p server --example mounted`.

use std::time::Duration;

use actix_web::{App, rt, web};
use server::{Groups, Settings};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings { database_url: "sqlite://mounted.db".to_owned(), ..Settings::default() };
    let groups = Groups::builder(settings).open().await?;
    let mounted = groups.clone();
    let server = server::http_server(move || {
        App::new()
            .route("/hello", web::get().to(|| async { "an endpoint of the application" }))
            .configure(mounted.configure())
    })
    .bind(("127.0.0.1", 8080))?
    .run();
    let handle = server.handle();
    rt::spawn(server);

    // A part of groups that ends unexpectedly is not restarted: end with an error, and be started again as a whole.
    let failure = tokio::select! {
        interrupted = rt::signal::ctrl_c() => interrupted.map(|()| None)?,
        failure = groups.failed() => Some(failure),
    };
    // The sockets first: as long as one is open, the server waits for it.
    groups.stop(Duration::from_secs(3)).await;
    handle.stop(true).await;
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}
