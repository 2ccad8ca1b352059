//! Mounts groups into your own actix-web application: `cargo run -p server --example mounted`.

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

    // Failed tasks of groups are not restarted: exit with an error, so that the whole process is
    // restarted.
    let failure = tokio::select! {
        interrupted = rt::signal::ctrl_c() => interrupted.map(|()| None)?,
        failure = groups.failed() => Some(failure),
    };
    // Close the WebSockets first: the server waits for open connections.
    groups.stop(Duration::from_secs(3)).await;
    handle.stop(true).await;
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}
