//! Initial state of a connecting client: converts the store's result into WebSocket messages.

use async_trait::async_trait;
use groups_domain::UserId;
use groups_store::{Cursors, GroupList, LogEntry, ReplayRule, Store, StreamStart};
use notify::{Delivery, InitialContent, InitialState, List, ListPiece, PieceMax, Source, SourceError};

/// Opens client streams from the store.
pub(crate) struct StoreSource(pub(crate) Store);

#[async_trait]
impl Source for StoreSource {
    async fn open(&self, user_id: UserId, cursor: Option<&str>) -> Result<InitialState, SourceError> {
        // An invalid cursor is ignored.
        let from = cursor.and_then(|token| self.0.cursor(token));
        let opened = self.0.open_stream(user_id, from, ReplayRule::default()).await;
        let opened = opened.map_err(SourceError::new)?;
        let cursors = self.0.cursors();
        Ok(InitialState {
            seen: opened.seen,
            groups: opened.groups,
            content: match opened.start {
                StreamStart::Snapshot(list) => {
                    InitialContent::Snapshot(Box::new(Groups { store: self.0.clone(), list }))
                }
                StreamStart::Resumed(entries) => {
                    InitialContent::Resumed(entries.into_iter().map(|entry| delivery(entry, &cursors)).collect())
                }
            },
            cursor: cursors.token(&opened.cursor),
        })
    }
}

/// A list of groups that is read in parts while the client receives it.
#[derive(Debug)]
struct Groups {
    store: Store,
    list: GroupList,
}

#[async_trait]
impl List for Groups {
    async fn next(&mut self, max: PieceMax) -> Result<ListPiece, SourceError> {
        let groups = self.store.next_groups(&mut self.list, max.groups, max.bytes).await;
        let groups = groups.map_err(SourceError::new)?;
        Ok(ListPiece { groups, more: self.list.remaining() > 0 })
    }
}

/// Converts a log entry into a delivery for the sinks.
pub(crate) fn delivery(entry: LogEntry, cursors: &Cursors) -> Delivery {
    let LogEntry { change, commit, position } = entry;
    let cursors = cursors.clone();
    Delivery::with_cursor(change, commit, move || cursors.token(&position))
}
