//! Messages between servers on the same database, beside the log: wake-ups when the log has grown,
//! and typing indicators.
//!
//! The delivery guarantee does not depend on the bus. The log is the source of truth, and each
//! server also polls it once a second. A message that is lost, late or duplicated only costs time
//! or a typing indicator.

#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "postgres")]
mod typing;

use groups_domain::{GroupId, UserId};
#[cfg(feature = "postgres")]
use groups_store::PeerMessages;
use groups_store::Store;
use groups_supervisor::Supervisor;
use notify::Hub;
#[cfg(feature = "postgres")]
use tokio::sync::broadcast::error::RecvError;

#[cfg(feature = "postgres")]
use self::typing::Typing;
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

impl Bus {
    /// Connects the hub and the store with the other servers, in tasks that run until the
    /// supervisor stops them.
    pub(crate) async fn start(
        settings: &Settings,
        store: &Store,
        hub: &Hub,
        supervisor: &Supervisor,
    ) -> Result<Self, OpenError> {
        let bus = match settings.nats_url()? {
            #[cfg(feature = "nats")]
            Some(url) => Self::Nats(nats::start(url, store, hub, supervisor).await.map_err(OpenError::Bus)?),
            #[cfg(not(feature = "nats"))]
            Some(_) => Self::Alone,
            None => Self::of_database(store, hub, supervisor),
        };
        let outlet = bus.clone();
        hub.relay_typing(move |group_id, user_id, typing| outlet.typing(group_id, user_id, typing));
        Ok(bus)
    }

    #[cfg(feature = "postgres")]
    fn of_database(store: &Store, hub: &Hub, supervisor: &Supervisor) -> Self {
        let Some(signals) = store.peer_messages() else { return Self::Alone };
        supervisor.spawn("signals of other servers", hear(signals.clone(), hub.clone()));
        Self::Database(signals)
    }

    #[cfg(not(feature = "postgres"))]
    fn of_database(_: &Store, _: &Hub, _: &Supervisor) -> Self {
        Self::Alone
    }

    /// Sends a typing event to the other servers. It is dropped if they cannot be reached.
    #[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "there are no other servers"))]
    pub(crate) fn typing(&self, group_id: GroupId, user_id: UserId, typing: bool) {
        match self {
            Self::Alone => {}
            #[cfg(feature = "postgres")]
            Self::Database(signals) => drop(signals.send(&Typing { group_id, user_id, typing }.to_text())),
            #[cfg(feature = "nats")]
            Self::Nats(nats) => nats.send(Typing { group_id, user_id, typing }.to_text()),
        }
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

/// Forwards signals from other servers to the hub.
#[cfg(feature = "postgres")]
async fn hear(signals: PeerMessages, hub: Hub) {
    let mut heard = signals.subscribe();
    loop {
        match heard.recv().await {
            Ok(text) => Typing::pass_on(&text, &hub),
            // This receiver was too slow. Losing typing events is harmless.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}
