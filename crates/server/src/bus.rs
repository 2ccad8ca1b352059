//! Messages between servers on the same database, beside the log: wake-ups when the log has grown,
//! typing indicators, and hints about revocations and numbers of connections.
//!
//! The delivery guarantee does not depend on the bus. The log is the source of truth, and each
//! server also polls it once a second. A message that is lost, late or duplicated only costs time
//! or a typing indicator.

mod inlet;
#[cfg(feature = "nats")]
mod nats;
mod peer_message;

#[cfg(feature = "postgres")]
use groups_store::PeerMessages;
use groups_store::Store;
use groups_supervisor::Supervisor;
#[cfg(feature = "postgres")]
use tokio::sync::broadcast::error::RecvError;

pub(crate) use self::inlet::Inlet;
pub(crate) use self::peer_message::PeerMessage;
use crate::{OpenError, Settings};

/// How this server communicates with the others.
#[derive(Clone)]
pub(crate) enum Bus {
    /// SQLite: there are no other servers.
    Alone,
    /// LISTEN and NOTIFY of PostgreSQL. The store handles wake-ups itself; typing indicators travel
    /// as signals.
    #[cfg(feature = "postgres")]
    Database(PeerMessages),
    /// NATS carries both wake-ups and typing indicators.
    #[cfg(feature = "nats")]
    Nats(nats::Nats),
}

/// Connects to NATS once.
///
/// # Errors
/// A message if that fails.
#[cfg(feature = "nats")]
pub(crate) async fn try_nats(urls: &str) -> Result<(), String> {
    nats::try_connect(urls).await
}

/// Without NATS there is no URL that the settings accept.
#[cfg(not(feature = "nats"))]
pub(crate) async fn try_nats(_: &str) -> Result<(), String> {
    Ok(())
}

impl Bus {
    /// Connects the inlet and the store with the other servers, in tasks that run until the
    /// supervisor stops them.
    pub(crate) async fn start(
        settings: &Settings,
        store: &Store,
        inlet: &Inlet,
        supervisor: &Supervisor,
    ) -> Result<Self, OpenError> {
        let bus = match settings.nats_url()? {
            #[cfg(feature = "nats")]
            Some(url) => Self::Nats(nats::start(url, store, inlet, supervisor).await.map_err(OpenError::Bus)?),
            #[cfg(not(feature = "nats"))]
            Some(_) => Self::Alone,
            None => Self::of_database(store, inlet, supervisor),
        };
        let outlet = bus.clone();
        inlet.hub.relay_typing(move |group_id, user_id, typing| {
            outlet.send(PeerMessage::Typing { group_id, user_id, typing });
        });
        Ok(bus)
    }

    #[cfg(feature = "postgres")]
    fn of_database(store: &Store, inlet: &Inlet, supervisor: &Supervisor) -> Self {
        let Some(signals) = store.peer_messages() else { return Self::Alone };
        supervisor.spawn("signals of other servers", hear(signals.clone(), inlet.clone()));
        Self::Database(signals)
    }

    #[cfg(not(feature = "postgres"))]
    fn of_database(_: &Store, _: &Inlet, _: &Supervisor) -> Self {
        Self::Alone
    }

    /// Sends a message to the other servers. It is dropped if they cannot be reached.
    #[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "there are no other servers"))]
    pub(crate) fn send(&self, message: PeerMessage) {
        match self {
            Self::Alone => {}
            #[cfg(feature = "postgres")]
            Self::Database(signals) => drop(signals.send(&message.to_text())),
            #[cfg(feature = "nats")]
            Self::Nats(nats) => nats.send(message.to_text()),
        }
    }

    /// Whether there can be other servers.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self, Self::Alone)
    }

    /// Name of the bus in `/readyz` and in the log.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Alone => "none",
            #[cfg(feature = "postgres")]
            Self::Database(_) => "postgres",
            #[cfg(feature = "nats")]
            Self::Nats(_) => "nats",
        }
    }

    /// Whether messages from other servers can currently be received.
    pub(crate) fn is_up(&self) -> bool {
        match self {
            Self::Alone => true,
            #[cfg(feature = "postgres")]
            Self::Database(signals) => signals.is_listening(),
            #[cfg(feature = "nats")]
            Self::Nats(nats) => nats.is_up(),
        }
    }
}

/// Receives the messages of other servers.
#[cfg(feature = "postgres")]
async fn hear(signals: PeerMessages, inlet: Inlet) {
    let mut heard = signals.subscribe();
    loop {
        match heard.recv().await {
            Ok(text) => inlet.receive(&text),
            // This receiver was too slow. Losing messages is harmless.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}
