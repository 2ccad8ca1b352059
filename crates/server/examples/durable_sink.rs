//! A webhook that misses no change across restarts: `cargo run -p server --example durable_sink --
//! 127.0.0.1:9000`.
//!
//! Any HTTP server on that address receives each change as JSON. It must be idempotent by
//! `group_id` and `version`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use server::{Delivery, EventSink, Groups, Settings, SinkError, StopSignals};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

struct Webhook {
    receiver: String,
}

impl Webhook {
    /// Posts one change. A real webhook would use an HTTP client with TLS.
    async fn post(&self, delivery: &Delivery) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let change = delivery.change();
        let body = json!({
            "group_id": change.group_id().to_string(),
            "version": change.version().get(),
            "name": change.group.name.as_str(),
            "member_count": change.group.member_count,
        })
        .to_string();
        let mut stream = TcpStream::connect(&self.receiver).await?;
        let head =
            format!("POST / HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).await?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await?;
        if &status[9..10] == b"2" { Ok(()) } else { Err(String::from_utf8_lossy(&status).into_owned().into()) }
    }
}

#[async_trait]
impl EventSink for Webhook {
    fn name(&self) -> &str {
        "webhook"
    }

    /// A failed batch is retried with exponential backoff, and logged with `tracing`. The position is
    /// stored once the batch is accepted. At shutdown, this is dropped at its next `await`, and the
    /// batch is delivered again after the restart.
    async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError> {
        for delivery in batch {
            let posted = timeout(Duration::from_secs(10), self.post(delivery)).await;
            posted.map_err(SinkError::new)?.map_err(SinkError::new)?;
        }
        Ok(())
    }
}

#[actix_web::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("durable_sink: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let receiver = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    let settings = Settings { database_url: "sqlite://durable_sink.db".to_owned(), ..Settings::default() };
    let listener = server::listen(&settings)?;
    let groups = Groups::builder(settings).durable_sink("webhook".parse()?, Webhook { receiver });
    server::run(groups, listener, StopSignals::listen()?.first).await?;
    Ok(())
}
