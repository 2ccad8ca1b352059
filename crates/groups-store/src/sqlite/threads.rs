//! The SQLite threads: one writer, which works in batches, and a few readers.
//!
//! A job is accepted or rejected at once. An accepted job runs to completion even if nobody waits
//! for it any longer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;
use groups_domain::Limits;
use groups_supervisor::Supervisor;
use tokio::sync::{oneshot, watch};

use super::checkpoint::{CaughtUp, CopyByWriter, keep_small};
use super::file::DatabaseFile;
use super::open::{Settings, open_checkpointer, open_reader, open_writer};
use super::transaction::{Purpose, roll_back, transact};
use crate::batch::Committed;
use crate::connection::SqliteConn;
use crate::hook::SqliteHook;
use crate::intake::{self, Flow, QueueLimits, Size};
use crate::queries::{commit, maintenance};
use crate::query_error::QueryError;
use crate::{ExecuteError, Executed, OpenError, Order, Quotas, Reason, StoreError};

/// The name of the writer thread in failure reports.
const WRITER: &str = "sqlite writer";

/// Where the answer to an order goes.
pub(super) type Answer = oneshot::Sender<Result<Executed, ExecuteError>>;

pub(super) type Task = Box<dyn FnOnce(&mut SqliteConn) + Send>;

/// A job for the writer.
pub(super) enum WriterJob {
    Order(Box<Order>, Option<SqliteHook>, Answer),
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
        let sent = self.0.send(flow, size, WriterJob::Order(Box::new(order), hook, answer));
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

/// The sending end of a bounded queue, until it is closed.
#[derive(Debug)]
pub(super) struct Queue<T>(RwLock<Option<SyncSender<T>>>);

impl<T> Queue<T> {
    fn new(sender: SyncSender<T>) -> Self {
        Self(RwLock::new(Some(sender)))
    }

    /// Queues a job or rejects it; never waits.
    pub(super) fn send(&self, job: T) -> Result<(), StoreError> {
        let sender = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let reason = match sender.as_ref().map(|sender| sender.try_send(job)) {
            Some(Ok(())) => return Ok(()),
            Some(Err(TrySendError::Full(_))) => Reason::QueueFull,
            Some(Err(TrySendError::Disconnected(_))) | None => Reason::Closed,
        };
        Err(StoreError::Unavailable(reason))
    }

    /// The error of a job that ended without an answer: the store was closed, or the job panicked.
    pub(super) fn lost(&self) -> StoreError {
        match *self.0.read().unwrap_or_else(PoisonError::into_inner) {
            Some(_) => StoreError::Database { detail: "a query panicked".to_owned() },
            None => StoreError::Unavailable(Reason::Closed),
        }
    }

    /// Accepts no further jobs. The thread ends after the accepted jobs.
    pub(super) fn close(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Wraps a transaction as a job, and returns the receiver of its result.
pub(super) fn task<T: Send + 'static>(
    purpose: Purpose,
    body: impl AsyncFnOnce(&mut SqliteConn) -> Result<T, QueryError> + Send + 'static,
) -> (Task, oneshot::Receiver<Result<T, StoreError>>) {
    let (answer, result) = oneshot::channel();
    let task = move |conn: &mut SqliteConn| {
        // Skip a read whose caller has gone.
        if purpose == Purpose::Read && answer.is_closed() {
            return;
        }
        let done = in_place(transact(conn, purpose, body)).unwrap_or_else(|| Err(not_in_place()));
        // An error means that the caller has gone.
        drop(answer.send(done));
    };
    (Box::new(task), result)
}

/// What the writer needs in addition to its connection.
#[derive(Debug)]
pub(super) struct WriterSettings {
    pub(super) connection: Settings,
    pub(super) limits: Limits,
    pub(super) quotas: Quotas,
    pub(super) queue: QueueLimits,
    pub(super) supervisor: Supervisor,
    /// Notified after every commit with changes.
    pub(super) committed: watch::Sender<()>,
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
                supervisor.thread(WRITER, || Writer { conn, file, copying, settings }.run(queue));
            }
        }
        // Notifies those who wait for the end of this thread.
        drop(ended);
    });
    Ok((WriterQueue(jobs), end, opened.await?))
}

