//! One read of the log for all followers that need one at the same time.
//!
//! Each follower has its own place in the log and its own pace. It says since when it needs a read. One
//! that began later, for a follower that was not ahead of it, finds all that its own would, if it reached
//! the end of the log. A follower waits only for a read from its own place, never for one that is far
//! behind.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use crate::StoreError;

/// From where a follower reads the log.
pub(crate) trait LogPlace: Clone {
    /// Whether a read from here finds all that a read from there does.
    fn covers(&self, there: &Self) -> bool;
}

/// Whether a follower needs a read of the log, and which.
#[derive(Debug)]
pub(crate) struct Need {
    /// It needs one that began then or later.
    pub(crate) since: Option<Instant>,
    /// When the newest read began that it has used.
    pub(crate) read_at: Instant,
}

impl Need {
    /// The need of a follower that is opened now, and may have missed something already.
    pub(crate) fn at_open(may_have_missed: bool) -> Self {
        let now = Instant::now();
        Self { since: may_have_missed.then_some(now), read_at: now }
    }

    /// The next read finds what was committed before that time. Returns since when one is needed.
    pub(crate) fn add(&mut self, since: Instant) -> Instant {
        *self.since.insert(self.since.map_or(since, |needed| needed.max(since)))
    }
}

/// A read of the log.
#[derive(Debug)]
pub(crate) struct LogRead<P, T> {
    /// It finds all that was committed before.
    pub(crate) began_at: Instant,
    pub(crate) found: T,
    from: P,
    number: u64,
}

/// The reads of all followers. It keeps the newest that reached the end of the log, and a later one that
/// did not: at most two batches.
pub(crate) struct LogReads<P, T> {
    shared: Arc<Shared<P, T>>,
}

struct Shared<P, T> {
    reads: Mutex<Reads<P, T>>,
    ended: watch::Sender<()>,
}

struct Reads<P, T> {
    /// How many have begun.
    count: u64,
    running: Vec<LogRead<P, ()>>,
    /// Reached the end of the log.
    newest: Option<Arc<LogRead<P, T>>>,
    /// Did not. Only for those who read from the same place.
    part: Option<Arc<LogRead<P, T>>>,
}

/// What a follower finds that needs a read.
enum Found<P: LogPlace, T> {
    Read(Arc<LogRead<P, T>>),
    Running(u64),
    /// Nothing, so it reads itself.
    New(Reading<P, T>),
}

impl<P: LogPlace, T> LogReads<P, T> {
    pub(crate) fn new() -> Self {
        let reads = Reads { count: 0, running: Vec::new(), newest: None, part: None };
        Self { shared: Arc::new(Shared { reads: Mutex::new(reads), ended: watch::Sender::new(()) }) }
    }

    /// A read that began at `since` or later and covers `from`: one that has ended, one that is running, or
    /// a new one. The query of a new one takes the [`Reading`] to where it runs, so that others get the
    /// result, or read themselves, even if this caller is dropped, or not polled. Cancellation-safe.
    ///
    /// # Errors
    /// Those of `read`. If the read of another caller fails, this one reads itself.
    pub(crate) async fn get<F>(
        &self,
        since: Instant,
        from: P,
        read: impl FnOnce(Reading<P, T>) -> F,
    ) -> Result<Arc<LogRead<P, T>>, StoreError>
    where
        F: Future<Output = Result<Arc<LogRead<P, T>>, StoreError>>,
    {
        let mut ended = self.shared.ended.subscribe();
        let reading = match self.find(since, &from) {
            Found::Read(read) => return Ok(read),
            Found::New(reading) => reading,
            Found::Running(number) => {
                // Never an error: this value holds the sender.
                while self.is_running(number) && ended.changed().await.is_ok() {}
                let mut reads = self.shared.lock();
                match reads.newest(since, &from) {
                    Some(read) => return Ok(read),
                    None => self.begin(&mut reads, from),
                }
            }
        };
        read(reading).await
    }

    /// Counts a read for one follower alone.
    #[cfg(feature = "postgres")]
    pub(crate) fn count_one(&self) {
        self.shared.lock().count += 1;
    }

