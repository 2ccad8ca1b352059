//! Supervises tasks and threads that must keep running, and reports the first failure.
//!
//! A panic in a spawned task ends only that task: the runtime catches the panic, and the task's
//! work silently stops. A [`Supervisor`] detects this. It does not restart anything, because a
//! panicked task may have left its state inconsistent. The process (or the host of an embedded
//! service) is expected to exit and be restarted.
//!
//! All parts of a service share one supervisor. Each part registers its tasks under a name:
//!
//! * [`spawn`](Supervisor::spawn): a task of the current Tokio runtime that runs until
//!   [`stop`](Supervisor::stop).
//! * [`endless`](Supervisor::endless): the same for a future that is spawned in another way, such
//!   as `spawn_local`.
//! * [`until_closed`](Supervisor::until_closed): a future that may return, for example when its
//!   queue is closed; only a panic is a failure.
//! * [`thread`](Supervisor::thread): the same for the body of a thread.
//!
//! The host of the service waits for [`failed`](Supervisor::failed).

mod failure;
#[cfg(feature = "fault-injection")]
mod faults;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::task::AbortHandle;

pub use failure::{Cause, TaskFailure};

/// Reports the first failure of its registered tasks. Cheap to clone; all clones share the same
/// state.
#[derive(Clone, Debug, Default)]
pub struct Supervisor(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    first: watch::Sender<Option<TaskFailure>>,
    stopping: AtomicBool,
    spawned: Mutex<Vec<AbortHandle>>,
    #[cfg(feature = "fault-injection")]
    faults: faults::Faults,
}

impl Supervisor {
    /// Creates a supervisor without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Spawns a task that runs until [`stop`](Self::stop). If it returns or panics earlier, it has
    /// failed.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn spawn(&self, task: &str, future: impl Future<Output = ()> + Send + 'static) {
        let handle = tokio::spawn(self.endless(task, future)).abort_handle();
        let mut spawned = self.0.spawned.lock().unwrap_or_else(PoisonError::into_inner);
        spawned.retain(|handle| !handle.is_finished());
        if self.is_stopping() {
            handle.abort();
        }
        spawned.push(handle);
    }

    /// Wraps a future that must not end. Returning or panicking is a failure; being dropped is not.
    pub fn endless<F: Future<Output = ()>>(&self, task: &str, future: F) -> impl Future<Output = ()> + use<F> {
        let (supervisor, task) = (self.clone(), task.to_owned());
        async move {
            if supervisor.until_closed(&task, future).await.is_some() {
                supervisor.report(TaskFailure { task, cause: Cause::Returned });
            }
        }
    }

    /// Runs a future that may return. Returns `None` if it panicked, which is a failure.
    pub async fn until_closed<T>(&self, task: &str, future: impl Future<Output = T>) -> Option<T> {
        #[cfg(feature = "fault-injection")]
        let future = self.0.faults.around(task, future);
        match AssertUnwindSafe(future).catch_unwind().await {
            Ok(value) => Some(value),
            Err(panic) => {
                self.report(TaskFailure { task: task.to_owned(), cause: Cause::of_panic(&*panic) });
                None
            }
        }
    }

    /// Runs the body of a thread, which may return. Returns `None` if it panicked, which is a
    /// failure.
    pub fn thread<T>(&self, task: &str, body: impl FnOnce() -> T) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(body)) {
            Ok(value) => Some(value),
            Err(panic) => {
                self.report(TaskFailure { task: task.to_owned(), cause: Cause::of_panic(&*panic) });
                None
            }
        }
    }

    /// A point at which tests can make a thread panic. A no-op without the feature
    /// `fault-injection`.
    #[doc(hidden)]
    #[inline]
    pub fn fault_point(&self, task: &str) {
        #[cfg(feature = "fault-injection")]
        self.0.faults.check(task);
        #[cfg(not(feature = "fault-injection"))]
        let _ = task;
    }

    /// Reports a failure that was detected in another way. After [`stop`](Self::stop) it is only
    /// logged.
    pub fn report(&self, failure: TaskFailure) {
        let TaskFailure { task, cause } = &failure;
        if self.is_stopping() {
            // A task whose queue was closed has ended as intended.
            if *cause != Cause::Returned {
                tracing::warn!(task, %cause, "a task failed during shutdown");
            }
            return;
        }
        tracing::error!(task, %cause, "a task that must not end has ended");
        self.0.first.send_if_modified(|first| {
            let is_first = first.is_none();
            if is_first {
                *first = Some(failure);
            }
            is_first
        });
    }

    /// Waits for the first failure. Pending while everything runs, and after a clean stop.
    pub async fn failed(&self) -> TaskFailure {
        let mut first = self.0.first.subscribe();
        match first.wait_for(Option::is_some).await.ok().and_then(|first| first.clone()) {
            Some(failure) => failure,
            // `self` keeps the sender alive, so this is unreachable.
            None => std::future::pending().await,
        }
    }

    /// Returns the first failure, if any.
    pub fn failure(&self) -> Option<TaskFailure> {
        self.0.first.borrow().clone()
    }

    /// Aborts the tasks of [`spawn`](Self::spawn). From now on, a task that ends is not a failure.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        self.0.spawned.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(AbortHandle::abort);
    }

    /// Number of tasks of [`spawn`](Self::spawn) that are still running.
    pub fn running(&self) -> usize {
        let spawned = self.0.spawned.lock().unwrap_or_else(PoisonError::into_inner);
        spawned.iter().filter(|handle| !handle.is_finished()).count()
    }

    fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::SeqCst)
    }
}

#[cfg(feature = "fault-injection")]
impl Supervisor {
    /// Makes the named task or thread panic: a task immediately, a thread at its next job.
    pub fn inject_panic(&self, task: &str) {
        self.0.faults.inject(task);
    }
}
