//! What was delivered while clients load.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::Delivery;

/// Deliveries since the first of the clients that load now was registered. Empty while nobody loads.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// The number of the first entry.
    base: u64,
    entries: VecDeque<Arc<Delivery>>,
    /// Of the entries together.
    bytes: usize,
    /// How many readers begin at each number.
    readers: BTreeMap<u64, usize>,
}

impl Journal {
    /// A new reader: it will get what comes from now on, and begins at the number returned.
    pub(super) fn open(&mut self) -> u64 {
        let from = self.base + self.entries.len() as u64;
        *self.readers.entry(from).or_default() += 1;
        from
    }

    /// What the reader that began at `from` has to know, oldest first.
    pub(super) fn since(&self, from: u64) -> impl Iterator<Item = &Arc<Delivery>> {
        let skip = usize::try_from(from.saturating_sub(self.base)).unwrap_or(usize::MAX);
        self.entries.iter().skip(skip)
    }

    /// A reader has gone; what nobody else needs goes with it.
    pub(super) fn close(&mut self, from: u64) {
        if let Some(count) = self.readers.get_mut(&from) {
            *count -= 1;
            if *count == 0 {
                self.readers.remove(&from);
            }
        }
        let end = self.base + self.entries.len() as u64;
        let needed = self.oldest_reader().unwrap_or(end);
        while self.base < needed {
            self.bytes -= self.entries.pop_front().map_or(0, |delivery| delivery.bytes());
            self.base += 1;
        }
        if self.entries.is_empty() {
            self.entries = VecDeque::new();
        }
    }

    /// Where the reader begins that began first.
    pub(super) fn oldest_reader(&self) -> Option<u64> {
        self.readers.keys().next().copied()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// About how many bytes of memory the entries take up.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps a delivery, where anybody needs it.
    pub(super) fn push(&mut self, delivery: &Arc<Delivery>) {
        if !self.readers.is_empty() {
            self.bytes += delivery.bytes();
            self.entries.push_back(Arc::clone(delivery));
        }
    }
}
