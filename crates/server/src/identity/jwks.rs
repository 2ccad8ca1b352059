//! The public keys of an identity provider, kept up to date (`GROUPS_JWKS`).
//!
//! One supervised task fetches them: periodically, when the file changes, when a token names an
//! unknown key (at most once in [`ASKED_EVERY_MIN`]), and on demand. Requests never fetch
//! themselves: a client that disconnects would cancel the fetch for all others that wait for it.
//! If a fetch fails, the last good keys stay in force.

mod file;
mod location;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout};

pub(crate) use self::location::Location;
use self::location::{Source, SourceError};
use super::jwk::{Ignored, KeySet};
use super::jws::{JwsError, Unverified};

/// Minimum time between two fetches that tokens with unknown keys cause.
const ASKED_EVERY_MIN: Duration = Duration::from_secs(30);

/// How long a request waits for a fetch. This is longer than a periodic fetch and the following one
/// take together.
const ASKED_WAIT_MAX: Duration = Duration::from_secs(11);

/// Maximum number of requests that wait for a fetch. Others are refused.
const WAITING_MAX: usize = 1_024;

/// The keys, and how they are kept up to date. Cheap to clone; all clones share the keys.
#[derive(Clone)]
pub(crate) struct Jwks(Arc<Inner>);

struct Inner {
    keys: RwLock<Arc<KeySet>>,
    /// The number of the last fetch that was asked for.
    asked: watch::Sender<u64>,
    /// The last fetch that has ended.
    ended: watch::Sender<Ended>,
    asked_at: Mutex<Option<Instant>>,
    waiting: Semaphore,
}

#[derive(Clone, Default)]
struct Ended {
    number: u64,
    failed: Option<Arc<KeysError>>,
}

