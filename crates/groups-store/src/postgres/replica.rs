//! Reads initial states of connecting clients on a streaming standby.
//!
//! # Why the result is the same as on the primary
//!
//! A client's read must have seen everything that was delivered before the client was registered, and
//! the reads of one user must be ordered: of two, one has seen all that the other has (see the shard
//! of the hub). Snapshots of the primary are. Those of a standby are not ordered with them: a standby
//! shows transactions in the order of their commit records, the primary in the order in which they
//! left its list of running transactions, and these differ for transactions that commit at the same
//! time. With synchronous replication, a standby may even show a transaction seconds before the
//! primary does. Nor does a standby say what it has seen: `pg_current_snapshot()` lists no running
//! transactions in recovery.
//!
//! So a read on the replica never has a read point of its own. It has one of the primary:
//!
//! 1. The primary is asked for its snapshot `P`, and then for the position `W` up to which its
//!    write-ahead log is flushed ([`Requirements`]). A commit is flushed before it is visible, so all
//!    that `P` sees was committed before `W`. The question begins after the client was registered and
//!    sent its cursor. So `P` has seen all that was delivered before, all that the cursor covers, and
//!    all that anybody was told is committed. Clients that connect at the same time share the answer.
//! 2. A connection to the standby is asked whether it has replayed `W` ([`StandbyConnector`]). Transactions that
//!    begin on it afterwards see all of `P`, and perhaps more.
//! 3. In the transaction that reads, the log is asked for what is more: the rows that `P` does not see
//!    ([`compared`]). If none of them is in a group to which the user is or was something, the user's
//!    memberships and standings, the groups of these and their part of the log are the same as in `P`,
//!    because they only change together with a row in the log. Otherwise the primary reads.
//!
//! The client gets the state, the cursor and the read point of `P`, as if the primary had read it.
//!
//! The standby must have the same history: the id of the database, which changes whenever the history
//! is replaced, and the newest change that `P` sees must be there. A position `W` says nothing about
//! a standby of another timeline, but on that, the id differs, or the newest change is missing.
//!
//! # When the primary reads
//!
//! Each wait is short. After a failure the replica is skipped for a while ([`Circuit`]). A read that is
//! cancelled because replay needs the rows it locks is no failure of the replica.

mod circuit;
mod compared;
mod required;
mod standby;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{Object, Pool as Deadpool, QueueMode};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use groups_domain::UserId;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use self::circuit::Circuit;
use self::compared::{Compared, compared, is_of};
use self::required::{Required, Requirements};
use self::standby::StandbyConnector;
use super::connection::Settings;
use super::failure::Failure;
use super::pool::Pool;
use super::transaction::read;
use crate::column::Id;
use crate::connection::PostgresConn;
use crate::position::Seen;
use crate::query_error::QueryError;
use crate::replica_metrics::ReplicaCounters;
use crate::{OpenError, Reason, ReplicaFallback, ReplicaMetrics, StoreError, StoreOptions};

/// How long a read waits for the replica to replay what it needs.
const REPLAY_MAX: Duration = Duration::from_millis(100);

/// Longest pause between two looks at how far the replica has replayed.
const REPLAY_PAUSE_MAX: Duration = Duration::from_millis(20);

/// How long a read waits for one of the connections to the replica.
const TURN_MAX: Duration = Duration::from_millis(500);

/// How long opening a connection, or asking how far the replica has replayed, may take.
const PROMPT_MAX: Duration = Duration::from_millis(500);

/// How long a read may take on the replica, with all waits.
const READ_MAX: Duration = Duration::from_secs(3);

/// A standby, behind a pool of its own.
pub(super) struct Replica {
    connections: Deadpool<StandbyConnector>,
    /// Number of reads that may be waiting or running.
    reads: Semaphore,
    /// One permit for each connection.
    turns: Semaphore,
    requirements: Requirements,
    circuit: Circuit,
    counters: ReplicaCounters,
}

/// How a transaction on the replica relates to the point in time at which it counts as read.
pub(crate) struct Current {
    pub(crate) seen: Seen,
    /// The users of whom the transaction may show something later.
    pub(crate) changed: BTreeSet<UserId>,
}

type Lease = Object<StandbyConnector>;

/// Why the replica did not answer.
struct Miss {
    reason: ReplicaFallback,
    /// What is wrong with the replica; `None`: nothing.
    failure: Option<String>,
}

impl Miss {
    fn harmless(reason: ReplicaFallback) -> Self {
        Self { reason, failure: None }
    }

