//! The connection pool, bounded in connections and waiting time.

use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{
    Manager, Metrics, Object, Pool as Deadpool, PoolError, QueueMode, RecycleError, RecycleResult,
};
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};

use super::connection::{ConnectError, Connection, Settings, connect};
use super::failure::Failure;
use super::history::History;
use super::transaction::{Failed, Purpose, read, read_alone, transact};
use crate::connection::PostgresConn;
use crate::query_error::QueryError;
use crate::read_class::ReadClass;
use crate::{OpenError, PoolMetrics, Reason, StoreError, StoreOptions};

/// Maximum attempts after conflicts or lost connections.
pub(super) const ATTEMPTS_MAX: u32 = 5;

/// Maximum pause before a new connection attempt after PostgreSQL had no free slot.
const PLACE_PAUSE_MAX: Duration = Duration::from_millis(200);

/// Creates the connections of the pool.
pub(super) struct Connector {
    settings: Settings,
    history: Arc<History>,
}

impl Manager for Connector {
    type Type = Connection;
    type Error = ConnectError;

    async fn create(&self) -> Result<Connection, ConnectError> {
        let mut conn = connect(&self.settings).await?;
        let epoch = self.history.check(&mut conn).await?;
        conn.set_epoch(epoch);
        Ok(conn)
    }

    /// A lost connection is noticed at its first use, which then takes another one. A connection to
    /// a history that was found to be replaced is discarded too.
    async fn recycle(&self, conn: &mut Connection, _: &Metrics) -> RecycleResult<ConnectError> {
        let usable = conn.is_clean() && conn.epoch() == self.history.epoch();
        if usable { Ok(()) } else { Err(RecycleError::message("it cannot be used again")) }
    }
}

/// A connection of the pool, which goes back to it when dropped.
pub(super) type Lease = Object<Connector>;

/// The pool, with its shares for each class of reads.
pub(super) struct Pool {
    connections: Deadpool<Connector>,
    wait_max: Duration,
    request_max: Duration,
    delivery: Share,
    connecting: Share,
    requests: Share,
}

/// The statements of a transaction. They keep their result themselves.
pub(super) type Body = Box<dyn for<'c> Fn(&'c mut PostgresConn) -> BoxFuture<'c, Result<(), QueryError>> + Send + Sync>;

/// How work is done on a connection.
#[derive(Clone, Copy, Debug)]
enum Work {
    Read,
    ReadAlone,
    Write,
}

/// The capacity of one class of reads. The shares and the lanes add up to all connections, so no
/// class waits for another's.
struct Share {
    /// Number of reads that may be queued or running.
    reads: Semaphore,
    /// Number of reads that may run concurrently.
    connections: Semaphore,
}

impl Share {
    fn new(reads_max: usize, connections: usize) -> Self {
        Self { reads: Semaphore::new(reads_max.max(1)), connections: Semaphore::new(connections) }
    }
}

/// Splits the connections that the lanes leave between the classes of reads: delivery, connecting,
/// request.
fn shares(connections: usize) -> [usize; 3] {
    let (delivery, connecting) = ((connections / 6).max(1), (connections / 3).max(1));
    [delivery, connecting, connections.saturating_sub(delivery + connecting).max(1)]
}

impl Pool {
    pub(super) fn new(settings: &Settings, history: Arc<History>, options: &StoreOptions) -> Result<Self, OpenError> {
        let lanes = options.postgres_lanes.max(1);
        let [delivery, connecting, requests] = shares(options.postgres_connections_max.saturating_sub(lanes));
        let connections_max = lanes + delivery + connecting + requests;
        let connections =
            Deadpool::builder(Connector { settings: settings.clone(), history }).max_size(connections_max);
        // The connection that was used last has the statements prepared, and its server process the rows
        // in its caches.
        let connections = connections.queue_mode(QueueMode::Lifo).build();
        let connections = connections.map_err(|error| OpenError::Unreachable {
            database: settings.database.clone(),
            detail: error.to_string(),
        })?;
        let share = |connections| Share::new(options.queue_reads_max, connections);
        let [delivery, connecting, requests] = [delivery, connecting, requests].map(share);
        let (wait_max, request_max) = (settings.wait_max, settings.request_max());
        Ok(Self { connections, wait_max, request_max, delivery, connecting, requests })
    }

    pub(super) fn metrics(&self) -> PoolMetrics {
        let status = self.connections.status();
        PoolMetrics {
            connections_max: status.max_size,
            connections: status.size,
            idle: status.available,
            waiting: status.waiting,
        }
    }

