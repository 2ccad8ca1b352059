//! Custom authentication and a path prefix: `cargo run -p server --example own_identity`.
//!
//! Try it: `curl -H 'X-Api-Key: key-of-ada' http://127.0.0.1:8080/realtime/v1/me`

use std::collections::HashMap;
use std::time::Duration;

use actix_web::{App, HttpRequest};
use async_trait::async_trait;
use groups_domain::{Timestamp, UserId, Uuid};
use server::{Code, Groups, Identity, Principal, Problem, Settings};

/// API keys. An application with cookie sessions would look the session up here.
struct ApiKeys(HashMap<&'static str, (UserId, &'static str)>);

#[async_trait(?Send)]
impl Identity for ApiKeys {
    async fn identify(&self, request: &HttpRequest) -> Result<Principal, Problem> {
        let key = request.headers().get("X-Api-Key").and_then(|key| key.to_str().ok());
        let user = key.and_then(|key| self.0.get(key));
        let (user_id, name) = user.ok_or_else(|| Problem::new(Code::Unauthenticated, "The API key is unknown."))?;
        // A key does not expire. At `expires_at` a WebSocket connection is closed, and its client
        // reconnects.
        let expires_at = Timestamp::from_unix_millis(i64::MAX);
        Ok(Principal::new(*user_id, expires_at).named(name, Timestamp::from_unix_millis(0)))
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let user = |number, name| (UserId::new(Uuid::from_u128(number)), name);
    let keys = ApiKeys(HashMap::from([("key-of-ada", user(1, "Ada")), ("key-of-bob", user(2, "Bob"))]));
    let settings = Settings { database_url: "sqlite://own_identity.db".to_owned(), ..Settings::default() };
    let groups = Groups::builder(settings).identity(keys).prefix("/realtime").page(false).open().await?;

    let mounted = groups.clone();
    let server =
        server::http_server(move || App::new().configure(mounted.configure())).bind(("127.0.0.1", 8080))?.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    actix_web::rt::signal::ctrl_c().await?;
    groups.stop(Duration::from_secs(3)).await;
    handle.stop(true).await;
    Ok(())
}
