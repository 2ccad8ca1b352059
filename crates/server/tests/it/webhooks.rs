//! Webhooks: the real server, and receivers on loopback.

mod addresses;
mod catch_up;
mod crashes;
mod delivery;
mod receivers;
mod settings;
mod verification;

use serde_json::{Value, json};

use crate::support::{Receiver, Server, User};

/// Receivers on loopback are refused by default.
const ALLOWED: (&str, &str) = ("GROUPS_WEBHOOK_ALLOW_PRIVATE", "on");

/// A server that sends to receivers on loopback.
async fn server() -> Server {
    Server::with(&[ALLOWED]).await
}

/// Registers a webhook for every change of a group.
async fn register(operator: &User, receiver: &Receiver) -> Value {
    let body = json!({"url": receiver.url()});
    operator.post("/v1/admin/webhooks", body).await.ok(201)
}

/// Registers a webhook for these types.
async fn register_for(operator: &User, receiver: &Receiver, types: &[&str]) -> Value {
    let body = json!({"url": receiver.url(), "types": types});
    operator.post("/v1/admin/webhooks", body).await.ok(201)
}

/// The path of a webhook.
fn path(webhook: &Value) -> String {
    format!("/v1/admin/webhooks/{}", webhook["webhook_id"].as_str().expect("an id"))
}
