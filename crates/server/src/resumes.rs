//! Serves clients that resume from the deliveries in memory.
//!
//! A client needs its memberships from the database, but not the changes that it missed. When many
//! clients resume at once, their memberships are read together, a batch at a time, so the work of
//! the database does not grow with the changes that they missed, and hardly with the clients.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use groups_domain::{Audience, GroupId, ReadPoint, UserId, View};
use groups_store::{OpenMemberships, Position, ReplayRule, ResumePoints, Resumer, Store};
use notify::{Delivery, InitialContent, InitialState, RecentDeliveries, ReplayMax, Resuming};
use tokio::sync::{mpsc, oneshot, watch};

/// Number of clients whose memberships are read together.
const BATCH_MAX: usize = 256;

/// After a batch of at least this many clients, the next one waits for [`GATHERING`], because more
/// clients will come.
const CROWD_MIN: usize = 16;

/// How long a batch waits for more clients in a crowd.
const GATHERING: Duration = Duration::from_millis(5);

/// Number of clients that wait for a batch. Further ones are served from the log.
const WAITING_MAX: usize = 1_024;

/// How long a batch waits for commits that the relay has not delivered yet. Then its clients are
/// served from the log.
const CATCH_UP_MAX: Duration = Duration::from_millis(250);

/// The deliveries in memory, and the clients that resume from them. Clones share both.
#[derive(Clone)]
pub(crate) struct Resumes {
    recent: Arc<Recent>,
    waiting: mpsc::Sender<Waiting>,
}

struct Recent {
    deliveries: Mutex<RecentDeliveries>,
    grown: watch::Sender<()>,
}

struct Waiting {
    resumer: Resumer,
    answer: oneshot::Sender<Found>,
}

/// What a batch has read for a client.
struct Found {
    points: Arc<ResumePoints>,
    memberships: OpenMemberships,
}

impl Resumes {
    /// Keeps deliveries of so many bytes. Returns the task that reads batches, too.
    pub(crate) fn new(store: Store, bytes_max: usize) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let deliveries = Mutex::new(RecentDeliveries::new(bytes_max));
        let recent = Arc::new(Recent { deliveries, grown: watch::Sender::new(()) });
        let (waiting, queue) = mpsc::channel(WAITING_MAX);
        (Self { recent: Arc::clone(&recent), waiting }, read_batches(store, recent, queue))
    }

    /// Adds a delivery, before it is delivered to clients.
    pub(crate) fn push(&self, delivery: &Arc<Delivery>, position: &Position) {
        self.recent.lock().push(delivery, position.known());
        self.recent.grown.send_replace(());
    }

    /// Drops all deliveries, because some are missing or the history was replaced.
    pub(crate) fn restart(&self) {
        self.recent.lock().restart();
        self.recent.grown.send_replace(());
    }

    /// The initial state of a client that resumes. `None` if it must be read from the log.
    pub(crate) async fn resume(&self, user_id: UserId, from: &Position, rule: ReplayRule) -> Option<Resumed> {
        let known = from.known();
        if !self.recent.lock().reaches_back_to(&known) {
            return None;
        }
        let (answer, found) = oneshot::channel();
        let resumer = Resumer { user_id, from: from.clone() };
        self.waiting.try_send(Waiting { resumer, answer }).ok()?;
        let Found { points, memberships } = found.await.ok()?;
        let OpenMemberships { groups, with_deleted } = memberships;
        let resuming = Resuming { user_id, groups: &with_deleted, from: &known, until: &points.seen };
        let events = usize::try_from(rule.events_max_for(groups.len())).unwrap_or(usize::MAX);
        let missed = self.recent.lock().missed(resuming, ReplayMax { events, bytes: rule.bytes_max })?;
        Some(Resumed { points, groups, missed })
    }
}

/// A client that resumes from memory.
pub(crate) struct Resumed {
    points: Arc<ResumePoints>,
    groups: Vec<(GroupId, Audience)>,
    missed: Vec<(Arc<Delivery>, View)>,
}

impl Resumed {
    /// The position of the read.
    pub(crate) fn cursor(&self) -> &Position {
        &self.points.cursor
    }

    pub(crate) fn into_state(self, cursor: String) -> InitialState {
        let Self { points, groups, missed } = self;
        InitialState { seen: points.seen.clone(), groups, content: InitialContent::Resumed(missed), cursor }
    }
}

