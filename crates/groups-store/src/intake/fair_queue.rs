//! Who is next: deficit round robin (Shreedhar and Varghese, 1995) between flows, in batches of bounded size, and
//! pacing of heavy work beside light work. Pure: no clock, no waiting.
//!
//! * Each flow is a FIFO queue. In each round every flow has one turn. A turn is worth [`QUANTUM_ROWS`], and what a flow
//!   does not use for want of a large enough turn is kept for its next one. So every backlogged flow gets the same
//!   number of rows, whatever the size of its items. A flow whose next item does not fit into a batch goes on in the
//!   next one, and others are at most one round ahead of it.
//! * A flow may hold as many items, and as many bytes, as there is free room. One flow alone takes at most half of
//!   the queue, two take a third each, and a newcomer finds room as long as there is any.
//! * Round robin alone does not protect users who wait for each answer before they ask again: while they are away, the
//!   writer would take the next heavy item, and they would wait behind it each time. So after heavy work, heavy work
//!   rests for twice the time that it took, if other flows were active lately: these have the writer to themselves
//!   for two thirds of the time. Without others nobody rests.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use groups_domain::UserId;

use crate::Reason;

/// What one turn is worth. An item, or a flow's part of a batch, is heavy above it.
const QUANTUM_ROWS: u32 = 128;

/// A batch takes no further item beyond so many rows: that bounds the time that it takes. A larger item is alone in its batch.
/// It is room for 256 of the smallest orders.
const BATCH_ROWS_MAX: u32 = 1_536;

/// How long after its last work a flow counts as active.
const ACTIVE_FOR: Duration = Duration::from_millis(250);

/// The longest rest. A batch that took longer was not slow because of its size.
const REST_MAX: Duration = Duration::from_millis(100);

/// Rest for heavy work, as a multiple of the time it took.
const REST_FACTOR: f64 = 2.0;

/// Whose work it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Flow {
    /// A user's orders.
    Actor(UserId),
    /// What the program does for itself, all together.
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "on PostgreSQL it has connections of its own"))]
    Maintenance,
}

/// How much work an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Rows that it reads and writes, roughly.
    pub(crate) rows: u32,
    /// Memory that it takes while it waits.
    pub(crate) bytes: usize,
}

/// How much may wait. The next item is refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueLimits {
    /// Items in all flows.
    pub(crate) items_max: usize,
    /// Bytes in all flows.
    pub(crate) bytes_max: usize,
    /// Items in one batch.
    pub(crate) batch_items_max: usize,
}

/// What there is to do now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken<T> {
    /// These, in this order; at least one.
    Batch(Vec<T>),
    /// Only heavy work waits, and it rests until then.
    RestUntil(Instant),
    /// Nothing waits.
    Nothing,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct FairQueue<T> {
    limits: QueueLimits,
    flows: HashMap<Flow, FlowState<T>>,
    /// The flows that have something waiting, by round and order of arrival in it.
    turns: BTreeMap<Turn, Flow>,
    /// The round of the latest turn; a newcomer's first turn is in it.
    round: u64,
    arrivals: u64,
    items: usize,
    bytes: usize,
    batches: u64,
    running: Option<Running>,
    /// The two flows that were served last of those with little work, the later one first.
    light: [Option<(Flow, Instant)>; 2],
    rest_until: Option<Instant>,
    is_pacing: bool,
}

/// The round of a turn, and its place in it.
type Turn = (u64, u64);

#[derive(Debug)]
struct FlowState<T> {
    waiting: VecDeque<Waiting<T>>,
    bytes: usize,
    /// Rows that the flow may still take in this turn, or has saved from earlier ones.
    deficit: u32,
    /// Whether the turn that the flow waits for has begun in an earlier batch.
    in_turn: bool,
    /// Rows taken in the batch of that number.
    taken: (u64, u32),
}

#[derive(Debug)]
struct Waiting<T> {
    size: Size,
    /// Its place among all items, of all flows.
    arrival: u64,
    item: T,
}

/// The batch that was taken last, until the next one is asked for.
#[derive(Clone, Copy, Debug)]
struct Running {
    since: Instant,
    rows: u32,
    /// Rows of flows beyond their quantum.
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
    /// Nothing waits in it any more.
    Empty,
    /// Its next item is worth more than it may take now.
    Spent,
    /// Its next item does not fit into the batch any more.
    Later,
    /// It has taken what it may while heavy work rests.
    Resting,
    /// The batch has all its items.
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
    /// [`Reason::ShareFull`] if the flow has used up what one flow may hold, [`Reason::QueueFull`] if there is no room at all.
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

    /// The next batch. To be called once the last one is done: the time between is how long it took.
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

    /// From now on nobody rests: what waits is to be done as soon as possible.
    pub(crate) fn end_pacing(&mut self) {
        self.is_pacing = false;
    }

    /// Everything that waits, in no order.
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
        // Rest is not made up for afterwards.
        self.turns.extend(resting.into_iter().map(|((round, place), flow)| ((round.max(self.round), place), flow)));
        if !batch.is_empty() {
            self.running = Some(running);
        }
        // Who is in the batch is a matter of fairness; in it, who came first comes first.
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

    /// Heavy work of the batch that has ended rests, if somebody else was active.
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
