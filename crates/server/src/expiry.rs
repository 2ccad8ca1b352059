//! Ends invitations that have expired.
//!
//! They count as absent from the moment they expire, so nothing depends on how soon this happens. Every
//! server does it; the second one to come changes nothing.

use std::sync::Arc;
use std::time::Duration;

use groups_domain::{Actor, Command, GroupId, Request, UserId};
use groups_store::{ExecuteError, Store, StoreError};
use tokio::time::sleep;
use uuid::Uuid;

use crate::clock;
use crate::limiter::Limiter;

/// How often a server looks for expired invitations.
const POLL: Duration = Duration::from_secs(2);

/// Pause after a step that has found as many as it looks for.
const PAUSE_MORE: Duration = Duration::from_millis(50);

/// Invitations that are ended in one step, one after the other.
const STEP_INVITATIONS_MAX: u32 = 100;

/// Ends expired invitations until it is aborted.
pub(crate) async fn expire_invitations(store: Store, limiter: Arc<Limiter>) {
    loop {
        let more = match step(&store, &limiter).await {
            Ok(ended) => ended == STEP_INVITATIONS_MAX,
            Err(error) => {
                tracing::warn!(%error, "expired invitations could not be ended; will retry");
                false
            }
        };
        sleep(if more { PAUSE_MORE } else { POLL }).await;
    }
}

/// Returns how many invitations it has ended.
async fn step(store: &Store, limiter: &Limiter) -> Result<u32, StoreError> {
    let mut ended = 0;
    for (group_id, user_id) in store.expired_invitations(clock::now(), STEP_INVITATIONS_MAX).await? {
        // Later: the members of a large group get an event for each of them.
        if limiter.check_group(group_id).is_err() {
            continue;
        }
        match store.execute(end(group_id, user_id).into()).await {
            Ok(_) => ended += 1,
            Err(ExecuteError::Store(error)) => return Err(error),
            Err(ExecuteError::Unavailable { reason, .. }) => return Err(StoreError::Unavailable(reason)),
            // The group was deleted meanwhile.
            Err(error) => tracing::debug!(%group_id, %error, "an expired invitation could not be ended"),
        }
    }
    Ok(ended)
}

/// Nobody is the actor, as if they were erased.
fn end(group_id: GroupId, user_id: UserId) -> Request {
    Request {
        group_id,
        actor: Actor::Operator(UserId::new(Uuid::nil())),
        at: clock::now(),
        expected_version: None,
        command: Command::ExpireInvitation { user_id },
    }
}