    fn failed(reason: ReplicaFallback, detail: impl ToString) -> Self {
        Self { reason, failure: Some(detail.to_string()) }
    }
}

impl Replica {
    pub(super) fn new(url: &str, options: &StoreOptions) -> Result<Self, OpenError> {
        let settings = Settings::new(url, options)?.of_standby();
        let (database, connections) = (settings.database.clone(), options.postgres_replica_connections_max.max(1));
        let pool = Deadpool::builder(StandbyConnector { settings }).max_size(connections);
        let pool = pool.queue_mode(QueueMode::Lifo).build();
        Ok(Self {
            connections: pool.map_err(|error| OpenError::Unreachable { database, detail: error.to_string() })?,
            reads: Semaphore::new(options.queue_reads_max.max(1)),
            turns: Semaphore::new(connections),
            requirements: Requirements::default(),
            circuit: Circuit::default(),
            counters: ReplicaCounters::default(),
        })
    }

    pub(super) fn counters(&self) -> &ReplicaCounters {
        &self.counters
    }

    pub(super) fn metrics(&self) -> ReplicaMetrics {
        self.counters.read(self.circuit.is_closed())
    }

    pub(super) fn close(&self) {
        self.reads.close();
        self.turns.close();
        self.connections.close();
    }

    /// Reads what the primary would show these users now. `None` if the primary must read; `body` can
    /// say so too.
    ///
    /// # Errors
    /// [`StoreError`] if the primary does not answer.
    pub(super) async fn read_current<T: Send + 'static>(
        self: Arc<Self>,
        primary: Arc<Pool>,
        store: Uuid,
        users: Vec<Id>,
        body: impl for<'c> FnOnce(&'c mut PostgresConn, Current) -> BoxFuture<'c, Result<Option<T>, QueryError>>
        + Send
        + 'static,
    ) -> Result<Option<T>, StoreError> {
        if !self.circuit.admits(Instant::now()) {
            return Ok(self.settled(Err(Miss::harmless(ReplicaFallback::Skipped))));
        }
        let Ok(_queued) = self.reads.try_acquire() else {
            return Ok(self.settled(Err(Miss::harmless(ReplicaFallback::Busy))));
        };
        let required = match self.requirements.read(&primary).await {
            Ok(required) => required,
            Err(error @ StoreError::Unavailable(_)) => return Err(error),
            // For example because the role may not ask for the position.
            Err(error) => return Ok(self.settled(Err(Miss::failed(ReplicaFallback::Failed, error)))),
        };
        let wal = required.wal;
        let read = self.read(Some(wal), move |conn| current(conn, store, required, users, body).boxed());
        Ok(self.settled(read.await))
    }

    /// Reads something that never changes. `None` if the primary must read, for example because the
    /// replica does not have it yet.
    pub(super) async fn read_constant<T: Send + 'static>(
        self: Arc<Self>,
        store: Uuid,
        body: impl for<'c> FnOnce(&'c mut PostgresConn) -> BoxFuture<'c, Result<Option<T>, QueryError>> + Send + 'static,
    ) -> Option<T> {
        if !self.circuit.admits(Instant::now()) {
            return self.settled(Err(Miss::harmless(ReplicaFallback::Skipped)));
        }
        let Ok(_queued) = self.reads.try_acquire() else {
            return self.settled(Err(Miss::harmless(ReplicaFallback::Busy)));
        };
        let read = self.read(None, move |conn| constant(conn, store, body).boxed());
        self.settled(read.await)
    }

    /// Runs a read within the time limits, once the replica has replayed up to `wal`.
    async fn read<T>(
        &self,
        wal: Option<i64>,
        body: impl for<'c> FnOnce(&'c mut PostgresConn) -> BoxFuture<'c, Result<Result<T, Miss>, QueryError>> + Send,
    ) -> Result<T, Miss> {
        let reading = async {
            let (mut standby, _turn) = self.replayed(wal).await?;
            match read(&mut standby.conn, body).await {
                Ok(answer) => answer,
                Err(failure) => Err(self.missed(failure, standby)),
            }
        };
        let late = || Err(Miss::failed(ReplicaFallback::Failed, "it did not answer in time"));
        timeout(READ_MAX, reading).await.unwrap_or_else(|_| late())
    }

    /// A connection to the replica that has replayed up to `wal`.
    async fn replayed(&self, wal: Option<i64>) -> Result<(Lease, tokio::sync::SemaphorePermit<'_>), Miss> {
        let (begun, mut pause) = (Instant::now(), Duration::from_millis(1));
        loop {
            let busy = || Miss::harmless(ReplicaFallback::Busy);
            let turn = timeout(TURN_MAX, self.turns.acquire()).await.map_err(|_| busy())?.map_err(|_| busy())?;
            let unreachable = |detail: String| Miss::failed(ReplicaFallback::Unreachable, detail);
            let silent = || unreachable("it did not answer in time".to_owned());
            let mut standby = timeout(PROMPT_MAX, self.connections.get())
                .await
                .map_err(|_| silent())?
                .map_err(|error| unreachable(error.to_string()))?;
            let Some(wal) = wal else { return Ok((standby, turn)) };
            match timeout(PROMPT_MAX, standby.has_replayed(wal)).await {
                Ok(Ok(true)) => return Ok((standby, turn)),
                Ok(Ok(false)) => {}
                Ok(Err(failure)) => return Err(self.missed(failure, standby)),
                Err(_) => return Err(silent()),
            }
            // Others may use the connection meanwhile.
            drop((standby, turn));
            if begun.elapsed() + pause > REPLAY_MAX {
                let detail = format!("it has not replayed within {} ms", REPLAY_MAX.as_millis());
                return Err(Miss::failed(ReplicaFallback::Lagging, detail));
            }
            sleep(pause).await;
            pause = (pause * 2).min(REPLAY_PAUSE_MAX);
        }
    }

    /// What a failed read means. If its connection was lost, the others probably are too.
    fn missed(&self, failure: Failure, standby: Lease) -> Miss {
        match failure {
            Failure::Lost(detail) => {
                drop(Object::take(standby));
                self.connections.retain(|_, _| false);
                Miss::failed(ReplicaFallback::Unreachable, detail)
            }
            // Replay has cancelled it, or the caller has gone.
            Failure::Conflict | Failure::Locked | Failure::Final(StoreError::Unavailable(Reason::Closed)) => {
                Miss::harmless(ReplicaFallback::Failed)
            }
            failure => Miss::failed(ReplicaFallback::Failed, failure.into_error()),
        }
    }

    /// Notes the outcome of a read.
    fn settled<T>(&self, answer: Result<T, Miss>) -> Option<T> {
        let Miss { reason, failure } = match answer {
            Ok(value) => {
                if self.circuit.worked() {
                    tracing::info!("the replica is used again for connecting clients");
                }
                return Some(value);
            }
            Err(miss) => miss,
        };
        self.counters.fell_back(reason);
        if reason == ReplicaFallback::Ahead {
            // It has answered.
            self.circuit.worked();
        }
        let reason = reason.as_str();
        if let Some(detail) = failure {
            if self.circuit.failed(Instant::now()) {
                tracing::warn!(
                    reason,
                    detail,
                    "the replica is not used for now; the primary serves connecting clients"
                );
            } else {
                tracing::debug!(reason, detail, "the replica is still not used");
            }
        }
        None
    }
}

