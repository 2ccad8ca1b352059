//! The queue's guarantees for arbitrary arrivals, and the cases it was designed for.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const LIMITS: QueueLimits = QueueLimits { items_max: 4_096, bytes_max: usize::MAX / 2, batch_items_max: 256 };

/// An order that adds 1,000 people, and one that changes a name.
const LARGE: u32 = 1_004;
const SMALL: u32 = 5;

fn actor(number: u128) -> Flow {
    Flow::Actor(UserId::new(Uuid::from_u128(number)))
}

/// An item: its actor, and its number among the actor's items.
type Item = (u128, u32);

/// A queue and a clock.
struct Desk {
    queue: FairQueue<(Item, u32)>,
    now: Instant,
    pushed: HashMap<u128, u32>,
}

impl Desk {
    fn new(limits: QueueLimits) -> Self {
        Self { queue: FairQueue::new(limits), now: Instant::now(), pushed: HashMap::new() }
    }

    fn push(&mut self, of: u128, rows: u32) -> Result<(), Reason> {
        let number = self.pushed.get(&of).copied().unwrap_or(0);
        self.queue.push(actor(of), Size { rows, bytes: 1 }, ((of, number), rows))?;
        self.pushed.insert(of, number + 1);
        Ok(())
    }

    fn fill(&mut self, of: u128, rows: u32, count: usize) {
        for _ in 0..count {
            assert_eq!(self.push(of, rows), Ok(()));
        }
    }

    /// The next batch, which takes 10 µs per row; `None` if all queued work is paused.
    fn batch(&mut self) -> Option<Vec<(Item, u32)>> {
        match self.queue.take(self.now) {
            Taken::Batch(batch) => {
                let rows: u32 = batch.iter().map(|(_, rows)| rows).sum();
                self.now += Duration::from_micros(10) * rows;
                Some(batch)
            }
            Taken::RestUntil(until) => {
                assert!(until > self.now && until <= self.now + REST_MAX);
                self.now = until;
                None
            }
            Taken::Nothing => Some(Vec::new()),
        }
    }
}

fn count_of(batch: &[(Item, u32)], of: u128) -> usize {
    batch.iter().filter(|((actor, _), _)| *actor == of).count()
}

proptest! {
    #[test]
    fn every_accepted_item_is_returned_once_and_in_order_within_its_flow(
        arrivals in prop::collection::vec((0_u128..6, 1_u32..1_500, any::<bool>()), 1..300),
        items_max in 1_usize..200,
        batch_items_max in 1_usize..40,
    ) {
        let mut desk = Desk::new(QueueLimits { items_max, batch_items_max, ..LIMITS });
        let mut out: Vec<Item> = Vec::new();
        for (of, rows, take) in arrivals {
            if let Err(reason) = desk.push(of, rows) {
                prop_assert!(matches!(reason, Reason::QueueFull | Reason::ShareFull));
            }
            prop_assert!(desk.queue.items <= items_max);
            if take {
                let batch = desk.batch().unwrap_or_default();
                prop_assert!(batch.len() <= batch_items_max);
                let rows: u32 = batch.iter().map(|(_, rows)| rows).sum();
                prop_assert!(rows <= BATCH_ROWS_MAX || batch.len() == 1);
                out.extend(batch.into_iter().map(|(item, _)| item));
            }
        }
        while desk.queue.items > 0 {
            out.extend(desk.batch().into_iter().flatten().map(|(item, _)| item));
        }
        prop_assert_eq!(desk.queue.bytes, 0);
        prop_assert!(desk.queue.flows.is_empty() && desk.queue.turns.is_empty());
        for (of, pushed) in desk.pushed {
            let numbers: Vec<u32> = out.iter().filter(|(actor, _)| *actor == of).map(|(_, number)| *number).collect();
            prop_assert_eq!(numbers, (0..pushed).collect::<Vec<_>>());
        }
    }

    #[test]
    fn flows_that_always_have_something_waiting_get_the_same_number_of_rows(
        sizes in prop::collection::vec(prop::collection::vec(1_u32..1_200, 1..6), 2..8),
        batches in 1_usize..150,
    ) {
        let largest = sizes.iter().flatten().copied().max().unwrap_or(0);
        // Room for all of them, even if each item has one row only.
        let mut desk = Desk::new(QueueLimits { items_max: 1 << 20, ..LIMITS });
        let mut served = vec![0_u32; sizes.len()];
        let mut next = sizes.iter().map(|sizes| sizes.iter().copied().cycle()).collect::<Vec<_>>();
        let mut waiting = vec![0_u32; sizes.len()];
        for _ in 0..batches {
            for (of, waiting) in (0_u128..).zip(&mut waiting) {
                while *waiting < 2 * BATCH_ROWS_MAX {
                    let rows = next[of as usize].next().unwrap_or(1);
                    desk.fill(of, rows, 1);
                    *waiting += rows;
                }
            }
            for ((of, _), rows) in desk.batch().into_iter().flatten() {
                served[of as usize] += rows;
                waiting[of as usize] -= rows;
            }
        }
        let (most, least) = (served.iter().max().copied(), served.iter().min().copied());
        let apart = most.unwrap_or(0) - least.unwrap_or(0);
        prop_assert!(apart <= 2 * QUANTUM_ROWS + 2 * largest, "{served:?}");
    }

    #[test]
    fn a_small_item_waits_at_most_one_batch_behind_any_backlog_of_a_few_others(
        backlog in prop::collection::vec((0_u128..8, 1_u32..1_500), 0..500),
        before in 0_usize..5,
    ) {
        let mut desk = Desk::new(LIMITS);
        for (of, rows) in backlog {
            desk.fill(of, rows, 1);
        }
        for _ in 0..before {
            desk.batch();
        }
        desk.fill(99, SMALL, 1);
        let batches = [desk.batch().unwrap_or_default(), desk.batch().unwrap_or_default()].concat();
        prop_assert_eq!(count_of(&batches, 99), 1);
    }
}

