//! Custom authentication and a path prefix: `cargo run -p server --example own_identity`.
//!
//! Try it: `curl -H 'X-Api-Key: key-of-ada' http://127.0.0.1:8080/realtime/v1/me`

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::{App, HttpRequest, rt};
use async_trait::async_trait;
use groups_domain::{Timestamp, UserId, Uuid};
use server::{Code, Groups, Identity, Principal, Problem, Settings, StopSignals};

/// API keys. An application with cookie sessions would look the session up here.
struct ApiKeys(HashMap<&'static str, (UserId, &'static str)>);

#[async_trait(?Send)]
impl Identity for ApiKeys {
    async fn identify(&self, request: &HttpRequest) -> Result<Principal, Problem> {
        let key = request.headers().get("X-Api-Key").and_then(|key| key.to_str().ok());
        let user = key.and_then(|key| self.0.get(key));
        let (user_id, name) = user.ok_or_else(|| Problem::new(Code::Unauthenticated, "The API key is unknown."))?;
        // These keys never expire, and these names never change. A real application passes the time
        // the name was last changed.
        Ok(Principal::new(*user_id, Timestamp::TEXT_MAX).named(name, Timestamp::from_unix_millis(0)))
    }
}

#[actix_web::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("own_identity: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let user = |number, name| (UserId::new(Uuid::from_u128(number)), name);
    let keys = ApiKeys(HashMap::from([("key-of-ada", user(1, "Ada")), ("key-of-bob", user(2, "Bob"))]));
    let settings = Settings { database_url: "sqlite://own_identity.db".to_owned(), ..Settings::default() };
    let groups = Groups::builder(settings).identity(keys).prefix("/realtime").page(false).open().await?;

    let mounted = groups.clone();
    let signals = StopSignals::listen()?;
    let server =
        server::http_server(move || App::new().configure(mounted.configure())).bind(("127.0.0.1", 8080))?.run();
    let handle = server.handle();
    rt::spawn(server);

    // Failed tasks of groups are not restarted: exit with an error, so that the whole process is
    // restarted.
    let failure = tokio::select! {
        () = signals.first.cancelled() => None,
        failure = groups.failed() => Some(failure),
    };
    groups.stop(Duration::from_secs(3)).await;
    handle.stop(true).await;
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}
