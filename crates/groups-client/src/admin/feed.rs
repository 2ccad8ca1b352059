//! Follows the log of all groups across lost connections and restarts of the server.

use std::collections::VecDeque;
use std::time::Duration;

use groups_protocol::Code;
use tokio::time::Instant;

use super::log::{LogChange, LogPage, WAIT_MAX, changes};
use crate::backoff::full_jitter;
use crate::body::Page;
use crate::error::Error;
use crate::http::Shared;

/// Follows the log of all groups: every change in the order in which they were committed. See
/// [`Admin::feed`](crate::Admin::feed).
///
/// No change is skipped. A change may be repeated after a restart of the reader or, rarely, of the server: `group_id` and
/// `version` identify it. A reader that stores the effect of a change and its cursor in one transaction, and ignores versions
/// that it knows, has the effect exactly once.
///
/// ```no_run
/// # async fn example(client: groups_client::Client, saved: Option<String>) -> Result<(), groups_client::FeedError> {
/// let mut feed = client.admin().feed(saved);
/// loop {
///     let change = feed.next().await?;
///     println!("{} {} {} {}", change.group_id, change.change.version, change.change.name, change.cursor);
/// }
/// # }
/// ```
#[must_use = "a feed does nothing until a change is asked for"]
pub struct Feed {
    http: Shared,
    /// The cursor of the last change that was returned, or the one that the feed started with.
    cursor: Option<String>,
    /// Where the next page starts.
    after: Option<String>,
    /// What was read and not returned yet: one page.
    page: VecDeque<LogChange>,
    /// Failures in a row.
    failures: u32,
    /// When the service is asked again after a failure.
    retry_at: Option<Instant>,
}

/// Why a feed ends.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// The log no longer has all changes after the cursor, or the database was replaced by another one. Read the current state
    /// again, and continue after the cursor of [`Admin::end_of_log`](crate::Admin::end_of_log), asked for before.
    #[error("the cursor has expired: changes after it are no longer in the log")]
    CursorExpired(#[source] Error),
    /// The server refuses the request, for example because the token has no scope `groups:admin`.
    #[error(transparent)]
    Call(#[from] Error),
}

/// What a feed waits for before it tries again.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FeedRetry<'a> {
    /// Why the last attempt has failed.
    pub error: &'a Error,
    /// How long the feed waits.
    pub retry_in: Duration,
}

impl Feed {
    pub(super) fn new(http: Shared, after: Option<String>) -> Self {
        Self { http, cursor: after.clone(), after, page: VecDeque::new(), failures: 0, retry_at: None }
    }

    /// The next change, as soon as there is one. While the service is unavailable, it is asked again with backoff, until it
    /// answers; the waits are random, and at most 30 seconds more than the service asks for.
    ///
    /// Cancellation-safe: a change that was not returned is returned by the next call.
    ///
    /// # Errors
    /// [`FeedError`], if asking again would not help. The next call asks again nevertheless.
    pub async fn next(&mut self) -> Result<LogChange, FeedError> {
        self.next_with(|_| {}).await
    }

    /// As [`next`](Self::next), and reports each failed attempt.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn next_with(&mut self, mut on_retry: impl FnMut(FeedRetry<'_>) + Send) -> Result<LogChange, FeedError> {
        loop {
            if let Some(change) = self.take() {
                return Ok(change);
            }
            if let Some(retry_at) = self.retry_at {
                tokio::time::sleep_until(retry_at).await;
                self.retry_at = None;
            }
            match self.read(Some(WAIT_MAX)).await {
                Ok(()) => self.failures = 0,
                Err(FeedError::Call(error)) if is_temporary(&error) => {
                    let asked = error.refusal().and_then(|refusal| refusal.retry_after).unwrap_or_default();
                    let retry_in = asked + full_jitter(self.failures, fastrand::f64());
                    self.failures = self.failures.saturating_add(1);
                    tracing::debug!(%error, ?retry_in, "the log cannot be read");
                    on_retry(FeedRetry { error: &error, retry_in });
                    self.retry_at = Some(Instant::now() + retry_in);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The next change if there is one now, `None` at the end of the log. It does not wait until the service is available.
    /// Cancellation-safe.
    ///
    /// # Errors
    /// [`FeedError`], also if the service is unavailable.
    pub async fn next_available(&mut self) -> Result<Option<LogChange>, FeedError> {
        if self.page.is_empty() {
            self.read(None).await?;
        }
        Ok(self.take())
    }

    /// The cursor of the last change that was returned; before the first one, the cursor that the feed started with. With it,
    /// another feed continues.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    fn take(&mut self) -> Option<LogChange> {
        let change = self.page.pop_front()?;
        self.cursor = Some(change.cursor.clone());
        Some(change)
    }

    /// Reads one page. The position moves with it, so a page is read again or kept, and never skipped.
    async fn read(&mut self, wait: Option<Duration>) -> Result<(), FeedError> {
        let page = changes(&self.http, Page::longest(self.after.clone()), wait).await;
        match page {
            Ok(LogPage { changes, next }) => {
                self.page.extend(changes);
                self.after = Some(next);
                Ok(())
            }
            Err(error) if error.code() == Some(Code::CursorExpired) => Err(FeedError::CursorExpired(error)),
            Err(error) => Err(FeedError::Call(error)),
        }
    }
}

/// Whether the same request may succeed later.
fn is_temporary(error: &Error) -> bool {
    match error {
        Error::Unreachable { .. } => true,
        Error::Refused(refusal) => matches!(refusal.status, 429 | 500 | 502..=504),
        Error::Token(error) => !matches!(error, crate::token::TokenError::SignedOut),
        _ => false,
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}
