//! Sends one message to a receiver.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use groups_domain::Timestamp;
use groups_store::WebhookSecrets;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{HeaderMap, Uri};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::address::{check_nothing, check_public};
use super::signature::signatures;
use crate::http_client::{Delivered, FetchLimits, HttpClient, HttpError, check_url, resolve};

/// The longest time that a request takes, from resolving the name to the start of the response.
pub(crate) const REQUEST_TIME_MAX: Duration = Duration::from_secs(15);

/// Bytes of a response that are read and kept. Then the connection is closed.
const RESPONSE_BYTES_MAX: usize = 4 * 1024;

/// Maximum length of a URL in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// How long the check of a new URL waits for the name to be resolved.
const RESOLVE_TIME_MAX: Duration = Duration::from_secs(5);

/// A message to one receiver.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// The value of `webhook-id`: the same in each attempt.
    pub(crate) id: String,
    pub(crate) event_type: String,
    /// The time of the change.
    pub(crate) at: Timestamp,
    /// JSON.
    pub(crate) body: String,
}

/// The result of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// The status of the response, if there was one.
    pub(crate) status: Option<u16>,
    /// Why the message was not delivered.
    pub(crate) error: Option<String>,
    /// When the receiver wants to be asked again.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) duration: Duration,
    /// The start of the response, if it is not empty.
    pub(crate) response: Option<String>,
}

impl Sent {
    pub(crate) fn is_delivered(&self) -> bool {
        self.error.is_none()
    }

    /// The receiver wants no more messages.
    pub(crate) fn is_gone(&self) -> bool {
        self.status == Some(410)
    }

    /// For [`WebhookAttempt::duration_ms`](groups_store::WebhookAttempt::duration_ms).
    pub(crate) fn duration_ms(&self) -> u32 {
        u32::try_from(self.duration.as_millis()).unwrap_or(u32::MAX)
    }
}

/// Why a URL cannot be the URL of a webhook. The messages are for operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlRefused {
    /// It is not an absolute URL with `http` or `https`, or has a user name.
    #[error("The URL needs the scheme `https` or `http`, a host, and no user name or password.")]
    Invalid,
    /// It has a fragment.
    #[error("The URL must not have a fragment (`#`).")]
    Fragment,
    /// It is too long.
    #[error("The URL must not be longer than {URL_BYTES_MAX} bytes.")]
    TooLong,
    /// Its host has an address that is not globally reachable.
    #[error(
        "The host of the URL has an address that is not public. The setting GROUPS_WEBHOOK_ALLOW_PRIVATE allows it."
    )]
    Address,
}

/// Sends messages, each on its own connection.
pub(crate) struct Sender {
    allow_private: bool,
    /// Created for the first message, because reading the trusted certificates takes some milliseconds.
    client: OnceCell<HttpClient>,
}

impl Sender {
    pub(crate) fn new(allow_private: bool) -> Self {
        Self { allow_private, client: OnceCell::new() }
    }

    /// Checks a URL, and the addresses of its host if it can be resolved now. They are checked again
    /// for each message.
    ///
    /// # Errors
    /// [`UrlRefused`].
    pub(crate) async fn check_url(&self, url: &str) -> Result<(), UrlRefused> {
        let uri = parse(url)?;
        match timeout(RESOLVE_TIME_MAX, resolve(&uri)).await {
            Ok(Ok(addresses)) => self.check()(&addresses).map_err(|_| UrlRefused::Address),
            // The name may come into being later.
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    /// Sends one message. Success is a response with a status from 200 to 299.
    pub(crate) async fn send(&self, url: &str, secrets: &WebhookSecrets, message: &Message, now: Timestamp) -> Sent {
        let begun = Instant::now();
        let result = self.request(url, secrets, message, now).await;
        let duration = begun.elapsed();
        match result {
            Ok(Delivered { status, headers, body }) => Sent {
                status: Some(status.as_u16()),
                error: (!status.is_success()).then(|| match status.is_redirection() {
                    true => format!("The receiver answered {}; redirects are not followed.", status.as_u16()),
                    false => format!("The receiver answered {}.", status.as_u16()),
                }),
                retry_after: retry_after(&headers, now),
                duration,
                response: shown(&body),
            },
            Err(error) => {
                let error = Some(with_causes(&error));
                Sent { status: None, error, retry_after: None, duration, response: None }
            }
        }
    }

    async fn request(
        &self,
        url: &str,
        secrets: &WebhookSecrets,
        message: &Message,
        now: Timestamp,
    ) -> Result<Delivered, HttpError> {
        let url = parse(url).map_err(|_| HttpError::Url)?;
        let seconds = now.unix_millis().div_euclid(1_000);
        let previous = secrets.previous.iter().filter(|previous| now < previous.until).map(|previous| &previous.secret);
        let keys = std::iter::once(&secrets.current).chain(previous).map(|key| &key.as_bytes()[..]);
        let signature = signatures(keys, &message.id, seconds, &message.body);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in [
            ("webhook-id", message.id.clone()),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", signature),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::try_from(value).map_err(|_| HttpError::Url)?);
        }
        let limits = FetchLimits { body_bytes_max: RESPONSE_BYTES_MAX, time_max: REQUEST_TIME_MAX };
        let client = self.client.get_or_try_init(async || HttpClient::new()).await?;
        client.deliver(&url, headers, message.body.clone(), limits, self.check()).await
    }

    fn check(&self) -> fn(&[SocketAddr]) -> Result<(), HttpError> {
        if self.allow_private { check_nothing } else { check_public }
    }
}

fn parse(url: &str) -> Result<Uri, UrlRefused> {
    if url.len() > URL_BYTES_MAX {
        return Err(UrlRefused::TooLong);
    }
    if url.contains('#') {
        return Err(UrlRefused::Fragment);
    }
    // In a path, the parser would accept other characters.
    if !url.is_ascii() {
        return Err(UrlRefused::Invalid);
    }
    let uri: Uri = url.parse().map_err(|_| UrlRefused::Invalid)?;
    check_url(&uri).map_err(|_| UrlRefused::Invalid)?;
    Ok(uri)
}

/// RFC 9110 section 10.2.3: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(until.saturating_sub(Duration::from_millis(u64::try_from(now.unix_millis()).unwrap_or(0))))
}

/// The start of a response as text for operators, without characters that no database or terminal
/// should get.
fn shown(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let plain = |character: char| match character {
        '\n' | '\t' => character,
        character if character.is_control() => char::REPLACEMENT_CHARACTER,
        character => character,
    };
    let mut text: String = text.trim().chars().map(plain).collect();
    // Each invalid byte has become three.
    let end = (0..=RESPONSE_BYTES_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
    (!text.is_empty()).then_some(text)
}

/// An error and its causes in one sentence.
fn with_causes(error: &HttpError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).chain(['.']).collect()
}