impl Recent {
    fn lock(&self) -> MutexGuard<'_, RecentDeliveries> {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until these commits were delivered.
    async fn caught_up_with(&self, commits: &[u64]) {
        let mut grown = self.grown.subscribe();
        while !commits.iter().all(|commit| self.lock().known().sees(*commit)) {
            if grown.changed().await.is_err() {
                // Unreachable: `self` holds the sender.
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Reads the memberships of waiting clients, all at once, until the last sender is dropped.
/// Clients whose batch fails are served from the log, where a failure is reported.
async fn read_batches(store: Store, recent: Arc<Recent>, mut queue: mpsc::Receiver<Waiting>) {
    let mut batch: Vec<Waiting> = Vec::new();
    while queue.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let known: ReadPoint = recent.lock().known().clone();
        batch.retain(|waiting| !waiting.answer.is_closed());
        let is_crowd = batch.len() >= CROWD_MIN;
        let resumers = batch.iter().map(|waiting| waiting.resumer.clone()).collect();
        let clients = std::mem::take(&mut batch);
        let mut points = match store.resume_points(resumers, known).await {
            Ok(points) => points,
            Err(error) => {
                tracing::debug!(%error, "clients cannot resume from memory");
                continue;
            }
        };
        if tokio::time::timeout(CATCH_UP_MAX, recent.caught_up_with(&points.newer)).await.is_err() {
            tracing::debug!(commits = points.newer.len(), "clients cannot resume from memory: the relay is late");
            continue;
        }
        let memberships = std::mem::take(&mut points.memberships);
        let points = Arc::new(points);
        for (client, memberships) in clients.into_iter().zip(memberships) {
            if let Some(memberships) = memberships {
                // The client may have disconnected.
                let _ = client.answer.send(Found { points: Arc::clone(&points), memberships });
            }
        }
        if is_crowd {
            tokio::time::sleep(GATHERING).await;
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

    use std::collections::HashMap;

    use groups_domain::{Change, Command, JoinPolicy, NewMember, Note, Request, Role, Timestamp};
    use groups_store::{LogEntry, StoreOptions, StreamStart};
    use notify::with_views;
    use uuid::Uuid;

    use super::*;
    use crate::store_source::delivery;

    const RULE: ReplayRule = ReplayRule { events_max: 1_000, bytes_max: 512 * 1024 };

    fn user(number: u64) -> UserId {
        UserId::new(Uuid::from_u128(u128::from(number)))
    }

    /// The missed changes, how the user sees them, and the groups.
    type Answer = (Vec<(Change, View)>, Vec<(GroupId, Audience)>);

    /// A store with a relay that is run by hand.
    struct Bench {
        store: Store,
        resumes: Resumes,
        _folder: tempfile::TempDir,
    }

    impl Bench {
        async fn start(bytes_max: usize) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let url = folder.path().join("groups.db").to_string_lossy().into_owned();
            let store = Store::open(StoreOptions::new(url)).await.unwrap();
            let (resumes, reading) = Resumes::new(store.clone(), bytes_max);
            tokio::spawn(reading);
            Self { store, resumes, _folder: folder }
        }

        async fn execute(&self, group: u128, actor: u64, command: Command) {
            let group_id = GroupId::new(Uuid::from_u128(group));
            let at = Timestamp::from_unix_millis(0);
            let request = Request { group_id, actor: user(actor).into(), at, expected_version: None, command };
            self.store.execute(request.into()).await.unwrap();
        }

        fn relay(&self, entry: &LogEntry) {
            let position = entry.position.clone();
            self.resumes.push(&Arc::new(delivery(entry.clone(), &self.store.cursors(), &HashMap::new())), &position);
        }

        /// The missed changes, how the user sees them, and the groups, from memory.
        async fn resumed_in_memory(&self, who: UserId, from: &Position) -> Option<Answer> {
            let Resumed { mut groups, missed, .. } = self.resumes.resume(who, from, RULE).await?;
            groups.sort_unstable();
            Some((missed.iter().map(|(delivery, view)| (delivery.change().clone(), *view)).collect(), groups))
        }

        /// The same, from the log.
        async fn resumed_in_log(&self, who: UserId, from: &Position) -> Answer {
            let mut opened = self.store.open_stream(who, Some(from.clone()), RULE).await.unwrap();
            opened.groups.sort_unstable();
            let StreamStart::Resumed { missed, with_deleted } = opened.start else { panic!("it is resumed") };
            let names = HashMap::new();
            let missed = missed.into_iter().map(|entry| Arc::new(delivery(entry, &self.store.cursors(), &names)));
            let missed = with_views(who, with_deleted, missed.collect());
            (missed.iter().map(|(delivery, view)| (delivery.change().clone(), *view)).collect(), opened.groups)
        }
    }

    /// Ends at the last of the changes.
    async fn some_history(bench: &Bench, changes: usize) -> Vec<LogEntry> {
        let mut tail = bench.store.tail().await.unwrap();
        let rename = |number: u64| Command::UpdateSettings {
            name: Some(groups_domain::GroupName::parse(&format!("Name {number}")).unwrap()),
            description: None,
            join_policy: None,
        };
        for group in 1..=3 {
            bench.execute(group, 1, Command::create("Team", "").unwrap()).await;
            bench.execute(group, 1, Command::AddMember(NewMember::plain(user(2)))).await;
            bench.execute(group, 1, rename(1)).await;
            bench.execute(group, 1, Command::RemoveMember { user_id: user(2) }).await;
            bench.execute(group, 1, rename(2)).await;
            bench.execute(group, 1, Command::AddMember(NewMember::plain(user(3)))).await;
        }
        bench.execute(1, 1, Command::AddMember(NewMember::plain(user(2)))).await;
        bench.execute(2, 1, Command::DeleteGroup).await;
        bench.execute(3, 3, Command::Leave { successor: None }).await;
        let join_policy = Some(JoinPolicy::Request);
        bench.execute(1, 1, Command::UpdateSettings { name: None, description: None, join_policy }).await;
        let invite = |user_id| Command::Invite { user_id, role: Role::Admin, expires_in_seconds: None };
        bench.execute(1, 1, invite(user(4))).await;
        bench.execute(1, 1, invite(user(5))).await;
        bench.execute(1, 4, Command::AcceptInvitation).await;
        bench.execute(1, 6, Command::Join { message: Note::default() }).await;
        bench.execute(1, 5, Command::DeclineInvitation).await;
        bench.execute(1, 4, Command::ApproveJoinRequest { user_id: user(6), role: None }).await;
        bench.execute(1, 1, Command::Ban { user_id: user(4), reason: Note::default() }).await;
        bench.execute(3, 1, invite(user(5))).await;
        bench.execute(3, 1, Command::DeleteGroup).await;
        let mut entries = Vec::new();
        while entries.len() < changes {
            entries.extend(tail.next().await.unwrap());
        }
        entries
    }

    const CHANGES: usize = 31;

    #[tokio::test]
    async fn clients_get_the_same_from_memory_as_from_the_log() {
        let bench = Bench::start(usize::MAX).await;
        let entries = some_history(&bench, CHANGES).await;
        entries.iter().for_each(|entry| bench.relay(entry));
        for from in entries.iter().map(|entry| &entry.position) {
            for who in (1..=6).map(user) {
                assert_eq!(
                    bench.resumed_in_memory(who, from).await.unwrap(),
                    bench.resumed_in_log(who, from).await,
                    "{from:?}"
                );
            }
        }
        bench.store.close().await;
    }

    #[tokio::test]
    async fn the_log_serves_those_for_whom_memory_does_not_reach_back_far_enough() {
        let bench = Bench::start(40_000).await;
        let entries = some_history(&bench, CHANGES).await;
        entries.iter().for_each(|entry| bench.relay(entry));
        let [oldest, newest] = [0, CHANGES - 2].map(|index| entries[index].position.clone());
        assert_eq!(bench.resumed_in_memory(user(1), &oldest).await, None);
        assert!(bench.resumed_in_memory(user(1), &newest).await.is_some());
        bench.resumes.restart();
        assert_eq!(bench.resumed_in_memory(user(1), &newest).await, None);
        bench.store.close().await;
    }

    #[tokio::test]
    async fn a_client_waits_for_a_relay_that_is_late_and_not_for_one_that_stands_still() {
        let bench = Bench::start(usize::MAX).await;
        let entries = some_history(&bench, CHANGES).await;
        let (last, earlier) = entries.split_last().unwrap();
        earlier.iter().for_each(|entry| bench.relay(entry));
        let from = &earlier[CHANGES - 3].position;
        assert_eq!(bench.resumed_in_memory(user(3), from).await, None, "the last change was not relayed");
        let late = async {
            // After the batch was read, or before: both are correct.
            tokio::task::yield_now().await;
            bench.relay(last);
        };
        let (resumed, ()) = tokio::join!(bench.resumed_in_memory(user(3), from), late);
        assert_eq!(resumed.unwrap(), bench.resumed_in_log(user(3), from).await);
        bench.store.close().await;
    }
}
