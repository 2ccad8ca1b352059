//! The newest commits of this process as values, so that log followers do not read them back from
//! the database.
//!
//! This is a shortcut, not a source of truth. A follower that falls behind the retained commits, or
//! that cannot prove that a commit is next, reads the log.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use groups_domain::Change;
use tokio::sync::watch;

use crate::column::CommitId;
use crate::position::Witness;
use crate::row::{LogRow, to_stored};
use crate::store_metrics::{CommitCounters, CommitMetrics};

/// Estimated memory of a change, apart from its texts and people.
const CHANGE_BYTES: usize = 512;

/// A change that was committed, with what its row in the log says.
#[derive(Clone, Debug)]
pub(crate) struct CommittedChange {
    pub(crate) change: Change,
    /// Its row, without the payload.
    pub(crate) row: LogRow,
    /// The commit of the group's previous version, if it is in the log and not of this commit.
    /// Always `None` on SQLite, where commits are visible in the order of their numbers.
    pub(crate) previous: Option<u64>,
    /// Size of the payload in bytes.
    pub(crate) payload_bytes: usize,
}

impl CommittedChange {
    /// A change whose place in the log is not known yet.
    pub(crate) fn new(change: Change, payload_bytes: usize, commit_id: CommitId) -> Self {
        let row = LogRow {
            seq: 0,
            commit_id,
            group_id: change.group_id().into(),
            version: to_stored(change.version().get()),
            actor_id: change.actor_id().into(),
            at: change.at().unix_millis(),
            format: 0,
            payload: String::new(),
        };
        Self { change, row, previous: None, payload_bytes }
    }

    pub(crate) fn witness(&self) -> Witness {
        Witness::of(&self.row)
    }
}

/// The changes of one transaction, in log order; never empty.
#[derive(Debug)]
pub(crate) struct Commit {
    /// The number of the history that it belongs to. Always 0 on SQLite.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "SQLite has one history"))]
    pub(crate) epoch: u64,
    /// Whether this process made it. Other servers announce theirs.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "SQLite has no other servers"))]
    pub(crate) is_own: bool,
    /// When it was added: a later read of the log finds it.
    pub(crate) added_at: Instant,
    pub(crate) changes: Vec<CommittedChange>,
}

impl Commit {
    fn bytes(&self) -> usize {
        self.changes.iter().map(|change| CHANGE_BYTES + 2 * change.payload_bytes).sum()
    }
}

/// The retained commits. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct RecentCommits {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    retained: Mutex<Retained>,
    bytes_max: usize,
    grown: watch::Sender<()>,
    own: CommitCounters,
}

#[derive(Debug, Default)]
struct Retained {
    commits: VecDeque<Arc<Commit>>,
    /// How many commits were dropped: the number of the first retained one.
    first: u64,
    bytes: usize,
    /// When the newest was added.
    added_at: Option<Instant>,
}

impl RecentCommits {
    /// Retains commits up to about this size. Above it, the oldest are dropped; a follower that
    /// still needs them reads the log.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let shared = Shared {
            retained: Mutex::default(),
            bytes_max,
            grown: watch::Sender::new(()),
            own: CommitCounters::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Adds a durable commit of this process and wakes the followers. Commits of one group must be
    /// added in order.
    pub(crate) fn push(&self, epoch: u64, changes: Vec<CommittedChange>) {
        if !changes.is_empty() {
            self.shared.own.count(changes.len());
        }
        self.add(epoch, true, changes);
    }

    /// Counts of the commits of this process.
    pub(crate) fn metrics(&self) -> CommitMetrics {
        self.shared.own.read()
    }

    /// Adds a durable commit that another server has announced, in any order.
    #[cfg(feature = "postgres")]
    pub(crate) fn push_of_another_server(&self, epoch: u64, changes: Vec<CommittedChange>) {
        self.add(epoch, false, changes);
    }

    fn add(&self, epoch: u64, is_own: bool, mut changes: Vec<CommittedChange>) {
        if changes.is_empty() {
            return;
        }
        changes.sort_unstable_by_key(|change| change.row.seq);
        {
            let mut retained = self.shared.retained.lock().unwrap_or_else(PoisonError::into_inner);
            // Behind the lock, so that the last is the latest.
            let commit = Arc::new(Commit { epoch, is_own, added_at: Instant::now(), changes });
            retained.added_at = Some(commit.added_at);
            retained.bytes += commit.bytes();
            retained.commits.push_back(commit);
            while retained.bytes > self.shared.bytes_max
                && let Some(oldest) = retained.commits.pop_front()
            {
                retained.bytes -= oldest.bytes();
                retained.first += 1;
            }
        }
        self.shared.grown.send_replace(());
    }

