//! Mounts groups into your own actix-web application: `cargo run -p server --example mounted`.

use std::process::ExitCode;
use std::time::Duration;

use actix_web::{App, HttpRequest, rt, web};
use server::{Groups, Problem, Settings, StopSignals};

/// An endpoint of the application, for the users of the service.
async fn hello(request: HttpRequest, groups: web::Data<Groups>) -> Result<String, Problem> {
    let user_id = groups.identify(&request).await?.user_id;
    Ok(format!("Hello {user_id}"))
}

#[actix_web::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mounted: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings { database_url: "sqlite://mounted.db".to_owned(), ..Settings::default() };
    let groups = Groups::builder(settings).open().await?;
    let mounted = groups.clone();
    let signals = StopSignals::listen()?;
    let server = server::http_server(move || {
        App::new()
            .route("/hello", web::get().to(hello))
            .app_data(web::Data::new(mounted.clone()))
            .configure(mounted.configure())
    })
    .bind(("127.0.0.1", 8080))?
    .run();
    let handle = server.handle();
    rt::spawn(server);

    // Failed tasks of groups are not restarted: exit with an error, so that the whole process is
    // restarted.
    let failure = tokio::select! {
        () = signals.first.cancelled() => None,
        failure = groups.failed() => Some(failure),
    };
    // Close the WebSockets first: the server waits for open connections.
    groups.stop(Duration::from_secs(3)).await;
    handle.stop(true).await;
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}
