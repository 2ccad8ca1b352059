//! The scheduler: deficit round robin (Shreedhar and Varghese, 1995) between flows, in batches of
//! bounded size, and pacing of heavy work to protect light work. Pure: no clock, no waiting.
//!
//! * Each flow is a FIFO queue. In each round every flow has one turn. A turn is worth
//!   [`QUANTUM_ROWS`]. If the next item is larger than the remaining quantum, the flow keeps the
//!   remainder for its next turn. So every backlogged flow gets the same number of rows, regardless
//!   of the size of its items. A flow whose next item does not fit into the batch continues in the
//!   next batch, and others are at most one round ahead of it.
//! * A flow may hold as many items, and as many bytes, as there is free room. A single flow can
//!   take at most half of the queue, two can take a third each, and a new flow is accepted as long
//!   as there is any room.
//! * Round robin alone does not protect users who wait for each answer before they send the next
//!   request: between their requests the writer would take the next heavy item, and they would wait
//!   behind it each time. So if other flows were active recently, heavy work pauses for twice the
//!   time it took: the other flows have the writer to themselves for two thirds of the time. If no
//!   other flow is active, nothing pauses.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use groups_domain::UserId;

use crate::Reason;

/// The quantum of one turn. An item, or a flow's part of a batch, is heavy if it exceeds this.
const QUANTUM_ROWS: u32 = 128;

/// Maximum number of rows in a batch, which bounds its duration. A larger item gets a batch of its
/// own. This is enough for 256 of the smallest orders.
const BATCH_ROWS_MAX: u32 = 1_536;

/// How long after its last work a flow counts as active.
const ACTIVE_FOR: Duration = Duration::from_millis(250);

/// Maximum pause. A batch that took longer was not slow because of its size.
const REST_MAX: Duration = Duration::from_millis(100);

/// Pause after heavy work, as a multiple of the time it took.
const REST_FACTOR: f64 = 2.0;

/// The queue that an item belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Flow {
    /// A user's orders.
    Actor(UserId),
    /// All internal maintenance, as one flow.
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "on PostgreSQL it has connections of its own"))]
    Maintenance,
}

/// The cost of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Approximate number of rows that it reads and writes.
    pub(crate) rows: u32,
    /// Memory that it uses while queued, in bytes.
    pub(crate) bytes: usize,
}

/// Capacity of the queue. Items above it are rejected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueLimits {
    /// Items in all flows.
    pub(crate) items_max: usize,
    /// Bytes in all flows.
    pub(crate) bytes_max: usize,
    /// Items in one batch.
    pub(crate) batch_items_max: usize,
}

/// The next step for the consumer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken<T> {
    /// Execute these items in this order; at least one.
    Batch(Vec<T>),
    /// Only heavy work is queued, and it is paused until then.
    RestUntil(Instant),
    /// The queue is empty.
    Nothing,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct FairQueue<T> {
    limits: QueueLimits,
    flows: HashMap<Flow, FlowState<T>>,
    /// The flows with queued items, by round and order of arrival within it.
    turns: BTreeMap<Turn, Flow>,
    /// The round of the latest turn. A new flow gets its first turn in this round.
    round: u64,
    arrivals: u64,
    items: usize,
    bytes: usize,
    batches: u64,
    running: Option<Running>,
    /// The last two flows served with only light work, most recent first.
    light: [Option<(Flow, Instant)>; 2],
    rest_until: Option<Instant>,
    is_pacing: bool,
}

/// The round of a turn, and its position in the round.
type Turn = (u64, u64);

#[derive(Debug)]
struct FlowState<T> {
    waiting: VecDeque<Waiting<T>>,
    bytes: usize,
    /// Rows that the flow may still take in this turn, or has left over from earlier turns.
    deficit: u32,
    /// Whether the flow's next turn has already begun in an earlier batch.
    in_turn: bool,
    /// Number of a batch, and the rows taken in it.
    taken: (u64, u32),
}

#[derive(Debug)]
struct Waiting<T> {
    size: Size,
    /// Arrival order across all flows.
    arrival: u64,
    item: T,
}

