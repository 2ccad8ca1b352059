//! The SQLite backend's interface to the store.

use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, PoisonError, Weak};

use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use super::checkpoint::{CaughtUp, empty_log};
use super::file::DatabaseFile;
use super::log_reads::SqliteLogReads;
use super::open::Settings;
use super::threads::{Queue, Task, alone, start_checkpoints, start_readers, task};
use super::transaction::Purpose;
use super::writer::{WriterQueue, WriterSettings, start_writer};
use crate::committer::{Answer, CommitLimits};
use crate::connection::SqliteConn;
use crate::query_error::QueryError;
use crate::read_class::ReadClass;
use crate::recent_commits::RecentCommits;
use crate::url::SqliteFile;
use crate::{ExecuteError, Hook, HookError, OpenError, Order, Reason, StoreError, StoreOptions};

/// An open database file.
pub(crate) struct SqliteBackend {
    id: Uuid,
    writer: WriterQueue,
    readers: Readers,
    committed: watch::Receiver<()>,
    recent: RecentCommits,
    log_reads: SqliteLogReads,
    ends: Mutex<Vec<oneshot::Receiver<()>>>,
    /// Owned by the threads: the lock is released when the last of them ends.
    file: Weak<DatabaseFile>,
    /// Dropping it ends the checkpoint thread.
    checkpoints: Mutex<Option<SyncSender<()>>>,
}

/// The queue of each class of reads. Each has its own threads, so a full queue delays no other
/// class.
struct Readers {
    delivery: Queue<Task>,
    connecting: Queue<Task>,
    requests: Queue<Task>,
}

impl Readers {
    fn of(&self, class: ReadClass) -> &Queue<Task> {
        match class {
            ReadClass::Delivery => &self.delivery,
            ReadClass::Connecting => &self.connecting,
            ReadClass::Request => &self.requests,
        }
    }
}

impl std::fmt::Debug for SqliteBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteBackend").finish_non_exhaustive()
    }
}

impl SqliteBackend {
    pub(crate) async fn open(file: SqliteFile, options: &StoreOptions, proposal: Uuid) -> Result<Self, OpenError> {
        let connection = Settings { file, busy: options.wait_max, pages_max: options.sqlite_pages_max };
        let (committed, woken) = watch::channel(());
        let recent = RecentCommits::new(options.recent_bytes_max);
        let caught_up = CaughtUp::default();
        let settings = WriterSettings {
            connection: connection.clone(),
            limits: options.limits,
            quotas: options.quotas,
            queue: options.queue_limits(),
            supervisor: options.supervisor.clone(),
            commit: CommitLimits::new(options, options.wait_max),
            committed,
            recent: recent.clone(),
            caught_up: caught_up.clone(),
        };
        let (writer, end, (id, file)) = start_writer(settings, proposal).await?;
        let (checkpoints, checkpoints_end) =
            start_checkpoints(&connection, &file, caught_up, &options.supervisor).await?;
        let mut ends = vec![end, checkpoints_end];
        let mut start = async |class, count| {
            let (queue, mut ended) =
                start_readers(&connection, &file, class, count, options.queue_reads_max, &options.supervisor).await?;
            ends.append(&mut ended);
            Ok::<_, OpenError>(queue)
        };
        let readers = Readers {
            delivery: start("delivery", 1).await?,
            connecting: start("connecting", options.sqlite_readers).await?,
            requests: start("request", options.sqlite_readers).await?,
        };
        let (ends, checkpoints) = (Mutex::new(ends), Mutex::new(Some(checkpoints)));
        let file = std::sync::Arc::downgrade(&file);
        let log_reads = SqliteLogReads::new();
        Ok(Self { id, writer, readers, committed: woken, recent, log_reads, ends, file, checkpoints })
    }

    pub(crate) async fn close(&self) {
        self.writer.close();
        let Readers { delivery, connecting, requests } = &self.readers;
        [delivery, connecting, requests].into_iter().for_each(Queue::close);
        drop(self.checkpoints.lock().unwrap_or_else(PoisonError::into_inner).take());
        let ends = std::mem::take(&mut *self.ends.lock().unwrap_or_else(PoisonError::into_inner));
        for end in ends {
            // An error also means that the thread has ended.
            drop(end.await);
        }
    }

    pub(crate) fn execute(&self, order: Order, hook: Option<Hook>, answer: Answer) -> Result<(), ExecuteError> {
        let missing = HookError::Missing { database: "SQLite" };
        let hook = hook.map(|hook| hook.sqlite.ok_or(missing)).transpose()?;
        Ok(self.writer.execute(order, hook, answer)?)
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        class: ReadClass,
        body: impl AsyncFnOnce(&mut SqliteConn) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (task, result) = task(Purpose::Read, body);
        let readers = self.readers.of(class);
        readers.send(task)?;
        result.await.map_err(|_| readers.lost())?
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        body: impl AsyncFnOnce(&mut SqliteConn) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let file = self.file.clone();
        let (task, result) = task(Purpose::Write, async move |conn: &mut SqliteConn| {
            if let Some(file) = file.upgrade() {
                file.check()?;
            }
            body(conn).await
        });
        self.writer.run(task)?;
        result.await.map_err(|_| self.writer.lost())?
    }

    /// Copies the whole write-ahead log into the database, and empties it. Returns `false` if a
    /// reader prevents that now.
    pub(crate) async fn purge(&self) -> Result<bool, StoreError> {
        let (task, result) = alone(empty_log);
        self.writer.run(task)?;
        result.await.map_err(|_| self.writer.lost())?
    }

    /// Checks that the file was neither removed nor replaced, so that writes are not lost.
    pub(crate) async fn check_file(&self) -> Result<(), StoreError> {
        let file = self.file.clone();
        let checking = self.read(ReadClass::Delivery, async move |_: &mut SqliteConn| match file.upgrade() {
            Some(file) => Ok(file.check()?),
            None => Err(StoreError::Unavailable(Reason::Closed).into()),
        });
        checking.await.map(drop)
    }

    /// The id of the database.
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    pub(crate) fn recent(&self) -> &RecentCommits {
        &self.recent
    }

    /// What the log followers read.
    pub(crate) fn log_reads(&self) -> &SqliteLogReads {
        &self.log_reads
    }

    pub(crate) fn commits(&self) -> watch::Receiver<()> {
        self.committed.clone()
    }
}
