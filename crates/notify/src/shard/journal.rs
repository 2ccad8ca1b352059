//! The journal: changes delivered while clients load.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::Delivery;

/// Deliveries since the registration of the first client that is still loading. Empty while none
/// is.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// Number of the first entry.
    base: u64,
    entries: VecDeque<Arc<Delivery>>,
    /// Total size of the entries.
    bytes: usize,
    /// Number of readers that start at each entry number.
    readers: BTreeMap<u64, usize>,
}

impl Journal {
    /// Adds a reader for future entries. Returns the number at which it starts.
    pub(super) fn open(&mut self) -> u64 {
        let from = self.base + self.entries.len() as u64;
        *self.readers.entry(from).or_default() += 1;
        from
    }

    /// The entries since `from`, oldest first.
    pub(super) fn since(&self, from: u64) -> impl Iterator<Item = &Arc<Delivery>> {
        let skip = usize::try_from(from.saturating_sub(self.base)).unwrap_or(usize::MAX);
        self.entries.iter().skip(skip)
    }

    /// Removes a reader, and the entries that no other reader needs.
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

    /// The number at which the oldest reader starts.
    pub(super) fn oldest_reader(&self) -> Option<u64> {
        self.readers.keys().next().copied()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Approximate memory use of the entries, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Records a delivery if there is a reader.
    pub(super) fn push(&mut self, delivery: &Arc<Delivery>) {
        if !self.readers.is_empty() {
            self.bytes += delivery.bytes();
            self.entries.push_back(Arc::clone(delivery));
        }
    }
}