/// Why keys cannot be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The file or the URL cannot be read.
    #[error("the keys in GROUPS_JWKS ({location}) cannot be read")]
    Unreadable {
        /// The file or URL.
        location: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The content cannot be used.
    #[error("the keys in GROUPS_JWKS ({location}) cannot be used")]
    Invalid {
        /// The file or URL.
        location: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Neither the keys nor the copy of them can be used.
    #[error("the copy of the keys in GROUPS_JWKS_CACHE ({}) cannot be used either ({copy})", .path.display())]
    NoCopy {
        /// The file with the copy.
        path: PathBuf,
        /// Why the copy cannot be used.
        copy: Box<dyn std::error::Error + Send + Sync>,
        /// Why the keys cannot be used.
        source: Box<KeysError>,
    },
    /// The service has stopped, so that nothing is fetched.
    #[error("the service has stopped")]
    Stopped,
}

impl Jwks {
    /// Fetches the keys for the first time, or reads the copy in the cache if that fails. The returned
    /// future keeps them up to date.
    ///
    /// # Errors
    /// [`KeysError`] if there are no keys.
    pub(crate) async fn open(
        location: Location,
        cache: Option<PathBuf>,
    ) -> Result<(Self, impl Future<Output = ()> + use<>), KeysError> {
        let unreadable =
            |error: SourceError| KeysError::Unreadable { location: location.to_string(), source: error.into() };
        let mut fetcher = Fetcher { source: Source::new(&location).map_err(unreadable)?, location, cache, known: None };
        let keys = match fetcher.fetch().await {
            Ok(keys) => keys,
            Err(error) => fetcher.read_copy(error).await?,
        };
        let (asked, asking) = watch::channel(0);
        let jwks = Self(Arc::new(Inner {
            keys: RwLock::new(Arc::new(keys)),
            asked,
            ended: watch::Sender::default(),
            asked_at: Mutex::default(),
            waiting: Semaphore::new(WAITING_MAX),
        }));
        let maintained = jwks.clone().maintain(fetcher, asking);
        Ok((jwks, maintained))
    }

    /// Verifies a token with the keys that are known now.
    ///
    /// # Errors
    /// [`JwsError`]; [`JwsError::UnknownKey`] if the keys may be out of date.
    pub(super) fn verify_now(&self, token: Unverified<'_>) -> Result<Map<String, Value>, JwsError> {
        let keys = Arc::clone(&self.0.keys.read().unwrap_or_else(PoisonError::into_inner));
        let algorithm = token.algorithm.ok_or(JwsError::UnknownKey)?;
        let verifier = keys.verifier(algorithm, token.key_id.as_deref())?;
        token.verified(verifier)
    }

    /// Waits until keys are fetched because a token names an unknown one. Returns immediately if
    /// they were fetched for this reason a short time ago.
    ///
    /// # Errors
    /// [`JwsError::Fetching`] if too many requests wait, or the fetch takes too long.
    pub(super) async fn refresh(&self) -> Result<(), JwsError> {
        let _waiting = self.0.waiting.try_acquire().map_err(|_| JwsError::Fetching)?;
        let Some(number) = self.number_to_await(Instant::now()) else { return Ok(()) };
        match timeout(ASKED_WAIT_MAX, self.ended(number)).await {
            Ok(_) => Ok(()),
            Err(_) => Err(JwsError::Fetching),
        }
    }

    /// The number of the fetch that a token with an unknown key waits for: one that is under way, or
    /// a new one.
    fn number_to_await(&self, now: Instant) -> Option<u64> {
        let mut asked_at = self.0.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = *self.0.asked.borrow();
        if asked > self.0.ended.borrow().number {
            return Some(asked);
        }
        if asked_at.is_some_and(|at| now < at + ASKED_EVERY_MIN) {
            return None;
        }
        *asked_at = Some(now);
        Some(self.ask())
    }

    /// Fetches the keys now, and waits for the result.
    ///
    /// # Errors
    /// [`KeysError`]; the last good keys stay in force.
    pub(crate) async fn reload(&self) -> Result<(), Arc<KeysError>> {
        let number = self.ask();
        match self.ended(number).await {
            Some(Ended { failed: Some(error), .. }) => Err(error),
            Some(_) => Ok(()),
            None => Err(Arc::new(KeysError::Stopped)),
        }
    }

    fn ask(&self) -> u64 {
        let mut number = 0;
        self.0.asked.send_modify(|asked| {
            *asked += 1;
            number = *asked;
        });
        number
    }

    /// `None` if the service has stopped.
    async fn ended(&self, number: u64) -> Option<Ended> {
        let mut ended = self.0.ended.subscribe();
        let found = ended.wait_for(|ended| ended.number >= number);
        tokio::select! {
            found = found => found.ok().map(|ended| ended.clone()),
            () = self.0.asked.closed() => None,
        }
    }

    async fn maintain(self, mut fetcher: Fetcher, mut asking: watch::Receiver<u64>) {
        let mut due = Instant::now() + fetcher.source.fresh_for(true);
        loop {
            let wanted = tokio::select! {
                // The sender lives as long as this future.
                _ = asking.changed() => true,
                () = sleep_until(due) => fetcher.source.may_have_changed().await,
            };
            if !wanted {
                due = Instant::now() + fetcher.source.fresh_for(true);
                continue;
            }
            let number = *asking.borrow_and_update();
            let failed = match fetcher.fetch().await {
                Ok(keys) => {
                    *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                    None
                }
                Err(error) => {
                    let shown: &(dyn std::error::Error + 'static) = &error;
                    tracing::warn!(
                        error = shown,
                        "the keys for tokens could not be updated; the last ones stay in force"
                    );
                    Some(Arc::new(error))
                }
            };
            due = Instant::now() + fetcher.source.fresh_for(failed.is_none());
            self.0.ended.send_replace(Ended { number, failed });
        }
    }
}

/// Reads keys, and keeps a copy of them.
struct Fetcher {
    source: Source,
    location: Location,
    cache: Option<PathBuf>,
    /// What the last good fetch has read.
    known: Option<Vec<u8>>,
}

impl Fetcher {
    async fn fetch(&mut self) -> Result<KeySet, KeysError> {
        let location = || self.location.to_string();
        let read = self.source.read().await;
        let read = read.map_err(|error| KeysError::Unreadable { location: location(), source: error.into() })?;
        let parsed = KeySet::parse(&read);
        let (keys, ignored) =
            parsed.map_err(|error| KeysError::Invalid { location: location(), source: error.into() })?;
        if self.known.as_ref() != Some(&read) {
            tracing::info!(keys = keys.len(), location = location(), "keys for tokens read");
            warn_of(&ignored);
            if let Some(path) = &self.cache
                && let Err(error) = file::write(path.clone(), read.clone()).await
            {
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::warn!(error, path = %path.display(), "the copy of the keys (GROUPS_JWKS_CACHE) cannot be written");
            }
            self.known = Some(read);
        }
        Ok(keys)
    }

    /// Reads the copy, because the first fetch has failed.
    async fn read_copy(&self, first: KeysError) -> Result<KeySet, KeysError> {
        let Some(path) = &self.cache else { return Err(first) };
        match file::read(path.clone()).await.map(|copy| KeySet::parse(&copy)) {
            Ok(Ok((keys, _))) => {
                let error: &(dyn std::error::Error + 'static) = &first;
                tracing::warn!(error, path = %path.display(), "starting with the copy of the keys (GROUPS_JWKS_CACHE)");
                Ok(keys)
            }
            Ok(Err(error)) => Err(no_copy(first, path, error.into())),
            Err(error) => Err(no_copy(first, path, error.into())),
        }
    }
}

fn no_copy(first: KeysError, path: &Path, copy: Box<dyn std::error::Error + Send + Sync>) -> KeysError {
    KeysError::NoCopy { path: path.to_owned(), copy, source: Box::new(first) }
}

fn warn_of(ignored: &[Ignored]) {
    for Ignored { key, reason } in ignored {
        tracing::warn!(key, "a key in GROUPS_JWKS is ignored: {reason}");
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::fs;

    use super::*;

    const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    async fn open(file: PathBuf) -> (Jwks, impl Future<Output = ()>) {
        Jwks::open(Location::File(file), None).await.map_err(|error| error.to_string()).unwrap()
    }

    fn keys(jwks: &Jwks) -> usize {
        jwks.0.keys.read().unwrap().len()
    }

    #[tokio::test]
    async fn unknown_keys_cause_a_fetch_every_thirty_seconds_and_share_one_that_is_under_way() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.json");
        fs::write(&file, format!(r#"{{"keys":[{KEY}]}}"#)).unwrap();
        let (jwks, _maintained) = open(file).await;
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let ended = |number| jwks.0.ended.send_replace(Ended { number, failed: None });
        assert_eq!(jwks.number_to_await(start), Some(1));
        assert_eq!(jwks.number_to_await(start + second), Some(1));
        ended(1);
        assert_eq!(jwks.number_to_await(start + second), None);
        assert_eq!(jwks.number_to_await(start + 29 * second), None);
        assert_eq!(jwks.number_to_await(start + 30 * second), Some(2));
        ended(2);
        assert_eq!(jwks.number_to_await(start + 59 * second), None);
        // A fetch on demand is neither delayed nor a reason to delay another one.
        assert_eq!(jwks.ask(), 3);
        assert_eq!(jwks.number_to_await(start + 59 * second), Some(3));
        ended(3);
        assert_eq!(jwks.number_to_await(start + 60 * second), Some(4));
    }

    #[tokio::test]
    async fn a_reload_reports_its_own_result_and_a_failure_keeps_the_keys() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.json");
        fs::write(&file, format!(r#"{{"keys":[{KEY}]}}"#)).unwrap();
        let (jwks, maintained) = open(file.clone()).await;
        let test = async {
            fs::write(&file, "{}").unwrap();
            assert!(matches!(*jwks.reload().await.unwrap_err(), KeysError::Invalid { .. }));
            assert_eq!(keys(&jwks), 1);
            fs::write(&file, format!(r#"{{"keys":[{KEY},{KEY}]}}"#)).unwrap();
            jwks.reload().await.unwrap();
            assert_eq!(keys(&jwks), 2);
            fs::remove_file(&file).unwrap();
            assert!(matches!(*jwks.reload().await.unwrap_err(), KeysError::Unreadable { .. }));
            assert_eq!(keys(&jwks), 2);
        };
        tokio::select! {
            () = maintained => {}
            () = test => {}
        }
        assert!(matches!(*jwks.reload().await.unwrap_err(), KeysError::Stopped));
    }

    #[tokio::test]
    async fn requests_beyond_the_limit_do_not_wait_for_keys() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.json");
        fs::write(&file, format!(r#"{{"keys":[{KEY}]}}"#)).unwrap();
        let (jwks, _maintained) = open(file).await;
        let _all = jwks.0.waiting.try_acquire_many(u32::try_from(WAITING_MAX).unwrap()).unwrap();
        assert_eq!(jwks.refresh().await, Err(JwsError::Fetching));
    }
}
