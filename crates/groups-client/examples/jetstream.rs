//! Publishes each change of each group to NATS JetStream exactly once, in the order of the group.
//!
//! ```text
//! GROUPS_URL=https://groups.example GROUPS_TOKEN=… NATS_URL=nats://127.0.0.1:4222 cargo run --example jetstream
//! ```
//!
//! A message has the JSON of the change with its cursor, so the last message of the stream says where to continue. JetStream
//! ignores a message whose `Nats-Msg-Id` it has seen within the duplicate window: a change that was published without the
//! publisher learning of it.

use std::time::Duration;

use async_nats::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use groups_client::{Client, LogChange};
use serde_json::{Value, json};

const STREAM: &str = "GROUP_CHANGES";
/// One subject for each group: `groups.changes.<group_id>`.
const SUBJECTS: &str = "groups.changes";
/// How long JetStream remembers ids: longer than the longest time for which it cannot be reached and the publisher still runs.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
/// The pause after an attempt to publish has failed.
const PAUSE: Duration = Duration::from_millis(500);

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let setting = |name| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let client = Client::builder(setting("GROUPS_URL")?).token(setting("GROUPS_TOKEN")?).build()?;
    let nats = async_nats::ConnectOptions::new().retry_on_initial_connect().connect(setting("NATS_URL")?).await?;
    let config = json!({"name": STREAM, "subjects": [format!("{SUBJECTS}.*")], "storage": "file",
        "duplicate_window": u64::try_from(DUPLICATE_WINDOW.as_nanos())?});
    // An existing stream with the same configuration is left as it is.
    until_answered(&nats, &format!("$JS.API.STREAM.CREATE.{STREAM}"), None, &config).await?;
    let mut feed = client.admin().feed(last_cursor(&nats).await?);
    loop {
        let change = feed.next().await?;
        publish(&nats, &change).await?;
    }
}

/// Publishes a change until JetStream has acknowledged it.
async fn publish(nats: &async_nats::Client, change: &LogChange) -> Result<(), Failure> {
    let id = format!("{}.{}", change.group_id, change.change.version);
    let ack = until_answered(nats, &format!("{SUBJECTS}.{}", change.group_id), Some(&id), &json!(change)).await?;
    match (ack["stream"].as_str(), ack["seq"].as_u64()) {
        (Some(STREAM), Some(_)) => Ok(()),
        _ => Err(format!("{id} is not in the stream: {ack}").into()),
    }
}

/// The cursor of the last message in the stream; `None` if it is empty.
async fn last_cursor(nats: &async_nats::Client) -> Result<Option<String>, Failure> {
    let last = json!({"last_by_subj": format!("{SUBJECTS}.*")});
    let answer = until_answered(nats, &format!("$JS.API.STREAM.MSG.GET.{STREAM}"), None, &last).await?;
    match (answer["message"]["data"].as_str(), answer["error"]["code"].as_u64()) {
        (Some(data), _) => {
            let change: LogChange = serde_json::from_slice(&STANDARD.decode(data)?)?;
            Ok(Some(change.cursor))
        }
        (None, Some(404)) => Ok(None),
        _ => Err(format!("the last message cannot be read: {answer}").into()),
    }
}

/// Repeats a request until NATS has answered. A repetition has the same id, so it is no second message.
async fn until_answered(
    nats: &async_nats::Client,
    subject: &str,
    id: Option<&str>,
    body: &Value,
) -> Result<Value, Failure> {
    loop {
        let mut headers = HeaderMap::new();
        if let Some(id) = id {
            headers.insert("Nats-Msg-Id", id);
        }
        match nats.request_with_headers(subject.to_owned(), headers, body.to_string().into()).await {
            Ok(answer) => {
                let answer: Value = serde_json::from_slice(&answer.payload)?;
                // 503: JetStream starts.
                if answer["error"]["code"] != 503 {
                    return Ok(answer);
                }
            }
            Err(error) => eprintln!("NATS does not answer: {error}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
