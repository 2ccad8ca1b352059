//! What a server has in memory about users.

use std::time::Duration;

use groups_store::Store;
use tokio::time::sleep;

use crate::actor_names::ActorNames;
use crate::identity::Names;
use crate::resumes::Resumes;

/// How often a server looks for erasures that have ended: so long it may still have the user in
/// memory.
const POLL: Duration = Duration::from_secs(2);

/// The caches that may name an erased user. Cheap to clone; all clones share them.
#[derive(Clone)]
pub(crate) struct Memory {
    pub(crate) store: Store,
    pub(crate) resumes: Resumes,
    pub(crate) names: Names,
    pub(crate) actor_names: ActorNames,
}

impl Memory {
    /// Empties all caches. They fill again from the database.
    pub(super) fn forget(&self) {
        self.store.forget_cached();
        self.resumes.restart();
        self.names.clear();
        self.actor_names.clear();
    }
}

/// Empties the caches whenever an erasure has ended on any server. Runs until it is aborted.
pub(crate) async fn forget_erased(memory: Memory) {
    let mut known = None;
    loop {
        match memory.store.newest_erasure().await {
            Ok(newest) => {
                if known.is_some_and(|known| known != newest) {
                    memory.forget();
                }
                known = Some(newest);
            }
            Err(error) => tracing::warn!(%error, "erasures cannot be read"),
        }
        sleep(POLL).await;
    }
}