/// The batch that was taken last, until the next one is requested.
#[derive(Clone, Copy, Debug)]
struct Running {
    since: Instant,
    rows: u32,
    /// Rows of flows that exceeded their quantum.
    heavy_rows: u32,
    heavy: Heavy,
}

/// Which flows had heavy work in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heavy {
    None,
    One(Flow),
    Several,
}

/// How a flow's turn ended.
enum TurnEnd {
    /// It has no more items.
    Empty,
    /// Its next item exceeds its remaining quantum.
    Spent,
    /// Its next item no longer fits into the batch.
    Later,
    /// It has used its allowance while heavy work is paused.
    Resting,
    /// The batch has reached its maximum number of items.
    Full,
}

impl<T> FairQueue<T> {
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self {
            limits,
            flows: HashMap::new(),
            turns: BTreeMap::new(),
            round: 0,
            arrivals: 0,
            items: 0,
            bytes: 0,
            batches: 0,
            running: None,
            light: [None; 2],
            rest_until: None,
            is_pacing: true,
        }
    }

    /// # Errors
    /// [`Reason::ShareFull`] if the flow has used up its share, [`Reason::QueueFull`] if there is
    /// no room at all.
    pub(crate) fn push(&mut self, flow: Flow, size: Size, item: T) -> Result<(), Reason> {
        let (items_free, bytes_free) =
            (self.limits.items_max.saturating_sub(self.items), self.limits.bytes_max.saturating_sub(self.bytes));
        if items_free == 0 {
            return Err(Reason::QueueFull);
        }
        match self.flows.get(&flow) {
            Some(state) if state.waiting.len() >= items_free || state.bytes + size.bytes > bytes_free => {
                return Err(Reason::ShareFull);
            }
            None if size.bytes > bytes_free => return Err(Reason::QueueFull),
            Some(_) | None => {}
        }
        let state = self.flows.entry(flow).or_insert_with(|| {
            self.arrivals += 1;
            self.turns.insert((self.round, self.arrivals), flow);
            FlowState { waiting: VecDeque::new(), bytes: 0, deficit: 0, in_turn: false, taken: (0, 0) }
        });
        self.arrivals += 1;
        state.waiting.push_back(Waiting { size, arrival: self.arrivals, item });
        state.bytes += size.bytes;
        self.items += 1;
        self.bytes += size.bytes;
        Ok(())
    }

    /// The next batch. Call it when the last batch is done: the time between the calls counts as
    /// its duration.
    pub(crate) fn take(&mut self, now: Instant) -> Taken<T> {
        self.note_duration(now);
        if self.items == 0 {
            return Taken::Nothing;
        }
        let rest_until = self.rest_until.filter(|until| now < *until && self.is_pacing);
        self.rest_until = rest_until;
        let batch = self.form_batch(now, rest_until.is_some());
        match rest_until {
            Some(until) if batch.is_empty() => Taken::RestUntil(until),
            _ => Taken::Batch(batch),
        }
    }

    /// Ends all pauses, so that the queue drains as soon as possible.
    pub(crate) fn end_pacing(&mut self) {
        self.is_pacing = false;
    }

    /// All queued items, in no particular order.
    pub(crate) fn drain(&mut self) -> Vec<T> {
        self.turns.clear();
        (self.items, self.bytes) = (0, 0);
        self.flows.drain().flat_map(|(_, state)| state.waiting).map(|waiting| waiting.item).collect()
    }

    fn form_batch(&mut self, now: Instant, heavy_rests: bool) -> Vec<T> {
        let mut batch = Vec::with_capacity(self.items.min(self.limits.batch_items_max));
        let mut running = Running { since: now, rows: 0, heavy_rows: 0, heavy: Heavy::None };
        let (mut later, mut resting) = (Vec::new(), Vec::new());
        self.batches += 1;
        while let Some((turn, flow)) = self.turns.pop_first() {
            let is_ahead = later.first().is_some_and(|((round, _), _)| turn.0 > round + 1);
            if is_ahead || batch.len() >= self.limits.batch_items_max.max(1) {
                self.turns.insert(turn, flow);
                break;
            }
            self.round = self.round.max(turn.0);
            match self.take_turn(flow, heavy_rests, &mut batch, &mut running) {
                TurnEnd::Empty => {
                    let taken = self.flows.remove(&flow).map_or(0, |state| state.taken.1);
                    if taken <= QUANTUM_ROWS && matches!(flow, Flow::Actor(_)) {
                        self.note_light(flow, now);
                    }
                }
                TurnEnd::Spent => {
                    self.arrivals += 1;
                    self.turns.insert((turn.0 + 1, self.arrivals), flow);
                }
                TurnEnd::Later => later.push((turn, flow)),
                TurnEnd::Resting => resting.push((turn, flow)),
                TurnEnd::Full => {
                    self.turns.insert(turn, flow);
                    break;
                }
            }
        }
        self.turns.extend(later);
        // Turns missed during a pause are not made up.
        self.turns.extend(resting.into_iter().map(|((round, place), flow)| ((round.max(self.round), place), flow)));
        if !batch.is_empty() {
            self.running = Some(running);
        }
        // Fairness decides what is in the batch; within it, items are in order of arrival.
        batch.sort_unstable_by_key(|waiting| waiting.arrival);
        batch.into_iter().map(|waiting| waiting.item).collect()
    }

    fn take_turn(
        &mut self,
        flow: Flow,
        heavy_rests: bool,
        batch: &mut Vec<Waiting<T>>,
        running: &mut Running,
    ) -> TurnEnd {
        let Some(state) = self.flows.get_mut(&flow) else { return TurnEnd::Empty };
        if state.taken.0 != self.batches {
            state.taken = (self.batches, 0);
        }
        loop {
            let Some(size) = state.waiting.front().map(|waiting| waiting.size) else { return TurnEnd::Empty };
            if batch.len() >= self.limits.batch_items_max.max(1) {
                return TurnEnd::Full;
            }
            let taken = state.taken.1.saturating_add(size.rows);
            if heavy_rests && taken > QUANTUM_ROWS {
                return TurnEnd::Resting;
            }
            if !state.in_turn {
                state.in_turn = true;
                state.deficit = state.deficit.saturating_add(QUANTUM_ROWS);
            }
            if size.rows > state.deficit {
                state.in_turn = false;
                return TurnEnd::Spent;
            }
            if !batch.is_empty() && running.rows.saturating_add(size.rows) > BATCH_ROWS_MAX {
                return TurnEnd::Later;
            }
            batch.extend(state.waiting.pop_front());
            state.deficit -= size.rows;
            state.bytes -= size.bytes;
            self.items -= 1;
            self.bytes -= size.bytes;
            let beyond = |rows: u32| rows.saturating_sub(QUANTUM_ROWS);
            running.heavy_rows = running.heavy_rows.saturating_add(beyond(taken) - beyond(state.taken.1));
            running.rows = running.rows.saturating_add(size.rows);
            state.taken.1 = taken;
            if taken > QUANTUM_ROWS {
                running.heavy = match running.heavy {
                    Heavy::None => Heavy::One(flow),
                    Heavy::One(known) if known == flow => running.heavy,
                    Heavy::One(_) | Heavy::Several => Heavy::Several,
                };
            }
        }
    }

    /// Pauses the heavy flows of the finished batch if another flow was active.
    fn note_duration(&mut self, now: Instant) {
        let Some(running) = self.running.take() else { return };
        let others_active = self.light.iter().flatten().any(|(flow, at)| {
            now.saturating_duration_since(*at) <= ACTIVE_FOR.max(now.saturating_duration_since(running.since))
                && match running.heavy {
                    Heavy::None => false,
                    Heavy::One(heavy) => heavy != *flow,
                    Heavy::Several => true,
                }
        });
        if !others_active {
            return;
        }
        let took = now.saturating_duration_since(running.since).min(REST_MAX);
        let heavy_part = f64::from(running.heavy_rows) / f64::from(running.rows.max(1));
        let rest = took.mul_f64(heavy_part * REST_FACTOR);
        self.rest_until = Some(now + rest.min(REST_MAX));
    }

    fn note_light(&mut self, flow: Flow, now: Instant) {
        if self.light[0].is_some_and(|(known, _)| known != flow) {
            self.light[1] = self.light[0];
        }
        self.light[0] = Some((flow, now));
    }
}

#[cfg(test)]
mod tests;