/// Starts the readers of one class, and waits until all are connected.
pub(super) async fn start_readers(
    settings: &Settings,
    file: &Arc<DatabaseFile>,
    class: &str,
    count: usize,
    queue_reads_max: usize,
    supervisor: &Supervisor,
) -> Result<(Queue<Task>, Vec<oneshot::Receiver<()>>), OpenError> {
    let (jobs, queue) = sync_channel::<Task>(queue_reads_max.max(1));
    let queue = Arc::new(Mutex::new(queue));
    let mut ends = Vec::new();
    for number in 1..=count.max(1) {
        let (ended, end) = oneshot::channel();
        let (queue, settings, file) = (Arc::clone(&queue), settings.clone(), Arc::clone(file));
        let (supervisor, database) = (supervisor.clone(), settings.file.path.clone());
        // Linux shows the first 15 bytes.
        let name = format!("{class}-{number}");
        let task = format!("sqlite reader {name}");
        let ready = start(&name, &database, move |ready| {
            match open_reader(&settings) {
                Err(error) => drop(ready.send(Err(error))),
                Ok(mut conn) => {
                    drop(ready.send(Ok(())));

                    supervisor.thread(&task, || {
                        // One reader waits on the queue, the others wait for the lock on it.
                        while let Ok(job) = next(&queue) {
                            supervisor.fault_point(&task);
                            guarded(&mut conn, job);
                        }
                    });
                }
            }
            // After the connection is closed, and before the end is reported.
            drop(file);
            // Notifies those who wait for the end of this thread.
            drop(ended);
        });
        ready.await?;
        ends.push(end);
    }
    Ok((Queue::new(jobs), ends))
}

/// Starts the thread that keeps the write-ahead log small. The thread ends when the first value is
/// dropped.
pub(super) async fn start_checkpoints(
    settings: &Settings,
    file: &Arc<DatabaseFile>,
    caught_up: CaughtUp,
    supervisor: &Supervisor,
) -> Result<(SyncSender<()>, oneshot::Receiver<()>), OpenError> {
    let (stop, stopped) = sync_channel(1);
    let (ended, end) = oneshot::channel();
    let (settings, file, supervisor) = (settings.clone(), Arc::clone(file), supervisor.clone());
    let database = settings.file.path.clone();
    let ready = start("checkpoints", &database, move |ready| {
        match open_checkpointer(&settings) {
            Err(error) => drop(ready.send(Err(error))),
            Ok(mut conn) => {
                drop(ready.send(Ok(())));
                supervisor.thread("sqlite checkpoints", || keep_small(&mut conn, &file, &caught_up, &stopped));
            }
        }
        drop(file);
        drop(ended);
    });
    ready.await?;
    Ok((stop, end))
}

fn next<T>(queue: &Mutex<Receiver<T>>) -> Result<T, std::sync::mpsc::RecvError> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv()
}

async fn start<T: Send + 'static>(
    name: &str,
    database: &str,
    body: impl FnOnce(oneshot::Sender<Result<T, OpenError>>) + Send + 'static,
) -> Result<T, OpenError> {
    let failed = |detail: String| OpenError::Unreachable { database: database.to_owned(), detail };
    let (ready, result) = oneshot::channel();
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || body(ready));
    thread.map_err(|error| failed(error.to_string()))?;
    result.await.map_err(|_| failed("its thread ended while opening".to_owned()))?
}

struct Writer {
    conn: SqliteConn,
    /// Declared after the connection, so that the connection is closed before the lock is released.
    file: Arc<DatabaseFile>,
    copying: CopyByWriter,
    settings: WriterSettings,
}

impl Writer {
    fn run(mut self, mut queue: intake::Receiver<WriterJob>) {
        // Jobs accepted before the queue was closed are still executed.
        while let Some(jobs) = queue.recv_blocking() {
            self.settings.supervisor.fault_point(WRITER);
            let (mut orders, mut answers) = (Vec::with_capacity(jobs.len()), Vec::with_capacity(jobs.len()));
            let mut tasks = Vec::new();
            for job in jobs {
                match job {
                    WriterJob::Order(order, None, answer) => {
                        orders.push(*order);
                        answers.push(answer);
                    }
                    // Its hook may reject it, so it gets a batch of its own, after the earlier
                    // orders.
                    WriterJob::Order(order, Some(hook), answer) => {
                        self.execute_batch(&std::mem::take(&mut orders), std::mem::take(&mut answers));
                        self.execute_alone(&order, Some(&hook), answer);
                    }
                    WriterJob::Task(task) => tasks.push(task),
                }
            }
            self.execute_batch(&orders, answers);
            tasks.into_iter().for_each(|task| guarded(&mut self.conn, task));
        }
        self.finish();
    }

