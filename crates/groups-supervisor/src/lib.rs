//! Watches over tasks and threads that must not end, and reports the first one that does.
//!
//! A panic in a spawned task ends that task and nothing else: its runtime catches the panic, and whatever the task did is
//! not done any more. A [`Supervisor`] is what notices. It does not restart anything: a task that has panicked may have
//! left its state half changed, so the process (or the host of an embedded service) is expected to end and start again.
//!
//! One supervisor is shared by all parts of a service. Each part registers its tasks under a name:
//!
//! * [`spawn`](Supervisor::spawn): a task of the current Tokio runtime that runs until [`stop`](Supervisor::stop).
//! * [`endless`](Supervisor::endless): the same for a future that is spawned in another way, `spawn_local` for example.
//! * [`until_closed`](Supervisor::until_closed): a future that may return (its queue was closed); only its panic is a failure.
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

/// Reports the first unexpected end of the tasks that are registered with it. Cheap to clone; all clones are one supervisor.
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
    /// Without any task yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Spawns a task that runs until [`stop`](Self::stop). If it returns or panics before, that is a failure.
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

    /// A future that must not end. Its return or panic is a failure; dropping it is not.
    pub fn endless<F: Future<Output = ()>>(&self, task: &str, future: F) -> impl Future<Output = ()> + use<F> {
        let (supervisor, task) = (self.clone(), task.to_owned());
        async move {
            if supervisor.until_closed(&task, future).await.is_some() {
                supervisor.report(TaskFailure { task, cause: Cause::Returned });
            }
        }
    }

    /// A future that may return. `None` if it panicked, which is a failure.
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

    /// Runs the body of a thread, which may return. `None` if it panicked, which is a failure.
    pub fn thread<T>(&self, task: &str, body: impl FnOnce() -> T) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(body)) {
            Ok(value) => Some(value),
            Err(panic) => {
                self.report(TaskFailure { task: task.to_owned(), cause: Cause::of_panic(&*panic) });
                None
            }
        }
    }

    /// Where a test can make a thread panic. Does nothing without the feature `fault-injection`.
    #[doc(hidden)]
    #[inline]
    pub fn fault_point(&self, task: &str) {
        #[cfg(feature = "fault-injection")]
        self.0.faults.check(task);
        #[cfg(not(feature = "fault-injection"))]
        let _ = task;
    }

    /// Reports a failure that was noticed in another way. After [`stop`](Self::stop) it is only logged.
    pub fn report(&self, failure: TaskFailure) {
        let TaskFailure { task, cause } = &failure;
        if self.is_stopping() {
            // A task that returns because its queue was closed has done what it should.
            if *cause != Cause::Returned {
                tracing::warn!(task, %cause, "a task failed during the stop");
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

    /// Waits for the first failure. Pending as long as everything runs, and after an orderly stop.
    pub async fn failed(&self) -> TaskFailure {
        let mut first = self.0.first.subscribe();
        match first.wait_for(Option::is_some).await.ok().and_then(|first| first.clone()) {
            Some(failure) => failure,
            // The sender lives as long as this borrow.
            None => std::future::pending().await,
        }
    }

    /// The first failure, if there was one.
    pub fn failure(&self) -> Option<TaskFailure> {
        self.0.first.borrow().clone()
    }

    /// Ends the tasks of [`spawn`](Self::spawn). What ends from here on was told to, and is no failure.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        self.0.spawned.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(AbortHandle::abort);
    }

    /// How many tasks of [`spawn`](Self::spawn) have not ended.
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
    /// Makes the task or thread of this name panic: a task at once, a thread at its next job.
    pub fn inject_panic(&self, task: &str) {
        self.0.faults.inject(task);
    }
}
