//! Commits as messages for other servers, for applications that connect servers by their own means.

use std::sync::Arc;

use tokio::sync::watch;

use crate::inner::{Backend, Inner};
use crate::postgres::{PostgresBackend, announcement};
use crate::recent_commits::{Follower, Next};

/// The commits of one process as messages for the other servers on its database.
///
/// A message is authenticated with a key that is stored in the database. Without this key, messages
/// can make the other servers read the log, but cannot make up changes.
#[derive(Debug)]
pub struct CommitMessages {
    store: Arc<Inner>,
    own: Follower,
    commits: watch::Receiver<()>,
}

impl CommitMessages {
    /// `None` on SQLite, which has no other servers.
    pub(crate) fn new(store: Arc<Inner>) -> Option<Self> {
        let backend = postgres(&store)?;
        let (own, commits) = (backend.recent().follow(), backend.bus().commits());
        Some(Self { store, own, commits })
    }

    /// Waits for the next commit. Other servers pass the message to
    /// [`Store::hear_commit`](crate::Store::hear_commit). An empty message tells them to read the
    /// log, because a commit is too long or this consumer was too slow. Cancellation-safe. `None` when
    /// the store was closed.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let backend = postgres(&self.store)?;
            match self.own.next() {
                Next::Commit(commit) if commit.is_own => {
                    let text = announcement::encode(backend.id(), &commit);
                    return Some(text.and_then(|text| self.store.cursors.authenticated(&text)).unwrap_or_default());
                }
                Next::Commit(_) => {}
                Next::Missed(_) => return Some(Vec::new()),
                Next::None if backend.bus().take_unannounced() => return Some(Vec::new()),
                Next::None => tokio::select! {
                    () = self.own.woken() => {}
                    changed = self.commits.changed() => changed.ok()?,
                },
            }
        }
    }
}

/// Handles a message of another server.
pub(crate) fn hear(store: &Inner, message: &[u8]) {
    if let Some(backend) = postgres(store) {
        backend.hear_announcement(store.cursors.authentic(message));
    }
}

fn postgres(store: &Inner) -> Option<&PostgresBackend> {
    match &store.backend {
        #[cfg(feature = "sqlite")]
        Backend::Sqlite(_) => None,
        Backend::Postgres(backend) => Some(backend),
    }
}