#[test]
fn a_large_item_does_not_displace_the_small_ones_of_others() {
    let mut desk = Desk::new(LIMITS);
    desk.fill(1, LARGE, 8);
    for of in 10..74 {
        desk.fill(of, SMALL, 1);
    }
    let batch = desk.batch().unwrap();
    assert_eq!(batch.len() - count_of(&batch, 1), 64);
    assert_eq!(count_of(&batch, 1), 1, "one fits beside them");
}

#[test]
fn a_flow_that_has_filled_its_share_is_refused_and_others_are_still_accepted() {
    let mut desk = Desk::new(QueueLimits { items_max: 100, ..LIMITS });
    let flooding = (0..200).map(|_| desk.push(1, SMALL)).filter(Result::is_ok).count();
    assert_eq!(flooding, 50);
    assert_eq!(desk.push(1, SMALL), Err(Reason::ShareFull));
    for of in 2..52 {
        assert_eq!(desk.push(of, SMALL), Ok(()), "a newcomer finds room as long as there is any");
    }
    assert_eq!(desk.push(99, SMALL), Err(Reason::QueueFull));
}

#[test]
fn bytes_are_shared_like_items() {
    let mut queue = FairQueue::new(QueueLimits { bytes_max: 1_000, ..LIMITS });
    let size = Size { rows: 1, bytes: 100 };
    let flooding = (0..20).map(|_| queue.push(actor(1), size, ())).filter(Result::is_ok).count();
    assert_eq!(flooding, 5);
    assert_eq!(queue.push(actor(2), Size { rows: 1, bytes: 501 }, ()), Err(Reason::QueueFull));
    assert_eq!(queue.push(actor(2), Size { rows: 1, bytes: 500 }, ()), Ok(()));
}

#[test]
fn heavy_work_gets_a_third_of_the_time_while_interactive_users_wait() {
    let mut desk = Desk::new(LIMITS);
    desk.fill(1, LARGE, 1_000);
    desk.fill(2, LARGE, 1_000);
    let (mut heavy, mut longest) = (Duration::ZERO, Duration::ZERO);
    let start = desk.now;
    // Sixteen users, each with one order at a time, who take two milliseconds to send the next.
    let mut back_at = [start; 16];
    let mut light = 0;
    while desk.now < start + Duration::from_secs(2) {
        for (of, back_at) in (10_u128..).zip(&mut back_at) {
            if *back_at <= desk.now {
                desk.fill(of, SMALL, 1);
                *back_at = start + Duration::from_secs(3_600);
            }
        }
        let before = desk.now;
        let Some(batch) = desk.batch() else {
            // A user who comes back ends the wait.
            desk.now = desk.now.min(back_at.iter().copied().min().unwrap_or(desk.now).max(before));
            continue;
        };
        if count_of(&batch, 1) + count_of(&batch, 2) > 0 {
            heavy += desk.now - before;
        }
        longest = longest.max(desk.now - before);
        for ((of, _), _) in batch {
            if of >= 10 {
                light += 1;
                back_at[of as usize - 10] = desk.now + Duration::from_millis(2);
            }
        }
    }
    let total = desk.now - start;
    assert!(heavy < total.mul_f64(0.4), "{heavy:?} of {total:?}");
    assert!(longest <= Duration::from_micros(10) * BATCH_ROWS_MAX);
    // Alone they would need 2.8 ms for each round of 16.
    let alone = total.as_secs_f64() / 0.0028 * 16.0;
    assert!(f64::from(light) > 0.6 * alone, "{light} of {alone}");
    assert!(heavy > total.mul_f64(0.2), "heavy work goes on: {heavy:?}");
}

#[test]
fn heavy_work_is_not_paced_while_nothing_else_waits() {
    for flows in [1, 2] {
        let mut desk = Desk::new(LIMITS);
        for of in 0..flows {
            desk.fill(of, LARGE, 20);
        }
        let batches = std::iter::from_fn(|| Some(desk.batch()).filter(|batch| *batch != Some(Vec::new())));
        assert_eq!(batches.map(|batch| batch.map_or(0, |batch| batch.len())).sum::<usize>(), 20 * flows as usize);
        assert_eq!(desk.queue.rest_until, None);
    }
}

#[test]
fn heavy_work_is_not_paced_after_the_queue_is_closed() {
    let mut desk = Desk::new(LIMITS);
    desk.fill(1, LARGE, 3);
    desk.fill(2, SMALL, 1);
    assert_eq!(desk.batch().map(|batch| batch.len()), Some(2));
    assert!(matches!(desk.queue.take(desk.now), Taken::RestUntil(_)));
    desk.queue.end_pacing();
    assert_eq!(desk.batch().map(|batch| batch.len()), Some(1));
}

#[test]
fn maintenance_takes_turns_with_the_orders_of_users() {
    let mut queue = FairQueue::new(LIMITS);
    let size = |rows| Size { rows, bytes: 0 };
    for _ in 0..100 {
        assert_eq!(queue.push(Flow::Maintenance, size(64), "maintenance"), Ok(()));
    }
    for of in 0..8 {
        for _ in 0..100 {
            assert_eq!(queue.push(actor(of), size(SMALL), "order"), Ok(()));
        }
    }
    let Taken::Batch(batch) = queue.take(Instant::now()) else { panic!("a batch") };
    let tasks = batch.iter().filter(|item| **item == "maintenance").count();
    assert!((1..=4).contains(&tasks), "{tasks} of {}", batch.len());
}