    fn execute_batch(&mut self, orders: &[Order], answers: Vec<Answer>) {
        if orders.is_empty() {
            return;
        }
        match self.attempt(orders, None) {
            Ok(done) => {
                answers.into_iter().zip(done.answers).for_each(|(answer, executed)| drop(answer.send(executed)))
            }
            // Nothing was written, and a retry would fail too.
            Err(error @ ExecuteError::Unavailable { .. }) => {
                answers.into_iter().for_each(|answer| drop(answer.send(Err(error.clone()))));
            }
            // One of the orders is the cause: execute each separately, so that only that one fails.
            Err(error) => {
                tracing::error!(%error, orders = orders.len(), "a batch failed; retrying its orders one by one");
                for (order, answer) in orders.iter().zip(answers) {
                    self.execute_alone(order, None, answer);
                }
            }
        }
    }

    fn execute_alone(&mut self, order: &Order, hook: Option<&SqliteHook>, answer: Answer) {
        let executed = self.attempt(std::slice::from_ref(order), hook);
        drop(answer.send(match executed.map(|mut done| done.answers.pop()) {
            Ok(Some(executed)) => executed,
            Ok(None) => Err(ExecuteError::Store(not_in_place())),
            Err(error) => Err(error),
        }));
    }

    /// Executes a batch. A failed attempt writes nothing.
    fn attempt(&mut self, orders: &[Order], hook: Option<&SqliteHook>) -> Result<Committed, ExecuteError> {
        let (conn, file) = (&mut self.conn, &self.file);
        let (limits, quotas) = (self.settings.limits, self.settings.quotas);
        let mut refused = None;
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            in_place(transact(conn, Purpose::Write, async |conn: &mut SqliteConn| {
                file.check()?;
                let done = commit::execute(conn, orders, hook, limits, quotas).await;
                if let Err(QueryError::Hook(error)) = &done {
                    refused = Some(error.clone());
                }
                done
            }))
        }));
        if let Some(error) = refused {
            return Err(error.into());
        }
        let executed = attempt.unwrap_or_else(|_| {
            in_place(roll_back(&mut self.conn));
            Some(Err(StoreError::Database { detail: "a panic, rolled back".to_owned() }))
        });
        let executed = executed.unwrap_or_else(|| Err(not_in_place()));
        if executed.as_ref().is_ok_and(|done| done.made.is_some()) {
            // Check again, so that writes to an unlinked file are never acknowledged.
            let wal_bytes = self.file.check()?;
            self.copying.committed(&mut self.conn, wal_bytes);
            self.settings.committed.send_replace(());
        }
        Ok(executed?)
    }

    /// Checkpoints the log and closes the database, so that a single file remains.
    fn finish(mut self) {
        use diesel_async::SimpleAsyncConnection;
        let done = in_place(self.conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)"));
        if let Some(Err(error)) = done {
            tracing::warn!(%error, "cannot checkpoint SQLite's -wal file; the next start does it");
        }
    }
}

/// Runs a task. A panic does not end the thread, and does not affect the next transaction.
fn guarded(conn: &mut SqliteConn, task: Task) {
    if catch_unwind(AssertUnwindSafe(|| task(conn))).is_err() {
        tracing::error!("a query panicked");
        in_place(roll_back(conn));
    }
}

/// Polls a future once: all calls of these connections finish in place, so their futures never
/// wait.
pub(super) fn in_place<T>(future: impl Future<Output = T>) -> Option<T> {
    future.now_or_never()
}

fn not_in_place() -> StoreError {
    StoreError::Database { detail: "a call of SQLite did not finish in place".to_owned() }
}

fn not_opened(settings: &Settings, error: &StoreError) -> OpenError {
    let database = settings.file.path.clone();
    match error {
        StoreError::Unavailable(Reason::DiskFull) => OpenError::DiskFull { database },
        error => OpenError::Unreachable { database, detail: error.to_string() },
    }
}
