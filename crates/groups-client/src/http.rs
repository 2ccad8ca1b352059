//! Sends requests: authenticates them, and repeats them when that is safe.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::request::Builder;
use hyper::{Method, header};

use crate::backoff::full_jitter;
use crate::error::{Error, Refusal};
use crate::token::Tokens;
use crate::transport::{Response, Transport};
use crate::url::ServerUrl;

/// How long to wait before a new token that was refused is tried again: the clock of its issuer may be ahead.
const REFUSED_PAUSE: Duration = Duration::from_secs(2);
/// How long to wait after a 429, 502, 503 or 504 without `Retry-After`.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);
/// How often a token may be refused in one call.
const REFUSALS_MAX: u32 = 2;

/// How often, and for how long, a call is repeated.
#[derive(Clone, Debug)]
pub(crate) struct RetryPolicy {
    /// Maximum number of attempts of one call.
    pub(crate) attempts_max: u32,
    /// The longest `Retry-After` that a call waits for. Beyond that it fails.
    pub(crate) wait_max: Duration,
    /// How long one attempt may take.
    pub(crate) attempt_within: Duration,
}

/// A request that can be sent several times.
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query, below the URL of the server.
    pub(crate) path: String,
    /// The path in messages, if the real one contains a secret.
    pub(crate) shown_as: Option<&'static str>,
    pub(crate) body: Option<Bytes>,
    /// The headers other than `Authorization`.
    pub(crate) headers: Vec<(header::HeaderName, String)>,
    /// The key of a change; all attempts have the same.
    pub(crate) idempotency_key: Option<String>,
    pub(crate) safety: Safety,
    pub(crate) anonymous: bool,
    /// How long the server may delay its answer, on top of the time that an attempt has.
    pub(crate) delayed_by: Duration,
}

impl Request {
    /// The path for messages, without its query.
    pub(crate) fn shown_path(&self) -> &str {
        self.shown_as.unwrap_or_else(|| self.path.split('?').next().unwrap_or_default())
    }
}

/// Whether a request may be repeated after the connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Safety {
    /// It reads, is idempotent, or has an `Idempotency-Key`.
    Repeatable,
    /// It is sent once.
    Once,
}

/// The server, the caller's tokens, and how calls are repeated.
pub(crate) struct Http {
    pub(crate) url: ServerUrl,
    pub(crate) tokens: Tokens,
    pub(crate) transport: Transport,
    pub(crate) retry: RetryPolicy,
}

impl Http {
    /// Sends a request until it succeeds, is refused, or has been repeated too often.
    pub(crate) async fn execute(&self, request: &Request) -> Result<Bytes, Error> {
        let mut token = if request.anonymous { None } else { Some(self.tokens.current().await.map_err(Error::Token)?) };
        let (mut attempt, mut refusals) = (0, 0);
        loop {
            attempt += 1;
            let last = attempt >= self.retry.attempts_max || request.safety == Safety::Once;
            let sent = self.head(request, token.as_deref())?.body(Full::new(request.body.clone().unwrap_or_default()));
            let sent = sent.map_err(|error| Error::InvalidRequest(error.into()))?;
            let wait = match self.transport.send(sent, self.retry.attempt_within + request.delayed_by).await {
                Ok(response) if (200..300).contains(&response.status) => return Ok(response.body),
                Ok(response) => {
                    let refused = |response: &Response| {
                        let refusal = Refusal::new(response.status, &response.body, response.retry_after);
                        Err(Error::Refused(Box::new(refusal)))
                    };
                    if let (401, Some(old)) = (response.status, &token) {
                        refusals += 1;
                        match refusals {
                            1 => {
                                let new = self.tokens.replace(old).await.map_err(Error::Token)?;
                                if new == *old {
                                    return refused(&response);
                                }
                                token = Some(new);
                                continue;
                            }
                            ..=REFUSALS_MAX => REFUSED_PAUSE,
                            _ => return refused(&response),
                        }
                    } else {
                        let wait = response.retry_after.unwrap_or(DEFAULT_RETRY_AFTER);
                        let passes = matches!(response.status, 429 | 502..=504);
                        if !passes || last || wait > self.retry.wait_max {
                            return refused(&response);
                        }
                        wait + full_jitter(0, fastrand::f64())
                    }
                }
                Err(source) if last => {
                    return Err(Error::Unreachable { source, idempotency_key: request.idempotency_key.clone() });
                }
                Err(error) => {
                    tracing::debug!(error, path = request.shown_path(), "a request is repeated");
                    full_jitter(attempt, fastrand::f64())
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    fn head(&self, request: &Request, token: Option<&str>) -> Result<Builder, Error> {
        let mut head = hyper::Request::builder().method(&request.method).uri(self.url.http(&request.path));
        if let Some(token) = token {
            head = head.header(header::AUTHORIZATION, sensitive(token)?);
        }
        if request.body.is_some() {
            head = head.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(key) = &request.idempotency_key {
            head = head.header("idempotency-key", key);
        }
        for (name, value) in &request.headers {
            head = head.header(name, value);
        }
        Ok(head)
    }
}

/// The value of `Authorization`, which is not shown in debug output.
pub(crate) fn sensitive(token: &str) -> Result<header::HeaderValue, Error> {
    let mut value = header::HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|error| Error::InvalidRequest(error.into()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The shared state of all handles of one client.
pub(crate) type Shared = Arc<Http>;