    /// How many reads have begun.
    pub(crate) fn count(&self) -> u64 {
        self.shared.lock().count
    }

    fn find(&self, since: Instant, from: &P) -> Found<P, T> {
        let mut reads = self.shared.lock();
        if let Some(read) = reads.newest(since, from) {
            return Found::Read(read);
        }
        match reads.running.iter().find(|read| read.is_own(since, from)) {
            Some(read) => Found::Running(read.number),
            None => Found::New(self.begin(&mut reads, from.clone())),
        }
    }

    fn begin(&self, reads: &mut Reads<P, T>, from: P) -> Reading<P, T> {
        reads.count += 1;
        let (number, began_at) = (reads.count, Instant::now());
        reads.running.push(LogRead { began_at, found: (), from: from.clone(), number });
        Reading { shared: Arc::clone(&self.shared), number, began_at, from }
    }

    fn is_running(&self, number: u64) -> bool {
        self.shared.lock().running.iter().any(|read| read.number == number)
    }
}

impl<P, T> Shared<P, T> {
    fn lock(&self) -> MutexGuard<'_, Reads<P, T>> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: LogPlace, T> Reads<P, T> {
    fn newest(&self, since: Instant, from: &P) -> Option<Arc<LogRead<P, T>>> {
        let newest = self.newest.as_ref().filter(|read| read.serves(since, from));
        let part = || self.part.as_ref().filter(|read| read.is_own(since, from));
        newest.or_else(part).map(Arc::clone)
    }
}

impl<P: LogPlace, T> LogRead<P, T> {
    fn serves(&self, since: Instant, from: &P) -> bool {
        self.began_at >= since && self.from.covers(from)
    }

    /// Whether it is from the same place.
    fn is_own(&self, since: Instant, from: &P) -> bool {
        self.serves(since, from) && from.covers(&self.from)
    }
}

/// A read that is running. Dropping it ends the wait of others.
pub(crate) struct Reading<P: LogPlace, T> {
    shared: Arc<Shared<P, T>>,
    number: u64,
    began_at: Instant,
    from: P,
}

impl<P: LogPlace, T> Reading<P, T> {
    /// From where to read.
    pub(crate) fn from(&self) -> &P {
        &self.from
    }

    /// Returns the result, and keeps it for others. `is_all`: there is no more in the log.
    pub(crate) fn finish(&self, found: T, is_all: bool) -> Arc<LogRead<P, T>> {
        let read = Arc::new(LogRead { began_at: self.began_at, found, from: self.from.clone(), number: self.number });
        let mut reads = self.shared.lock();
        let is_newer = |kept: &Option<Arc<LogRead<P, T>>>| kept.as_ref().is_none_or(|kept| kept.number < self.number);
        if is_all && is_newer(&reads.newest) {
            (reads.newest, reads.part) = (Some(Arc::clone(&read)), None);
        } else if !is_all && is_newer(&reads.part) {
            reads.part = Some(Arc::clone(&read));
        }
        read
    }
}

