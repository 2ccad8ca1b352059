//! What a connecting client gets first: the store's answer in the words of the sockets.

use async_trait::async_trait;
use groups_domain::UserId;
use groups_store::{LogEntry, ReplayRule, Store};
use notify::{Delivery, Opening, Source, SourceError};

/// Opens streams from the store.
pub(crate) struct Openings(pub(crate) Store);

#[async_trait]
impl Source for Openings {
    async fn open(&self, user_id: UserId, cursor: Option<&str>) -> Result<Opening, SourceError> {
        // A cursor that is not one of ours is treated as none.
        let from = cursor.and_then(|token| self.0.cursor(token));
        let start = self.0.open_stream(user_id, from, ReplayRule::default()).await;
        let start = start.map_err(|error| SourceError::new(error.to_string()))?;
        Ok(Opening {
            seen: notify::ReadPoint { below: start.seen.below, except: start.seen.except },
            groups: start.groups,
            start: match start.start {
                groups_store::Start::Snapshot(groups) => notify::Start::Snapshot(groups),
                groups_store::Start::Resumed(entries) => {
                    notify::Start::Resumed(entries.into_iter().map(delivery).collect())
                }
            },
            cursor: start.cursor.token(),
        })
    }
}

/// A committed change on its way to the sinks.
pub(crate) fn delivery(entry: LogEntry) -> Delivery {
    let cursor = entry.position.token();
    Delivery::new(entry.change, cursor, entry.commit)
}
