//! The thread that writes to SQLite: orders in batches, and tasks one by one.
//!
//! A job is accepted or rejected at once. An accepted job runs to completion even if nobody waits
//! for it any longer.

use std::sync::Arc;
use std::time::Duration;

use groups_domain::Limits;
use groups_supervisor::Supervisor;
use tokio::sync::{oneshot, watch};

use super::checkpoint::{CaughtUp, CopyByWriter};
use super::file::DatabaseFile;
use super::open::{Settings, open_writer};
use super::threads::{Task, guarded, start};
use super::transaction::{Purpose, roll_back, transact};
use crate::committer::{Answer, Answers, Attempt, BatchWriter, CommitLimits, Committer, Failure, Job};
use crate::connection::{SqliteConn, in_place, not_in_place};
use crate::hook::SqliteHook;
use crate::intake::{self, Flow, QueueLimits, Size};
use crate::queries::{commit, maintenance};
use crate::query_error::QueryError;
use crate::recent_commits::RecentCommits;
use crate::{OpenError, Order, Quotas, Reason, StoreError};

/// The name of the writer thread in failure reports.
const WRITER: &str = "sqlite writer";

/// A job for the writer.
pub(super) enum WriterJob {
    Order(Job<SqliteHook>),
    Task(Task),
}

/// The writer's queue, which is fair between users.
pub(super) struct WriterQueue(intake::Sender<WriterJob>);

impl WriterQueue {
    /// The assumed cost of a task: some touch one row, others are a pruning step.
    const TASK: Size = Size { rows: 64, bytes: 1_024 };

    /// Queues an order or rejects it; never waits.
    pub(super) fn execute(&self, order: Order, hook: Option<SqliteHook>, answer: Answer) -> Result<(), StoreError> {
        let (flow, size) = (order.flow(), order.size());
        let sent = self.0.send(flow, size, WriterJob::Order(Job { order: Box::new(order), hook, answer }));
        sent.map_err(StoreError::Unavailable)
    }

    /// Queues an internal task. All internal tasks together share one flow, like one user.
    pub(super) fn run(&self, task: Task) -> Result<(), StoreError> {
        self.0.send(Flow::Maintenance, Self::TASK, WriterJob::Task(task)).map_err(StoreError::Unavailable)
    }

    /// The error of a job that ended without an answer: the store was closed, or the job panicked.
    pub(super) fn lost(&self) -> StoreError {
        if self.0.is_closed() {
            return StoreError::Unavailable(Reason::Closed);
        }
        StoreError::Database { detail: "a query panicked".to_owned() }
    }

    /// Accepts no further jobs. The thread ends after the accepted jobs.
    pub(super) fn close(&self) {
        self.0.close();
    }
}

/// What the writer needs in addition to its connection.
#[derive(Debug)]
pub(super) struct WriterSettings {
    pub(super) connection: Settings,
    pub(super) limits: Limits,
    pub(super) quotas: Quotas,
    pub(super) queue: QueueLimits,
    pub(super) supervisor: Supervisor,
    pub(super) commit: CommitLimits,
    /// Notified after every commit with changes.
    pub(super) committed: watch::Sender<()>,
    pub(super) recent: RecentCommits,
    pub(super) caught_up: CaughtUp,
}

/// Maximum wait for the file lock: a server that was just stopped may still be shutting down.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(2);

