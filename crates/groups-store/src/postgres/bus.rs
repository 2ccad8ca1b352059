//! Waking whoever follows the log, in this server and in the others.
//!
//! The log is the truth, and a bus only wakes: a notification that is lost costs the time until the next poll. NOTIFY in a
//! committing transaction would take a lock on the whole database, so it is sent afterwards, on a connection of its own, once
//! for however many commits were made meanwhile.

use std::sync::Arc;
use std::time::Duration;

use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::StreamExt;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::Conn;
use super::pool::{Settings, connect};

const CHANNEL: &str = "groups_log";

/// How long a silent connection is trusted before it is asked whether it is still there.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Between two attempts to connect.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// Where commits are reported.
#[derive(Clone, Debug)]
pub(super) struct Bus {
    here: Arc<watch::Sender<()>>,
    elsewhere: Arc<Notify>,
}

impl Bus {
    pub(super) fn new() -> Self {
        Self { here: Arc::new(watch::Sender::new(())), elsewhere: Arc::new(Notify::new()) }
    }

    /// Somebody may want to read the log now.
    pub(super) fn committed(&self) {
        self.here.send_replace(());
        self.elsewhere.notify_one();
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.here.subscribe()
    }

    /// Tells the other servers, for ever.
    pub(super) async fn notify(self, settings: Settings, me: Uuid) {
        let mut conn: Option<Conn> = None;
        loop {
            self.elsewhere.notified().await;
            loop {
                let sent = match conn.as_mut() {
                    Some(conn) => diesel::sql_query("SELECT pg_notify($1, $2)")
                        .bind::<diesel::sql_types::Text, _>(CHANNEL)
                        .bind::<diesel::sql_types::Text, _>(me.to_string())
                        .execute(conn)
                        .await
                        .is_ok(),
                    None => false,
                };
                if sent {
                    break;
                }
                conn = connect(&settings).await.ok();
                if conn.is_none() {
                    tokio::time::sleep(RECONNECT_AFTER).await;
                }
            }
        }
    }

    /// Listens to the other servers, for ever.
    pub(super) async fn listen(self, settings: Settings, me: Uuid) {
        let me = me.to_string();
        loop {
            if let Err(error) = self.listen_once(&settings, &me).await {
                tracing::warn!(%error, "not listening to the other servers; polling goes on, and so do attempts to listen");
            }
            tokio::time::sleep(RECONNECT_AFTER).await;
        }
    }

    async fn listen_once(&self, settings: &Settings, me: &str) -> Result<(), diesel::ConnectionError> {
        let failed = diesel::ConnectionError::CouldntSetupConfiguration;
        let mut conn = connect(settings).await?;
        conn.batch_execute(&format!("LISTEN {CHANNEL}")).await.map_err(failed)?;
        // Something may have been said before.
        self.here.send_replace(());
        loop {
            let heard = {
                let mut stream = std::pin::pin!(conn.notifications_stream());
                tokio::time::timeout(SILENCE_MAX, stream.next()).await
            };
            match heard {
                Ok(Some(Ok(notification))) if notification.payload == me => {}
                Ok(Some(Ok(_))) => {
                    self.here.send_replace(());
                }
                Ok(Some(Err(error))) => return Err(failed(error)),
                Ok(None) => return Ok(()),
                Err(_) => conn.batch_execute("SELECT 1").await.map_err(failed)?,
            }
        }
    }
}
