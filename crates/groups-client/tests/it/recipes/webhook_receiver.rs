//! A receiver of webhooks. Call it from the handler of your web framework.

use base64::{Engine, engine::general_purpose::STANDARD};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use ring::hmac;
use serde_json::Value;

/// How far the timestamp of a message may be from the clock, in seconds.
const TOLERANCE: u64 = 5 * 60;

/// The headers of a message.
pub(crate) struct Head<'a> {
    /// `webhook-id`
    pub(crate) id: &'a str,
    /// `webhook-timestamp`
    pub(crate) timestamp: &'a str,
    /// `webhook-signature`
    pub(crate) signature: &'a str,
}

/// Returns the status of the answer. `secret` is `whsec_…`, `body` the bytes as they arrived, `now` in seconds since 1970.
pub(crate) fn receive(db: &mut SqliteConnection, secret: &str, head: &Head<'_>, body: &[u8], now: u64) -> u16 {
    if !is_genuine(secret, head, body, now) {
        return 401;
    }
    let Ok(message) = serde_json::from_slice::<Value>(body) else { return 400 };
    let handled = db.immediate_transaction(|db| {
        let new = sql_query("INSERT OR IGNORE INTO handled VALUES (?)").bind::<Text, _>(head.id).execute(db)?;
        if new == 1 { react(db, &message) } else { Ok(()) }
    });
    // Without an effect, the message is sent again later.
    if handled.is_ok() { 204 } else { 500 }
}

/// Whether one of the signatures is right, and the message is not an old one that somebody repeats.
fn is_genuine(secret: &str, head: &Head<'_>, body: &[u8], now: u64) -> bool {
    let key = secret.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok());
    let (Some(key), Ok(timestamp)) = (key, head.timestamp.parse::<u64>()) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = [format!("{}.{}.", head.id, head.timestamp).as_bytes(), body].concat();
    let signatures = head.signature.split(' ').filter_map(|signature| signature.strip_prefix("v1,"));
    let mut decoded = signatures.filter_map(|signature| STANDARD.decode(signature).ok());
    now.abs_diff(timestamp) <= TOLERANCE && decoded.any(|tag| hmac::verify(&key, &signed, &tag).is_ok())
}

/// What the message means to you: here, a mail to each user who was added.
fn react(db: &mut SqliteConnection, message: &Value) -> QueryResult<()> {
    if let ("group.member_added", Some(user), Some(group)) =
        (message["type"].as_str().unwrap_or_default(), message["user_id"].as_str(), message["group_id"].as_str())
    {
        let mail = sql_query("INSERT INTO mails (user_id, group_id) VALUES (?, ?)");
        mail.bind::<Text, _>(user).bind::<Text, _>(group).execute(db)?;
    }
    Ok(())
}
