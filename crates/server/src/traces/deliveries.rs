//! Joins the commits of sampled requests with the deliveries of their changes, whichever is first.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use groups_domain::{GroupId, Version};

use super::context::TraceContext;

/// Maximum number of commits and of deliveries that are remembered. Beyond it the oldest is
/// forgotten, and its delivery is missing in the trace.
const REMEMBERED_MAX: usize = 256;

/// What identifies a change.
pub(super) type Key = (GroupId, Version);

/// The commit of a sampled request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Commit {
    pub(super) context: TraceContext,
    pub(super) at: SystemTime,
}

#[derive(Default)]
pub(super) struct Deliveries {
    /// Sampled commands that are being executed, and commits that are remembered.
    expected: AtomicUsize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// They stay when they are found: each worker delivers a change.
    commits: VecDeque<(Key, Commit)>,
    sent: VecDeque<(Key, SystemTime)>,
}

/// A command that is being executed.
pub(super) struct Expected<'a>(&'a Deliveries);

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        self.0.expected.fetch_sub(1, SeqCst);
    }
}

impl Deliveries {
    /// Whether no delivery belongs to a trace.
    pub(super) fn expects_none(&self) -> bool {
        self.expected.load(SeqCst) == 0
    }

    /// Remembers deliveries until this is dropped.
    pub(super) fn expect(&self) -> Expected<'_> {
        self.expected.fetch_add(1, SeqCst);
        Expected(self)
    }

    /// Remembers a commit. Returns when its change was delivered already.
    pub(super) fn committed(&self, key: Key, commit: Commit) -> Vec<SystemTime> {
        let mut known = self.known();
        if known.commits.len() == REMEMBERED_MAX {
            known.commits.pop_front();
        } else {
            self.expected.fetch_add(1, SeqCst);
        }
        known.commits.push_back((key, commit));
        let (found, rest) = known.sent.drain(..).partition(|(sent, _)| *sent == key);
        known.sent = rest;
        VecDeque::into_iter(found).map(|(_, at)| at).collect()
    }

    /// Returns the commit of a delivered change, or remembers the delivery.
    pub(super) fn sent(&self, key: Key, now: SystemTime) -> Option<Commit> {
        let mut known = self.known();
        // A delivery that takes longer is not a part of the trace.
        const EXPECTED_SECONDS_MAX: u64 = 30;
        while known.commits.front().is_some_and(|(_, commit)| {
            now.duration_since(commit.at).is_ok_and(|age| age.as_secs() > EXPECTED_SECONDS_MAX)
        }) {
            known.commits.pop_front();
            self.expected.fetch_sub(1, SeqCst);
        }
        let commit = known.commits.iter().find(|(commit, _)| *commit == key).map(|(_, commit)| *commit);
        if commit.is_none() {
            if known.sent.len() == REMEMBERED_MAX {
                known.sent.pop_front();
            }
            known.sent.push_back((key, now));
        }
        commit
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