impl<P: LogPlace, T> Drop for Reading<P, T> {
    fn drop(&mut self) {
        self.shared.lock().running.retain(|read| read.number != self.number);
        self.shared.ended.send_replace(());
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::time::Duration;

    use futures_util::future::join_all;
    use tokio::sync::oneshot;

    use super::*;

    /// A read covers all places from its own on.
    impl LogPlace for u32 {
        fn covers(&self, there: &Self) -> bool {
            self <= there
        }
    }

    /// After any read of a test.
    const LATER: Duration = Duration::from_secs(60);

    type Reads = LogReads<u32, &'static str>;

    async fn read(reads: &Reads, since: Instant, from: u32, found: &'static str) -> &'static str {
        reads.get(since, from, async |reading| Ok(reading.finish(found, true))).await.unwrap().found
    }

    #[tokio::test]
    async fn a_read_serves_those_who_needed_one_before_it_began_and_were_not_behind() {
        let (reads, begin) = (Reads::new(), Instant::now());
        assert_eq!(read(&reads, begin, 5, "first").await, "first");
        assert_eq!(read(&reads, begin, 5, "again").await, "first");
        assert_eq!(read(&reads, begin, 9, "ahead").await, "first");
        assert_eq!(read(&reads, begin, 4, "behind").await, "behind");
        assert_eq!(read(&reads, begin, 5, "served by the newest").await, "behind");
        assert_eq!(reads.count(), 2);
        assert_eq!(read(&reads, begin + LATER, 5, "later").await, "later");
    }

    #[tokio::test]
    async fn all_who_need_a_read_at_the_same_time_wait_for_one() {
        let (reads, begin) = (Reads::new(), Instant::now());
        let (go, gone) = oneshot::channel();
        let first = reads.get(begin, 5, async |reading| {
            gone.await.unwrap();
            Ok(reading.finish("first", true))
        });
        let others = join_all((0..20).map(|_| read(&reads, begin, 5, "other")));
        let (first, others, ()) = tokio::join!(first, others, async { go.send(()).unwrap() });
        assert_eq!((first.unwrap().found, others), ("first", vec!["first"; 20]));
        assert_eq!(reads.count(), 1);
    }

    #[tokio::test]
    async fn after_a_read_that_fails_each_reads_itself() {
        let (reads, begin) = (Reads::new(), Instant::now());
        let failed = StoreError::Database { detail: "no".to_owned() };
        let first = reads.get(begin, 5, async |_reading| {
            tokio::task::yield_now().await;
            Err(failed.clone())
        });
        let others = join_all((0..2).map(|_| read(&reads, begin, 5, "own")));
        let (first, others) = tokio::join!(first, others);
        assert_eq!((first.unwrap_err(), others), (failed, vec!["own"; 2]));
        assert!(reads.count() <= 3);
    }

    #[tokio::test]
    async fn a_part_of_what_there_is_serves_only_those_at_the_same_place() {
        let (reads, begin) = (Reads::new(), Instant::now());
        let (go, gone) = oneshot::channel();
        let first = reads.get(begin, 5, async |reading| {
            gone.await.unwrap();
            Ok(reading.finish("a part", false))
        });
        let ahead = async {
            // It does not wait.
            assert_eq!(read(&reads, begin, 9, "ahead").await, "ahead");
            go.send(()).unwrap();
        };
        let (first, same, ()) = tokio::join!(first, read(&reads, begin, 5, "own"), ahead);
        assert_eq!((first.unwrap().found, same, reads.count()), ("a part", "a part", 2));
        assert_eq!(read(&reads, begin, 6, "later").await, "later");
    }

    #[tokio::test]
    async fn a_follower_that_is_dropped_or_not_polled_holds_nobody_up() {
        let (reads, begin) = (Reads::new(), Instant::now());
        // Its query goes on elsewhere.
        let (give, given) = oneshot::channel();
        let mut stuck = Box::pin(reads.get(begin, 5, async |reading| {
            give.send(reading).map_err(drop).unwrap();
            std::future::pending().await
        }));
        assert!(futures_util::poll!(&mut stuck).is_pending());
        let reading = given.await.unwrap();
        let (other, ()) = tokio::join!(read(&reads, begin, 5, "own"), async {
            drop(reading.finish("elsewhere", true));
            drop(reading);
        });
        assert_eq!(other, "elsewhere");

        let reads = Reads::new();
        let mut dropped = Box::pin(reads.get(begin, 5, async |_reading| std::future::pending().await));
        assert!(futures_util::poll!(&mut dropped).is_pending());
        let (other, ()) = tokio::join!(read(&reads, begin, 5, "own"), async { drop(dropped) });
        assert_eq!(other, "own");
    }

    #[tokio::test]
    async fn an_earlier_read_that_ends_late_does_not_replace_a_later_one() {
        let (reads, begin) = (Reads::new(), Instant::now());
        let (go, gone) = oneshot::channel();
        let slow = reads.get(begin, 5, async |reading| {
            gone.await.unwrap();
            Ok(reading.finish("slow", true))
        });
        let fast = async {
            assert_eq!(read(&reads, begin + LATER, 5, "fast").await, "fast");
            go.send(()).unwrap();
        };
        let (slow, ()) = tokio::join!(slow, fast);
        assert_eq!(slow.unwrap().found, "slow");
        assert_eq!(read(&reads, begin, 5, "third").await, "fast");
    }
}
