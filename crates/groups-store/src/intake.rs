//! The queue in front of a writer: bounded, fair between actors, drained in batches by one
//! consumer.
//!
//! [`fair_queue`] does the scheduling; this file adds waiting, closing and the clock.

mod fair_queue;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

pub(crate) use self::fair_queue::{Flow, QueueLimits, Size};

use self::fair_queue::{FairQueue, Taken};
use crate::Reason;

/// Creates a queue with one sender, which is shared by reference, and one receiver.
pub(crate) fn intake<T>(limits: QueueLimits) -> (Sender<T>, Receiver<T>) {
    let state = State { queue: FairQueue::new(limits), is_closed: false, receiver_waits: false };
    let shared = Arc::new(Shared { state: Mutex::new(state), thread: Condvar::new(), task: Notify::new() });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

/// Adds work to the queue. Dropping it closes the queue, so that the writer ends even if the store
/// is dropped without being closed.
#[derive(Debug)]
pub(crate) struct Sender<T>(Arc<Shared<T>>);

/// Takes work from the queue. Dropping it closes the queue and drops the queued work.
#[derive(Debug)]
pub(crate) struct Receiver<T>(Arc<Shared<T>>);

struct Shared<T> {
    state: Mutex<State<T>>,
    /// Wakes a receiver that is a thread.
    thread: Condvar,
    /// Wakes a receiver that is a task.
    task: Notify,
}

struct State<T> {
    queue: FairQueue<T>,
    is_closed: bool,
    /// Waking costs a system call, so it is skipped while the receiver is busy.
    receiver_waits: bool,
}

impl<T> std::fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<T> Sender<T> {
    /// Accepts or rejects the work; never waits.
    pub(crate) fn send(&self, flow: Flow, size: Size, work: T) -> Result<(), Reason> {
        let mut state = self.0.lock();
        if state.is_closed {
            return Err(Reason::Closed);
        }
        state.queue.push(flow, size, work)?;
        self.0.wake(state);
        Ok(())
    }

    /// Whether the queue is closed.
    #[cfg(feature = "sqlite")]
    pub(crate) fn is_closed(&self) -> bool {
        self.0.lock().is_closed
    }

    /// Closes the queue: no further work is accepted. The receiver ends after the accepted work.
    pub(crate) fn close(&self) {
        self.0.close();
    }
}

impl<T> Receiver<T> {
    /// The next batch, for a receiver that is a thread; `None` once the queue is closed and empty.
    ///
    /// The time until the next call counts as the duration of the batch.
    #[cfg(feature = "sqlite")]
    pub(crate) fn recv_blocking(&mut self) -> Option<Vec<T>> {
        let mut state = self.0.lock();
        loop {
            let rests_until = match state.next() {
                Next::Batch(batch) => return Some(batch),
                Next::End => return None,
                Next::Wait(until) => until,
            };
            state.receiver_waits = true;
            state = match rests_until {
                None => self.0.thread.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let rest = until.saturating_duration_since(Instant::now());
                    self.0.thread.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0
                }
            };
            state.receiver_waits = false;
        }
    }

    /// The next batch, for a receiver that is a task; otherwise the same as
    /// [`recv_blocking`](Self::recv_blocking). Cancellation-safe: a batch is taken in the poll that
    /// returns it.
    #[cfg(feature = "postgres")]
    pub(crate) async fn recv(&mut self) -> Option<Vec<T>> {
        loop {
            let rests_until = {
                let mut state = self.0.lock();
                match state.next() {
                    Next::Batch(batch) => {
                        state.receiver_waits = false;
                        return Some(batch);
                    }
                    Next::End => return None,
                    Next::Wait(until) => {
                        state.receiver_waits = true;
                        until
                    }
                }
            };
            // A wake-up from before this point is kept as a permit.
            let woken = self.0.task.notified();
            match rests_until {
                None => woken.await,
                Some(until) => drop(tokio::time::timeout_at(until.into(), woken).await),
            }
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.close();
        let waiting = self.0.lock().queue.drain();
        // Outside the lock: dropping an answer's sender runs its waker.
        drop(waiting);
    }
}

enum Next<T> {
    Batch(Vec<T>),
    Wait(Option<Instant>),
    End,
}

impl<T> State<T> {
    fn next(&mut self) -> Next<T> {
        match self.queue.take(Instant::now()) {
            Taken::Batch(batch) => Next::Batch(batch),
            Taken::Nothing if self.is_closed => Next::End,
            Taken::Nothing => Next::Wait(None),
            Taken::RestUntil(until) => Next::Wait(Some(until)),
        }
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, mut state: MutexGuard<'_, State<T>>) {
        let waits = std::mem::take(&mut state.receiver_waits);
        drop(state);
        if waits {
            self.thread.notify_one();
            self.task.notify_one();
        }
    }

    fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.queue.end_pacing();
        self.wake(state);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIMITS: QueueLimits = QueueLimits { items_max: 16, bytes_max: 1_000, batch_items_max: 4 };
    const SMALL: Size = Size { rows: 5, bytes: 10 };

    #[test]
    fn a_thread_receives_the_items_accepted_before_the_close_and_then_the_end() {
        let (sender, mut receiver) = intake(LIMITS);
        let receiving = std::thread::spawn(move || {
            let mut received = Vec::new();
            while let Some(batch) = receiver.recv_blocking() {
                received.extend(batch);
            }
            received
        });
        for number in 0..6 {
            assert_eq!(sender.send(Flow::Maintenance, SMALL, number), Ok(()));
        }
        sender.close();
        assert_eq!(sender.send(Flow::Maintenance, SMALL, 6), Err(Reason::Closed));
        assert_eq!(receiving.join().ok(), Some((0..6).collect()));
    }

    #[tokio::test]
    async fn a_task_is_woken_by_work_and_by_closing() {
        let (sender, mut receiver) = intake(LIMITS);
        let receiving = tokio::spawn(async move {
            let first = receiver.recv().await;
            (first, receiver.recv().await)
        });
        tokio::task::yield_now().await;
        assert_eq!(sender.send(Flow::Maintenance, SMALL, 1), Ok(()));
        while !sender.0.lock().receiver_waits {
            tokio::task::yield_now().await;
        }
        sender.close();
        let received = tokio::time::timeout(Duration::from_secs(30), receiving).await.ok().and_then(Result::ok);
        assert_eq!(received, Some((Some(vec![1]), None)));
    }

    #[test]
    fn dropping_the_sender_closes_the_queue() {
        let (sender, mut receiver) = intake(LIMITS);
        assert_eq!(sender.send(Flow::Maintenance, SMALL, 1), Ok(()));
        drop(sender);
        assert_eq!((receiver.recv_blocking(), receiver.recv_blocking()), (Some(vec![1]), None));
    }

    #[test]
    fn a_queue_without_a_receiver_refuses_work_and_drops_waiting_items() {
        let (sender, receiver) = intake(LIMITS);
        let work = Arc::new(());
        assert_eq!(sender.send(Flow::Maintenance, SMALL, Arc::clone(&work)), Ok(()));
        drop(receiver);
        assert_eq!(Arc::strong_count(&work), 1);
        assert_eq!(sender.send(Flow::Maintenance, SMALL, work), Err(Reason::Closed));
    }
}
