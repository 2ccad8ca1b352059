//! Tokens, and where they come from.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::box_error::BoxError;

/// How long a token provider may take. After that, the attempt fails.
const TOKEN_WITHIN: Duration = Duration::from_secs(30);

/// A boxed future, as [`TokenProvider::token`] returns it.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<String, TokenError>> + Send + 'a>>;

/// Why a token is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenReason {
    /// For a new connection. A cached token that is still valid is good enough.
    Connect,
    /// The server has refused the last token, or closed the connection because it has expired. A cached token does not help.
    Refused,
    /// The token of an open connection expires within a minute. A cached token does not help.
    Expiring,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Nobody is signed in, so asking again does not help. A watch ends.
    #[error("nobody is signed in")]
    SignedOut,
    /// The provider failed. A watch asks again, with backoff.
    #[error("the token provider failed")]
    Failed(#[source] BoxError),
    /// The provider took longer than 30 seconds.
    #[error("the token provider did not return within {} s", TOKEN_WITHIN.as_secs())]
    TimedOut,
}

impl TokenError {
    /// A failure of the provider with this cause.
    pub fn failed(source: impl Into<BoxError>) -> Self {
        Self::Failed(source.into())
    }
}

/// Where tokens come from. Implemented by every function `Fn(TokenReason) -> impl Future<Output = Result<String, TokenError>>`.
///
/// It is asked before each WebSocket connection, for the first HTTP request, and when the server has refused a token. It may
/// return the same token again. It is never called twice at the same time by one client. It has 30 seconds; then its future is
/// dropped.
///
/// ```
/// use groups_client::{Client, TokenError, TokenReason};
///
/// let client = Client::builder("https://groups.example")
///     .token_provider(async |_: TokenReason| tokio::fs_read_token().await.map_err(TokenError::failed));
/// # mod tokio { pub async fn fs_read_token() -> Result<String, std::io::Error> { Ok(String::new()) } }
/// ```
pub trait TokenProvider: Send + Sync + 'static {
    /// A token. White space around it is removed.
    ///
    /// # Errors
    /// [`TokenError`] if there is none.
    fn token(&self, reason: TokenReason) -> TokenFuture<'_>;
}

impl<F, T> TokenProvider for F
where
    F: Fn(TokenReason) -> T + Send + Sync + 'static,
    T: Future<Output = Result<String, TokenError>> + Send + 'static,
{
    fn token(&self, reason: TokenReason) -> TokenFuture<'_> {
        Box::pin(self(reason))
    }
}

/// Always the same token. Once it is refused, nobody is signed in.
pub(crate) struct FixedToken(pub(crate) String);

impl TokenProvider for FixedToken {
    fn token(&self, _: TokenReason) -> TokenFuture<'_> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

/// Nobody is signed in.
pub(crate) struct NoToken;

impl TokenProvider for NoToken {
    fn token(&self, _: TokenReason) -> TokenFuture<'_> {
        Box::pin(async { Err(TokenError::SignedOut) })
    }
}

/// The last token, and the provider of the next one.
pub(crate) struct Tokens {
    provider: Box<dyn TokenProvider>,
    /// Also keeps concurrent callers from asking the provider at the same time.
    last: Mutex<Option<Arc<str>>>,
}

impl Tokens {
    pub(crate) fn new(provider: Box<dyn TokenProvider>) -> Self {
        Self { provider, last: Mutex::new(None) }
    }

    /// The last token, or a first one.
    pub(crate) async fn current(&self) -> Result<Arc<str>, TokenError> {
        let mut last = self.last.lock().await;
        match &*last {
            Some(token) => Ok(Arc::clone(token)),
            None => self.ask(&mut last, TokenReason::Connect).await,
        }
    }

    /// A token in place of one that was refused. Concurrent callers whose token was refused share one call of the provider.
    pub(crate) async fn replace(&self, refused: &str) -> Result<Arc<str>, TokenError> {
        let mut last = self.last.lock().await;
        match &*last {
            Some(token) if **token != *refused => Ok(Arc::clone(token)),
            _ => self.ask(&mut last, TokenReason::Refused).await,
        }
    }

    /// A token from the provider, whatever the last one is.
    pub(crate) async fn fresh(&self, reason: TokenReason) -> Result<Arc<str>, TokenError> {
        let mut last = self.last.lock().await;
        self.ask(&mut last, reason).await
    }

    async fn ask(&self, last: &mut Option<Arc<str>>, reason: TokenReason) -> Result<Arc<str>, TokenError> {
        let asked = tokio::time::timeout(TOKEN_WITHIN, self.provider.token(reason)).await;
        let token: Arc<str> = asked.unwrap_or(Err(TokenError::TimedOut))?.trim().into();
        if token.is_empty() {
            return Err(TokenError::SignedOut);
        }
        *last = Some(Arc::clone(&token));
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;

    /// Counts its calls: `token 1`, `token 2`…
    fn counted() -> Tokens {
        let calls = AtomicU32::new(0);
        Tokens::new(Box::new(move |_| {
            let number = calls.fetch_add(1, Relaxed) + 1;
            async move { Ok(format!(" token {number}\n")) }
        }))
    }

    #[tokio::test]
    async fn a_token_is_kept_until_it_is_refused_and_replaced_once() {
        let tokens = counted();
        assert_eq!(&*tokens.current().await.unwrap(), "token 1");
        assert_eq!(&*tokens.current().await.unwrap(), "token 1");
        assert_eq!(&*tokens.replace("token 1").await.unwrap(), "token 2");
        assert_eq!(&*tokens.replace("token 1").await.unwrap(), "token 2", "another caller was refused too");
        assert_eq!(&*tokens.fresh(TokenReason::Connect).await.unwrap(), "token 3");
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_does_not_return_fails_after_its_time() {
        let tokens = Tokens::new(Box::new(|_| std::future::pending()));
        assert!(matches!(tokens.current().await, Err(TokenError::TimedOut)));
    }

    #[tokio::test]
    async fn an_empty_token_means_that_nobody_is_signed_in() {
        let tokens = Tokens::new(Box::new(|_| async { Ok(" ".to_owned()) }));
        assert!(matches!(tokens.current().await, Err(TokenError::SignedOut)));
    }
}
