//! Requests that change data.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpRequest};
use groups_domain::{Command, GroupId, Rejection, Request, Version};
use groups_store::{ExecuteError, Executed, Idempotency, Order, Store};
use ring::digest;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::if_match::IfMatch;
use super::{BODY_BYTES_MAX, json, read_body};
use crate::groups::Groups;
use crate::identity::Caller;
use crate::limiter::{Work, price};
use crate::{Problem, clock};

/// A request that changes data: its caller, expected version, idempotency key and body.
pub(crate) struct CommandRequest {
    pub(crate) caller: Caller,
    /// What was charged on arrival.
    entry_price: f64,
    body: Bytes,
    if_match: Option<IfMatch>,
    idempotency: Option<Idempotency>,
}

impl CommandRequest {
    /// Parses the body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        json(&self.body)
    }

    /// Parses the body as JSON, which may be missing.
    pub(crate) fn json_if_any<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.has_body() { self.json() } else { Ok(T::default()) }
    }

    /// A secret for a purpose, which a repetition with the same key has as well. `None` without a key.
    pub(crate) fn secret(&self, store: &Store, purpose: &str) -> Option<[u8; 32]> {
        let Idempotency { key, fingerprint } = self.idempotency.as_ref()?;
        let user_id = self.caller.user_id.uuid();
        Some(store.derive_secret(purpose, &[user_id.as_bytes(), &fingerprint[..], key.as_bytes()].concat()))
    }

    pub(crate) fn has_body(&self) -> bool {
        !self.body.is_empty()
    }

    /// The id of what this request creates, and the digest of the request. A repetition with the same
    /// key has the same id.
    pub(crate) fn derived_id(&self) -> (Uuid, [u8; 32]) {
        let Some(Idempotency { key, fingerprint }) = &self.idempotency else { return (Uuid::new_v4(), [0; 32]) };
        let mut id = digest::Context::new(&digest::SHA256);
        id.update(self.caller.user_id.uuid().as_bytes());
        id.update(key.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&id.finish().as_ref()[..16]);
        (uuid::Builder::from_custom_bytes(bytes).into_uuid(), *fingerprint)
    }

    /// The version that something must still have when this request is executed, if it has `current`
    /// now. `None`: any.
    ///
    /// # Errors
    /// If `If-Match` does not name the current version.
    pub(crate) fn expected_of(&self, current: u64) -> Result<Option<u64>, ()> {
        match &self.if_match {
            None => Ok(None),
            Some(tags) if tags.names(Version::new(current)) => Ok(Some(current)),
            Some(_) => Err(()),
        }
    }

    /// Executes the command.
    pub(crate) async fn execute(
        self,
        groups: &Groups,
        group_id: GroupId,
        command: Command,
    ) -> Result<Executed, Problem> {
        if let Err(refusal) = self.charge(groups, group_id, &command) {
            return Err(refuse(groups, self.entry_price + price::members(&command), refusal).await);
        }
        let executing = self.attempt(groups, group_id, command);
        #[cfg(feature = "otlp")]
        let executing = crate::traces::committing(groups.traces(), executing);
        let executed = executing.await;
        if self.idempotency.is_some() && executed.as_ref().is_ok_and(|executed| executed.replayed) {
            groups.limiter().give_back(self.caller.actor(), Work::NewKey, 1.0);
        }
        executed
    }

    /// Charges costs that are known once the body is parsed.
    fn charge(&self, groups: &Groups, group_id: GroupId, command: &Command) -> Result<(), Problem> {
        let (limiter, payer) = (groups.limiter(), self.caller.actor());
        let charged =
            limiter.charge_more(payer, Work::Change, self.entry_price, price::members(command)).and_then(|()| {
                if self.idempotency.is_some() {
                    limiter.charge(payer, Work::NewKey, 1.0)?;
                }
                // Leaving and keeping others out is allowed however busy the group is.
                if command.takes_away() { Ok(()) } else { limiter.check_group(group_id) }
            });
        // A request rejected here costs as much as one rejected on arrival. Otherwise concurrent
        // requests could use up each other's tokens without any of them succeeding.
        charged.inspect_err(|_| limiter.give_back(payer, Work::Change, self.entry_price - price::request(0)))
    }

    async fn attempt(&self, groups: &Groups, group_id: GroupId, command: Command) -> Result<Executed, Problem> {
        let (actor, at) = (self.caller.actor(), clock::now());
        let mut expected_version = self.if_match.as_ref().map(IfMatch::lowest);
        loop {
            let request = Request { group_id, actor, at, expected_version, command: command.clone() };
            match groups.store().execute(Order { request, idempotency: self.idempotency.clone() }).await {
                // If several tags are given, the current one decides. Versions only increase, so
                // the loop ends.
                Err(ExecuteError::Rejected(Rejection::VersionMismatch { expected, current }))
                    if current > expected && self.if_match.as_ref().is_some_and(|tags| tags.names(current)) =>
                {
                    expected_version = Some(current);
                }
                Err(ExecuteError::Rejected(Rejection::VersionMismatch { current, .. })) => {
                    return Err(IfMatch::mismatch(current));
                }
                executed => return Ok(executed?),
            }
        }
    }
}

impl FromRequest for CommandRequest {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = web::Payload::from_request(&request, payload);
        Box::pin(async move {
            let caller = Caller::extract(&request).await?;
            let declared_bytes = request.headers().get(header::CONTENT_LENGTH);
            let declared_bytes = declared_bytes.and_then(|length| length.to_str().ok()?.parse().ok());
            let entry_price = price::request(declared_bytes.unwrap_or(0).min(BODY_BYTES_MAX));
            let groups = Groups::of(&request)?;
            let limiter = groups.limiter();
            if let Err(refusal) = limiter.charge(caller.actor(), Work::Change, entry_price) {
                return Err(refuse(groups, entry_price, refusal).await);
            }
            let if_match = IfMatch::of(request.headers())?;
            let payload = payload.await.map_err(|_| Problem::malformed("The body cannot be read."))?;
            let body = read_body(payload, groups.body_timeout()).await?;
            if declared_bytes.is_none() && !body.is_empty() {
                limiter.charge_afterwards(caller.actor(), Work::Change, price::request(body.len()) - entry_price);
            }
            let idempotency = idempotency(&request, &body)?;
            Ok(Self { caller, entry_price, body, if_match, idempotency })
        })
    }
}

/// Delays the rejection of a large request: reading and parsing such requests in a loop would cost
/// more than executing a few of them.
async fn refuse(groups: &Groups, price: f64, refusal: Problem) -> Problem {
    const HELD_PRICE_MIN: f64 = 4.0;
    if price < HELD_PRICE_MIN { refusal } else { groups.refusals().hold(refusal).await }
}

fn idempotency(request: &HttpRequest, body: &[u8]) -> Result<Option<Idempotency>, Problem> {
    const KEY_CHARS_MAX: usize = 255;
    let Some(key) = request.headers().get("Idempotency-Key") else { return Ok(None) };
    let key = key.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > KEY_CHARS_MAX {
        return Err(Problem::malformed(format!(
            "`Idempotency-Key` must have 1 to {KEY_CHARS_MAX} visible ASCII characters."
        )));
    }
    let mut fingerprint = digest::Context::new(&digest::SHA256);
    for part in [request.method().as_str().as_bytes(), request.uri().to_string().as_bytes(), body] {
        fingerprint.update(&(part.len() as u64).to_be_bytes());
        fingerprint.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(fingerprint.finish().as_ref());
    Ok(Some(Idempotency { key: key.to_owned(), fingerprint: hash }))
}
