//! The hub: who is connected, and who must hear.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use async_trait::async_trait;
use groups_domain::{GroupId, UserId};
use uuid::Uuid;

use crate::{Delivery, Drain, EventSink, HubLimits, SinkError, Source};

/// The WebSocket clients of this server. Cheap to clone.
#[derive(Clone)]
pub struct Hub;

/// Who comes in, as the handshake found out.
#[derive(Clone, Debug)]
pub struct Client {
    /// As whom.
    pub user_id: UserId,
    /// Which connection this is; fresh.
    pub connection_id: Uuid,
    /// From where it resumes.
    pub cursor: Option<String>,
    /// When its token expires.
    pub expires_in: Duration,
}

/// Counters for operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HubStats {
    /// Connections now.
    pub connections: usize,
}

impl Hub {
    /// Without any client yet.
    pub fn new(limits: HubLimits, source: Arc<dyn Source>) -> Self {
        let _ = (limits, source);
        Self
    }

    /// Answers the handshake and begins the session.
    ///
    /// # Errors
    /// Where the request is no handshake (RFC 6455, section 4.2.1).
    pub fn accept(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
        client: Client,
    ) -> Result<HttpResponse, actix_web::Error> {
        let _ = (request, payload, client);
        Ok(HttpResponse::ServiceUnavailable().finish())
    }

    /// Tells the other members' connections on this server that somebody types.
    pub fn typing(&self, group: GroupId, user: UserId, typing: bool) {
        let _ = (group, user, typing);
    }

    /// How many clients are connected.
    pub fn connections(&self) -> usize {
        0
    }

    /// Counters for operators.
    pub fn stats(&self) -> HubStats {
        HubStats::default()
    }

    /// Closes every connection with 1012, spread over a while, and waits for the closes with a bound.
    pub async fn drain(&self, plan: Drain) {
        let _ = plan;
    }
}

#[async_trait]
impl EventSink for Hub {
    fn name(&self) -> &str {
        "websocket"
    }

    async fn deliver(&self, batch: &[Arc<Delivery>]) -> Result<(), SinkError> {
        let _ = batch;
        Ok(())
    }
}