/// Starts the writer, and waits until the migrations are applied. The second value completes when
/// the thread ends.
pub(super) async fn start_writer(
    settings: WriterSettings,
    proposal: uuid::Uuid,
) -> Result<(WriterQueue, oneshot::Receiver<()>, (uuid::Uuid, Arc<DatabaseFile>)), OpenError> {
    let (jobs, queue) = intake::intake(settings.queue);
    let (ended, end) = oneshot::channel();
    let database = settings.connection.file.path.clone();
    let opened = start("groups-writer", &database, move |ready| {
        let patience = settings.connection.busy.min(LOCK_WAIT_MAX);
        let opened = DatabaseFile::open(&settings.connection.file, patience).and_then(|file| {
            let mut conn = open_writer(&settings.connection)?;
            let id = in_place(transact(&mut conn, Purpose::Write, async |conn: &mut SqliteConn| {
                maintenance::store_id(conn, proposal).await
            }));
            let id =
                id.unwrap_or_else(|| Err(not_in_place())).map_err(|error| not_opened(&settings.connection, &error))?;
            file.is_connected();
            Ok((conn, file, id))
        });
        match opened {
            Err(error) => drop(ready.send(Err(error))),
            Ok((conn, file, id)) => {
                drop(ready.send(Ok((id, Arc::clone(&file)))));
                let copying = CopyByWriter::new(settings.caught_up.clone());
                let supervisor = settings.supervisor.clone();
                supervisor.thread(WRITER, || run(Writer { conn, file, copying, settings }, queue));
            }
        }
        // Notifies those who wait for the end of this thread.
        drop(ended);
    });
    Ok((WriterQueue(jobs), end, opened.await?))
}

/// The writer's connection and what belongs to it.
struct Writer {
    conn: SqliteConn,
    /// Declared after the connection, so that the connection is closed before the lock is released.
    file: Arc<DatabaseFile>,
    copying: CopyByWriter,
    settings: WriterSettings,
}

fn run(writer: Writer, mut queue: intake::Receiver<WriterJob>) {
    let (supervisor, limits) = (writer.settings.supervisor.clone(), writer.settings.commit);
    let mut committer = Committer::new(writer, limits);
    // Jobs accepted before the queue was closed are still executed.
    while let Some(jobs) = queue.recv_blocking() {
        supervisor.fault_point(WRITER);
        let (mut orders, mut tasks) = (Vec::with_capacity(jobs.len()), Vec::new());
        for job in jobs {
            match job {
                WriterJob::Order(order) => orders.push(order),
                WriterJob::Task(task) => tasks.push(task),
            }
        }
        in_place(committer.execute_orders(orders));
        tasks.into_iter().for_each(|task| guarded(&mut committer.writer().conn, task));
    }
    committer.writer().finish();
}

impl BatchWriter for Writer {
    type Hook = SqliteHook;

    async fn write(
        &mut self,
        orders: &Arc<Vec<Order>>,
        hook: Option<SqliteHook>,
        _: Attempt,
    ) -> Result<Answers, Failure> {
        let (file, limits, quotas) = (&self.file, self.settings.limits, self.settings.quotas);
        let mut refused = None;
        let written = in_place(transact(&mut self.conn, Purpose::Write, async |conn: &mut SqliteConn| {
            file.check()?;
            let done = commit::execute(conn, orders, hook.as_ref(), limits, quotas).await;
            if let Err(QueryError::Hook(error)) = &done {
                refused = Some(error.clone());
            }
            done
        }));
        if let Some(error) = refused {
            return Err(Failure::Hook(error));
        }
        let done = written.unwrap_or_else(|| Err(not_in_place()))?;
        if !done.changes.is_empty() {
            // Check again, so that writes to an unlinked file are never acknowledged.
            let wal_bytes = self.file.check()?;
            self.settings.recent.push(0, done.changes);
            self.settings.committed.send_replace(());
            self.copying.committed(&mut self.conn, wal_bytes);
        }
        Ok(done.answers.into_iter().map(Some).collect())
    }

    async fn roll_back(&mut self) {
        roll_back(&mut self.conn);
    }
}

impl Writer {
    /// Checkpoints the log, so that a single file remains when the connection is closed.
    fn finish(&mut self) {
        if let Err(error) = self.conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "cannot checkpoint SQLite's -wal file; the next start does it");
        }
    }
}

fn not_opened(settings: &Settings, error: &StoreError) -> OpenError {
    let database = settings.file.path.clone();
    match error {
        StoreError::Unavailable(Reason::DiskFull) => OpenError::DiskFull { database },
        error => OpenError::Unreachable { database, detail: error.to_string() },
    }
}