    /// Follows the commits that are added from now on.
    pub(crate) fn follow(&self) -> Follower {
        let grown = self.shared.grown.subscribe();
        let retained = self.shared.retained.lock().unwrap_or_else(PoisonError::into_inner);
        let next = retained.first + retained.commits.len() as u64;
        Follower { shared: Arc::clone(&self.shared), grown, next }
    }
}

/// Reads the commits once each, in the order in which they were added.
#[derive(Debug)]
pub(crate) struct Follower {
    shared: Arc<Shared>,
    grown: watch::Receiver<()>,
    next: u64,
}

/// What a follower finds.
#[derive(Debug)]
pub(crate) enum Next {
    Commit(Arc<Commit>),
    /// There is no newer one.
    None,
    /// Commits were dropped before they were read. Reported once, with the time at which the newest commit
    /// was added: a later read of the log finds them all.
    Missed(Instant),
}

impl Follower {
    pub(crate) fn next(&mut self) -> Next {
        // A later commit wakes the next wait, even if this call already returns it.
        self.grown.mark_unchanged();
        let retained = self.shared.retained.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(index) = self.next.checked_sub(retained.first) else {
            self.next = retained.first;
            return Next::Missed(retained.added_at.unwrap_or_else(Instant::now));
        };
        match usize::try_from(index).ok().and_then(|index| retained.commits.get(index)) {
            Some(commit) => {
                self.next += 1;
                Next::Commit(Arc::clone(commit))
            }
            None => Next::None,
        }
    }

    /// Waits until a commit is added.
    pub(crate) async fn woken(&mut self) {
        if self.grown.changed().await.is_err() {
            // Unreachable: this follower holds the sender.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
#[expect(clippy::panic, reason = "a test fails by panicking")]
mod tests {
    use groups_domain::{Command, Facts, GroupId, Limits, Request, Timestamp, UserId};
    use uuid::Uuid;

    use super::*;
    use crate::column::{CommitId, Id};

    fn change(seq: i64, payload_bytes: usize) -> CommittedChange {
        let (group, actor) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let request = Request {
            group_id: GroupId::new(group),
            actor: UserId::new(actor).into(),
            at: Timestamp::from_unix_millis(0),
            expected_version: None,
            command: Command::create("A", "").unwrap_or_else(|error| panic!("{error}")),
        };
        let decision = groups_domain::decide(&Facts::nothing(Limits::default()), &request);
        let Ok(groups_domain::Decision::Change(change)) = decision else { panic!("a group is created") };
        let row = LogRow {
            seq,
            commit_id: CommitId(seq.unsigned_abs()),
            group_id: Id(group),
            version: 1,
            actor_id: Id(actor),
            at: 0,
            format: 1,
            payload: String::new(),
        };
        CommittedChange { change, row, previous: None, payload_bytes }
    }

    fn seqs(follower: &mut Follower) -> Vec<i64> {
        std::iter::from_fn(|| match follower.next() {
            Next::Commit(commit) => Some(commit.changes.iter().map(|change| change.row.seq).collect::<Vec<_>>()),
            Next::None => None,
            Next::Missed(_) => Some(vec![-1]),
        })
        .flatten()
        .collect()
    }

    #[test]
    fn each_follower_gets_each_later_commit_once_with_its_changes_in_log_order() {
        let commits = RecentCommits::new(usize::MAX);
        let mut early = commits.follow();
        commits.push(0, vec![change(2, 0), change(1, 0)]);
        let mut late = commits.follow();
        commits.push(0, vec![change(3, 0)]);
        commits.push(0, Vec::new());
        assert_eq!(seqs(&mut early), [1, 2, 3]);
        assert_eq!(seqs(&mut early), [0; 0]);
        assert_eq!(seqs(&mut late), [3]);
    }

    #[test]
    fn memory_is_bounded_and_a_follower_that_falls_behind_is_told_once() {
        let commits = RecentCommits::new(2 * CHANGE_BYTES);
        let mut follower = commits.follow();
        for seq in 1..=5 {
            commits.push(0, vec![change(seq, 0)]);
        }
        assert_eq!(seqs(&mut follower), [-1, 4, 5]);
        commits.push(0, vec![change(6, 1_000_000)]);
        assert_eq!(seqs(&mut follower), [-1], "a commit that does not fit is not retained");
    }

    #[tokio::test]
    async fn a_commit_wakes_a_follower_that_waits() {
        let commits = RecentCommits::new(usize::MAX);
        let mut follower = commits.follow();
        assert_eq!(seqs(&mut follower), [0; 0]);
        let pushing = async { commits.push(0, vec![change(1, 0)]) };
        tokio::join!(follower.woken(), pushing);
        assert_eq!(seqs(&mut follower), [1]);
    }
}