/// Runs a read if the transaction shows what is required.
async fn current<T: Send + 'static>(
    conn: &mut PostgresConn,
    store: Uuid,
    required: Arc<Required>,
    users: Vec<Id>,
    body: impl for<'c> FnOnce(&'c mut PostgresConn, Current) -> BoxFuture<'c, Result<Option<T>, QueryError>> + Send,
) -> Result<Result<T, Miss>, QueryError> {
    let changed = match compared(conn, store, &required, users).await? {
        Compared::OtherDatabase => return Ok(Err(other_database())),
        Compared::FarAhead => return Ok(Err(Miss::harmless(ReplicaFallback::Ahead))),
        Compared::SameExcept(changed) => changed,
    };
    let read = body(conn, Current { seen: required.seen(), changed }).await?;
    Ok(read.ok_or_else(|| Miss::harmless(ReplicaFallback::Ahead)))
}

async fn constant<T: Send + 'static>(
    conn: &mut PostgresConn,
    store: Uuid,
    body: impl for<'c> FnOnce(&'c mut PostgresConn) -> BoxFuture<'c, Result<Option<T>, QueryError>> + Send,
) -> Result<Result<T, Miss>, QueryError> {
    if !is_of(conn, store).await? {
        return Ok(Err(other_database()));
    }
    Ok(body(conn).await?.ok_or_else(|| Miss::harmless(ReplicaFallback::Lagging)))
}

fn other_database() -> Miss {
    Miss::failed(ReplicaFallback::OtherDatabase, "it does not replicate this database, or not its current state")
}