    /// Runs a read transaction, and retries it if the connection was lost.
    pub(super) async fn read(self: Arc<Self>, class: ReadClass, body: Body) -> Result<(), StoreError> {
        self.read_as(class, Work::Read, body).await
    }

    /// Runs a single statement that reads, and retries it if the connection was lost.
    pub(super) async fn read_alone(self: Arc<Self>, class: ReadClass, body: Body) -> Result<(), StoreError> {
        self.read_as(class, Work::ReadAlone, body).await
    }

    async fn read_as(&self, class: ReadClass, work: Work, body: Body) -> Result<(), StoreError> {
        let share = match class {
            ReadClass::Delivery => &self.delivery,
            ReadClass::Connecting => &self.connecting,
            ReadClass::Request => &self.requests,
        };
        let _queued = share.reads.try_acquire().map_err(|_| StoreError::Unavailable(Reason::QueueFull))?;
        let busy = || StoreError::Unavailable(Reason::Busy);
        let reader = tokio::time::timeout(self.wait_max, share.connections.acquire()).await.map_err(|_| busy())?;
        let _reader = reader.map_err(|_| StoreError::Unavailable(Reason::Closed))?;
        self.attempts(work, body).await
    }

    /// Runs an idempotent write transaction.
    pub(super) async fn write(self: Arc<Self>, body: Body) -> Result<(), StoreError> {
        self.attempts(Work::Write, body).await
    }

    /// The deadline of work that begins now.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.request_max
    }

    /// One deadline applies to all attempts together.
    async fn attempts(&self, work: Work, body: Body) -> Result<(), StoreError> {
        let deadline = self.deadline();
        let attempts = async {
            let mut attempt = 1;
            loop {
                let mut conn = self.connection(deadline).await?;
                let done = match work {
                    Work::Read => read(&mut conn, &body).await,
                    Work::ReadAlone => read_alone(&mut conn, &body).await,
                    Work::Write => transact(&mut conn, Purpose::Write, &body).await.map_err(|failed| match failed {
                        Failed::Before(failure) => failure,
                        Failed::During(_, detail) => Failure::Lost(detail),
                    }),
                };
                let failure = match done {
                    Ok(()) => return Ok(()),
                    Err(failure) => failure,
                };
                // Waiting for the lock already timed out.
                if attempt == ATTEMPTS_MAX || matches!(failure, Failure::Final(_) | Failure::Locked) {
                    return Err(failure.into_error());
                }
                self.before_another(attempt, &failure, conn).await;
                attempt += 1;
            }
        };
        timeout_at(deadline, attempts).await.unwrap_or(Err(StoreError::Unavailable(Reason::Busy)))
    }

    /// A pooled or new connection. If PostgreSQL has no free slot, waits for one of our own
    /// connections.
    pub(super) async fn connection(&self, deadline: Instant) -> Result<Lease, StoreError> {
        let deadline = deadline.min(Instant::now() + self.wait_max);
        let mut pause = Duration::from_millis(10);
        loop {
            match timeout_at(deadline, self.connections.get()).await {
                Ok(Ok(conn)) => return Ok(conn),
                Ok(Err(PoolError::Backend(ConnectError::NotYet(detail)))) => {
                    tracing::debug!(detail, "no additional connection to PostgreSQL available");
                    if Instant::now() + pause >= deadline {
                        tracing::warn!(detail, "no connection to PostgreSQL");
                        return Err(StoreError::Unavailable(Reason::Busy));
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(PLACE_PAUSE_MAX);
                }
                Ok(Err(PoolError::Closed)) => return Err(StoreError::Unavailable(Reason::Closed)),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "no connection to PostgreSQL");
                    return Err(StoreError::Unavailable(Reason::Unreachable));
                }
                Err(_) => return Err(StoreError::Unavailable(Reason::Busy)),
            }
        }
    }

    /// Prepares the next attempt.
    pub(super) async fn before_another(&self, attempt: u32, failure: &Failure, conn: Lease) {
        if let Failure::Lost(_) = failure {
            // If one connection was lost, the others probably are too: discard it, so that the next
            // attempt gets a new one.
            drop(Object::take(conn));
            self.connections.retain(|_, _| false);
        }
        sleep(Duration::from_millis(5 << attempt)).await;
    }

    pub(super) fn close(&self) {
        for share in [&self.delivery, &self.connecting, &self.requests] {
            share.connections.close();
        }
        self.connections.close();
    }
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn each_class_of_reads_has_its_own_connections() {
        assert_eq!(shares(12), [2, 4, 6]);
        assert_eq!(shares(3), [1, 1, 1]);
        assert_eq!(shares(0), [1, 1, 1]);
    }
}
