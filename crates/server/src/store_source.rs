//! Initial state of a connecting client: converts the store's result into WebSocket messages.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use groups_domain::{DisplayName, Pending, UserId};
use groups_protocol::group_text;
use groups_store::{Cursors, GroupList, LogEntry, ReplayRule, Store, StreamStart};
use notify::{Delivery, InitialContent, InitialState, List, ListPiece, PieceMax, Source, SourceError, with_views};

use crate::actor_names::{ActorNames, shown_actor};
use crate::clock;
use crate::metrics::{Metrics, StateSource};
use crate::resumes::Resumes;

/// Opens client streams from memory if possible, and otherwise from the store.
pub(crate) struct StoreSource {
    pub(crate) store: Store,
    pub(crate) resumes: Resumes,
    pub(crate) actor_names: ActorNames,
    pub(crate) metrics: Metrics,
}

#[async_trait]
impl Source for StoreSource {
    async fn open(&self, user_id: UserId, cursor: Option<&str>) -> Result<InitialState, SourceError> {
        // An invalid cursor is ignored.
        let from = cursor.and_then(|token| self.store.cursor(token));
        let cursors = self.store.cursors();
        let rule = ReplayRule::default();
        if let Some(from) = &from
            && let Some(resumed) = self.resumes.resume(user_id, from, rule).await
        {
            self.metrics.initial_state(StateSource::Memory);
            let cursor = cursors.token(resumed.cursor());
            return Ok(resumed.into_state(cursor));
        }
        let opened = self.store.open_stream(user_id, from, rule).await;
        let opened = opened.map_err(SourceError::new)?;
        self.metrics.initial_state(match opened.start {
            StreamStart::Snapshot(_) => StateSource::Snapshot,
            StreamStart::Resumed { .. } => StateSource::Log,
        });
        Ok(InitialState {
            seen: opened.seen,
            groups: opened.groups,
            content: match opened.start {
                StreamStart::Snapshot(list) => {
                    let (store, pending) = (self.store.clone(), opened.pending);
                    InitialContent::Snapshot(Box::new(Groups { store, list, pending }))
                }
                StreamStart::Resumed { missed, with_deleted } => {
                    let names = self.actor_names.for_replay(missed.iter().map(|entry| &entry.change)).await;
                    let delivery = |entry| Arc::new(delivery(entry, &cursors, &names));
                    let missed = missed.into_iter().map(delivery).collect();
                    InitialContent::Resumed(with_views(user_id, with_deleted, missed))
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
    /// Invitations and requests to join, which follow the last group.
    pending: Vec<Pending>,
}

#[async_trait]
impl List for Groups {
    async fn next(&mut self, max: PieceMax) -> Result<ListPiece, SourceError> {
        let groups = self.store.next_shared_groups(&mut self.list, max.groups, max.bytes).await;
        let groups = groups.map_err(SourceError::new)?;
        let groups = groups.iter().map(|(group, role)| (group.text(group_text), *role)).collect();
        let more = self.list.remaining() > 0;
        let mut pending = if more { Vec::new() } else { std::mem::take(&mut self.pending) };
        let now = clock::now();
        pending.retain(|pending| !pending.is_over(now));
        Ok(ListPiece { groups, pending, more })
    }
}

/// Converts a log entry into a delivery for the sinks. `names` has the names of actors.
pub(crate) fn delivery(entry: LogEntry, cursors: &Cursors, names: &HashMap<UserId, DisplayName>) -> Delivery {
    let LogEntry { change, commit, position } = entry;
    let cursors = cursors.clone();
    let actor_name = shown_actor(&change).and_then(|actor_id| names.get(&actor_id)).cloned();
    Delivery::with_cursor(change, commit, move || cursors.token(&position)).with_actor_name(actor_name)
}
