//! Wake-ups: one message for each user who has something new.
//!
//! They are for applications that wake phones with push notifications of their own. The phone then
//! catches up in one request, so a wake-up says nothing but whose it is. Changes are read in batches,
//! and each user gets one message for a batch, whatever happened. A user whose message still waits gets
//! no second one: the first stands for all that has happened since.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use groups_domain::{GroupId, Timestamp, UserId, Version};
use groups_store::{LogEntry, Position, Store, StoreError, Tail};
use tokio::time::{Instant, sleep_until};

use super::item::Item;
use super::message::of_catch_up;

/// Changes in one batch.
const BATCH_CHANGES_MAX: usize = 500;

/// Users of one batch. The change with which it reaches this number is its last.
const BATCH_USERS_MAX: usize = 200_000;

/// Time from the start of one batch to the start of the next.
const BATCH_EVERY: Duration = Duration::from_secs(5);

/// Users that are read from the database at once.
const PAGE_USERS: u32 = 1_000;

/// Messages that are made at once.
const PIECE_MESSAGES: usize = 256;

/// Reads the log in batches.
pub(crate) struct CatchUp {
    store: Store,
    tail: Tail,
    /// Changes that were read and belong to no batch yet.
    entries: VecDeque<LogEntry>,
    /// A failed read, reported after the changes before it.
    failed: Option<StoreError>,
    /// When the next batch may begin.
    next_at: Option<Instant>,
    batch: Batch,
}

/// The users of some consecutive changes.
struct Batch {
    /// Before its first change.
    start: Position,
    /// After its last change.
    end: Position,
    changes: usize,
    known: HashSet<UserId>,
    /// Users without a message, each with the first change that concerns them.
    users: VecDeque<Told>,
}

#[derive(Clone, Copy)]
struct Told {
    user_id: UserId,
    change: (GroupId, Version),
    at: Timestamp,
}

impl CatchUp {
    pub(crate) fn new(store: Store, tail: Tail, position: Position) -> Self {
        let batch = Batch::after(position);
        Self { store, tail, entries: VecDeque::new(), failed: None, next_at: None, batch }
    }

    /// The next messages of the batch, or of the next one. Must not be dropped before it returns.
    ///
    /// # Errors
    /// [`StoreError`] as for a [`Tail`]. The next call continues.
    pub(crate) async fn next(&mut self) -> Result<Vec<Item>, StoreError> {
        if self.batch.users.is_empty() {
            self.batch = Batch::after(self.batch.end.clone());
            self.collect().await?;
        }
        Ok(self.batch.messages())
    }

    /// Collects the users of the next batch. If it fails, the batch ends before the change at which it
    /// failed, and the next call continues there.
    async fn collect(&mut self) -> Result<(), StoreError> {
        if let Some(next_at) = self.next_at {
            sleep_until(next_at).await;
        }
        if self.entries.is_empty() {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            self.entries.extend(self.tail.next().await?);
        }
        self.next_at = Some(Instant::now() + BATCH_EVERY);
        while self.entries.len() < BATCH_CHANGES_MAX && self.failed.is_none() {
            match self.tail.next_available().await {
                Ok(entries) if entries.is_empty() => break,
                Ok(entries) => self.entries.extend(entries),
                Err(error) => self.failed = Some(error),
            }
        }
        while self.batch.changes < BATCH_CHANGES_MAX
            && self.batch.known.len() < BATCH_USERS_MAX
            && let Some(entry) = self.entries.front()
        {
            let told = self.told_of(entry).await?;
            self.batch.add(entry, told);
            self.entries.pop_front();
        }
        Ok(())
    }

    /// Everybody whose view of their groups has changed.
    async fn told_of(&self, entry: &LogEntry) -> Result<Vec<UserId>, StoreError> {
        let change = &entry.change;
        let mut told: Vec<UserId> = change.subjects().into_iter().map(|(user_id, _)| user_id).collect();
        let mut after = None;
        loop {
            let page = self.store.users_told(change.group_id(), change.version(), after, PAGE_USERS).await?;
            let is_last = page.len() < PAGE_USERS as usize;
            after = page.last().copied();
            told.extend(page);
            if is_last {
                return Ok(told);
            }
        }
    }
}

impl Batch {
    fn after(position: Position) -> Self {
        let (known, users) = (HashSet::new(), VecDeque::new());
        Self { start: position.clone(), end: position, changes: 0, known, users }
    }

    fn add(&mut self, entry: &LogEntry, told: Vec<UserId>) {
        let change = (entry.change.group_id(), entry.change.version());
        for user_id in told {
            // An erased user has no phone.
            if !user_id.uuid().is_nil() && self.known.insert(user_id) {
                self.users.push_back(Told { user_id, change, at: entry.change.at() });
            }
        }
        self.changes += 1;
        self.end = entry.position.clone();
    }

    /// Some of the messages that were not made yet. The position is after the batch only with the last
    /// one.
    fn messages(&mut self) -> Vec<Item> {
        let piece: Vec<Told> = self.users.drain(..PIECE_MESSAGES.min(self.users.len())).collect();
        let mut items: Vec<Item> = piece.into_iter().map(|told| self.message(told)).collect();
        if self.users.is_empty() {
            match items.last_mut() {
                Some(Item::Send { position, .. } | Item::SendUnlessWaiting { position, .. } | Item::Skip(position)) => {
                    *position = self.end.clone()
                }
                None => items.push(Item::Skip(self.end.clone())),
            }
        }
        items
    }

    fn message(&self, Told { user_id, change, at }: Told) -> Item {
        let (key, position) = (user_id.uuid(), self.start.clone());
        Item::SendUnlessWaiting { key, position, message: of_catch_up(user_id, change, at) }
    }
}
