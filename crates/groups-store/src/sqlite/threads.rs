//! The threads that read from SQLite, and what all threads of this backend share.
//!
//! A job is accepted or rejected at once. An accepted job runs to completion even if nobody waits
//! for it any longer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use groups_supervisor::Supervisor;
use tokio::sync::oneshot;

use super::checkpoint::{CaughtUp, keep_small};
use super::failure::classify;
use super::file::DatabaseFile;
use super::open::{Settings, open_checkpointer, open_reader};
use super::transaction::{Purpose, roll_back, transact_in_place};
use crate::connection::{SqliteConn, in_place, not_in_place};
use crate::query_error::QueryError;
use crate::{OpenError, Reason, StoreError};

/// Work for a connection.
pub(super) type Task = Box<dyn FnOnce(&mut SqliteConn) + Send>;

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
        let mut value = None;
        let mut body = Some(body);
        let done = transact_in_place(conn, purpose, &mut |conn| {
            let Some(body) = body.take() else { return Ok(()) };
            value = Some(in_place(body(conn)).unwrap_or_else(|| Err(not_in_place().into()))?);
            Ok(())
        });
        // Unreachable: a transaction that succeeds has a value.
        let done = done.and_then(|()| value.ok_or_else(not_in_place));
        // An error means that the caller has gone.
        drop(answer.send(done));
    };
    (Box::new(task), result)
}

/// Wraps work outside of a transaction as a job, and returns the receiver of its result.
pub(super) fn alone<T: Send + 'static>(
    body: impl FnOnce(&mut SqliteConn) -> Result<T, QueryError> + Send + 'static,
) -> (Task, oneshot::Receiver<Result<T, StoreError>>) {
    let (answer, result) = oneshot::channel();
    // An error means that the caller has gone.
    let task = move |conn: &mut SqliteConn| drop(answer.send(body(conn).map_err(classify)));
    (Box::new(task), result)
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

/// Starts a thread, and waits until it is ready.
pub(super) async fn start<T: Send + 'static>(
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

/// Runs a task. A panic does not end the thread, and does not affect the next transaction.
pub(super) fn guarded(conn: &mut SqliteConn, task: Task) {
    if catch_unwind(AssertUnwindSafe(|| task(conn))).is_err() {
        tracing::error!("a query panicked");
        roll_back(conn);
    }
}
