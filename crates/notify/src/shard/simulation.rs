//! Deterministic simulation: servers, the log, a bus that loses, duplicates and delays wake-ups,
//! and clients that disconnect and resume, in one process. The order and times of all events follow
//! from a seed.
//!
//! It checks the guarantee of `docs/delivery.md`: each client receives each version of its groups
//! once and in order, ends with the correct state, and receives nothing about other groups. The
//! shards and sessions are real; the store, the relays, the network and the clients are models. The
//! limits are small enough that each of them is reached.
//!
//! A failing run prints its seed. To replay it, or to run a longer simulation:
//!
//! ```text
//! GROUPS_SIMULATION_SEED=7 GROUPS_SIMULATION_STEPS=1000000 cargo test --release -p notify --lib simulation
//! ```

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a test says how to replay it")]

mod client;
mod random;
mod server;
mod stats;
mod store;

use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::FutureExt;
use groups_protocol::GroupBody;
use uuid::Uuid;

use self::client::{Client, Connection, INFLIGHT_MAX, Loading, Reaction};
use self::random::Random;
use self::server::{Server, SharedSocket, moment};
use self::stats::Stats;
use self::store::{CommitOrder, Store};
use super::*;
use crate::hub::ConnectionPermit;
use crate::session::{Session, Transmit};
use crate::world::user;
use crate::{Grant, PieceMax};

/// Groups per piece of a list.
const SNAPSHOT_GROUPS_MAX: usize = 2;

/// Number of clients: more than users, so that users have several devices.
const CLIENTS: u64 = 9;

/// Number of users with a client.
const CLIENT_USERS: u64 = 3;

/// Maximum number of steps until the simulation comes to rest and is compared with the store.
const STEPS_TO_REST: u64 = 2_000;

/// Maximum time in milliseconds until every client is up to date after the last change.
const REST_MS: u64 = 30_000;

/// Limits that are reached within a few steps; a smaller `factor` reaches them more often.
fn tight(factor: usize, random: &mut Random) -> HubLimits {
    // With the long interval, only pending output wakes a connection.
    let heartbeat = if random.chance(50) { Duration::from_secs(5) } else { Duration::from_secs(300) };
    HubLimits {
        heartbeat,
        queue_frames_max: 4 * factor,
        queue_bytes_max: 3_072 * factor,
        opening_queue_frames_max: 6 * factor,
        opening_queue_bytes_max: 4_096 * factor,
        close_grace: Duration::from_secs(1),
        opening_stall: Duration::from_secs(3),
        journal_changes_max: 3 * factor,
        snapshot_groups_max: SNAPSHOT_GROUPS_MAX,
        ..HubLimits::default()
    }
}

/// Number of simulations in a normal run, and the steps of each.
const SEEDS: u64 = 24;
const SEED_STEPS: u64 = 25_000;

/// What differs between one rest and the next.
struct Pace {
    /// Steps out of 1,000 that begin a transaction.
    changes: u64,
    /// Percentage of wake-ups that are lost.
    lost_wakes: u64,
    /// Percentage of relay and worker steps that are skipped.
    lag: u64,
}

struct Simulation {
    random: Random,
    now_ms: u64,
    pace: Pace,
    limits: Arc<HubLimits>,
    counters: Arc<Counters>,
    store: Store,
    /// `None` while a server is down.
    servers: Vec<Option<Server>>,
    workers: usize,
    /// Wake-ups in flight: when they arrive, and at which server.
    bus: Vec<(u64, usize)>,
    clients: Vec<Client>,
    /// Connections whose client disconnected silently.
    orphans: Vec<Connection>,
    connections: u128,
    /// No failures and no changes, so that the simulation comes to rest.
    calm: bool,
    stats: Stats,
}

impl Simulation {
    /// Continues the counts of earlier simulations.
    fn new(seed: u64, stats: Stats) -> Self {
        let mut random = Random::new(seed);
        let order = if random.chance(25) { CommitOrder::Kept } else { CommitOrder::Free };
        let (servers, workers, factor) = (1 + random.index(3), 1 + random.index(2), 1 + random.index(6));
        let clients = (0..CLIENTS).map(|number| Client::new(user(u128::from(1 + number % CLIENT_USERS)))).collect();
        let limits = tight(factor, &mut random);
        let mut simulation = Self {
            random,
            now_ms: 0,
            limits: Arc::new(limits),
            pace: Pace { changes: 0, lost_wakes: 0, lag: 0 },
            counters: Arc::default(),
            store: Store::new(order),
            servers: (0..servers).map(|_| None).collect(),
            workers,
            bus: Vec::new(),
            clients,
            orphans: Vec::new(),
            connections: 0,
            calm: false,
            stats,
        };
        simulation.store.stats = std::mem::take(&mut simulation.stats.store);
        (0..servers).for_each(|server| simulation.start(server));
        simulation
    }

    fn run(mut self, steps: u64) -> Stats {
        let mut done = 0;
        while done < steps {
            let turn = 1 + self.random.below(STEPS_TO_REST);
            let lost_wakes = [0, 30, 100][self.random.index(3)];
            let lag = [0, 0, 80, 95][self.random.index(4)];
            self.pace = Pace { changes: 5 << self.random.below(5), lost_wakes, lag };
            (0..turn).for_each(|_| self.step());
            done += turn;
            self.rest();
        }
        self.leave();
        self.stats.store = std::mem::take(&mut self.store.stats);
        self.stats.overflows += self.counters.overflows.load(Relaxed);
        self.stats.journal_overflows += self.counters.journal_overflows.load(Relaxed);
        self.stats
    }

    /// Runs one random step.
    fn step(&mut self) {
        let pause = self.random.below(20);
        self.pass(pause);
        if self.random.below(1_000) < self.pace.changes {
            self.store.begin(&mut self.random);
            return;
        }
        let server = self.random.index(self.servers.len());
        match self.random.below(1_000) {
            0..100 => self.end_transaction(),
            100..300 if self.random.chance(self.pace.lag) => {}
            100..200 => self.relay(server),
            200..300 => {
                let worker = self.random.index(self.workers);
                self.work(server, worker);
            }
            300..970 => {
                let client = self.random.index(self.clients.len());
                self.client(client);
            }
            970..980 => self.orphan(),
            980..990 => self.save_or_restore(),
            990..994 => self.disturb_client(),
            994..996 => self.drain(server),
            996 => self.crash(server),
            _ => self.start(server),
        }
    }

    /// Advances the clock and runs what is due.
    fn pass(&mut self, pause_ms: u64) {
        self.now_ms += pause_ms;
        let now_ms = self.now_ms;
        let (due, later) = std::mem::take(&mut self.bus).into_iter().partition(|(at, _)| *at <= now_ms);
        self.bus = later;
        for (_, server) in Vec::from_iter::<Vec<(u64, usize)>>(due) {
            if let Some(server) = &mut self.servers[server] {
                server.wake();
            }
        }
        for server in self.servers.iter_mut().flatten() {
            server.keep_time(now_ms);
        }
    }

    fn end_transaction(&mut self) {
        if !self.store.end(&mut self.random) {
            return;
        }
        for server in 0..self.servers.len() {
            if self.random.chance(self.pace.lost_wakes) {
                self.stats.lost_wakes += 1;
                continue;
            }
            let copies = 1 + self.random.below(2);
            self.stats.doubled_wakes += copies - 1;
            for _ in 0..copies {
                let delay = self.random.below(500);
                self.bus.push((self.now_ms + delay, server));
            }
        }
    }

    fn relay(&mut self, server: usize) {
        // The log is unreadable for a while.
        if !self.calm && self.random.chance(5) {
            return;
        }
        if let Some(server) = &mut self.servers[server] {
            self.stats.polls += u64::from(server.relay(&mut self.store, self.now_ms));
        }
    }

    fn work(&mut self, server: usize, worker: usize) {
        if let Some(server) = &mut self.servers[server] {
            server.work(worker, moment(self.now_ms));
        }
    }

    fn start(&mut self, server: usize) {
        if self.servers[server].is_none() {
            let server_now = Server::start(&self.store, self.now_ms, self.workers, &self.limits, &self.counters);
            self.servers[server] = Some(server_now);
        }
    }

    /// Crashes a server. What it has sent may still arrive.
    fn crash(&mut self, which: usize) {
        if self.servers[which].take().is_none() {
            return;
        }
        self.stats.crashes += 1;
        self.orphans.retain(|connection| connection.server != which);
        for client in &mut self.clients {
            if let Some(connection) = &mut client.connection {
                connection.ended |= connection.server == which;
            }
        }
    }

    fn drain(&mut self, server: usize) {
        if let Some(server) = &mut self.servers[server] {
            server.drain(moment(self.now_ms), &mut self.random);
        }
    }

    /// A client disconnects silently, or stops reading for a while.
    fn disturb_client(&mut self) {
        let which = self.random.index(self.clients.len());
        if self.random.chance(50) {
            self.away(which, 1_000);
            self.stats.drops += 1;
        } else {
            let pause = self.random.below(12_000);
            self.clients[which].idle_until = self.now_ms + pause;
        }
    }

    /// Drops the client's end of a connection. The server notices later.
    fn away(&mut self, which: usize, pause_max_ms: u64) {
        let pause = self.random.below(pause_max_ms);
        let client = &mut self.clients[which];
        client.idle_until = self.now_ms + pause;
        if let Some(connection) = client.connection.take()
            && !connection.ended
        {
            self.orphans.push(connection);
        }
    }

    /// A client saves its view, or restores an earlier one.
    fn save_or_restore(&mut self) {
        let which = self.random.index(self.clients.len());
        if self.random.chance(50) {
            self.clients[which].saved = self.clients[which].view.clone();
        } else if let Some(saved) = self.clients[which].saved.clone() {
            self.away(which, 1_000);
            self.clients[which].view = Some(saved);
            self.stats.restored_views += 1;
        }
    }

    /// Runs the server's end of a connection without a client.
    fn orphan(&mut self) {
        if self.orphans.is_empty() {
            return;
        }
        let which = self.random.index(self.orphans.len());
        let mut connection = self.orphans.swap_remove(which);
        if self.random.chance(60) && !connection.shut_down.get() {
            connection.inflight.clear();
            self.serve(&mut connection);
        } else {
            self.disconnect(&mut connection);
        }
        if !connection.ended {
            self.orphans.push(connection);
        }
    }

    fn disconnect(&mut self, connection: &mut Connection) {
        connection.ended = true;
        if let Some(server) = &mut self.servers[connection.server] {
            let worker = &mut server.workers[connection.worker];
            worker.shard.disconnect(&connection.conn);
            worker.awake.remove(&connection.conn.connection_id.as_u128());
        }
    }

    /// Runs one step of a client, or of the server on its behalf.
    fn client(&mut self, which: usize) {
        let Some(mut connection) = self.clients[which].connection.take() else {
            if self.now_ms >= self.clients[which].idle_until {
                self.connect(which);
            }
            return;
        };
        if !connection.ended && connection.shut_down.get() {
            self.disconnect(&mut connection);
        }
        let serve = !connection.ended && self.random.chance(50);
        if serve {
            self.serve(&mut connection);
        }
        let empty = connection.inflight.is_empty();
        let ended = connection.ended;
        self.clients[which].connection = Some(connection);
        if self.now_ms < self.clients[which].idle_until || serve {
            return;
        }
        if ended && (empty || self.random.chance(20)) {
            self.away(which, 1_000);
        } else if !empty {
            self.receive(which);
        }
    }

    fn connect(&mut self, which: usize) {
        let server = self.random.index(self.servers.len());
        let worker = self.random.index(self.workers);
        let (pause, expires_ms) = (self.random.below(500), 1_000 + self.random.below(60_000));
        let client = &mut self.clients[which];
        let Some(up) = &mut self.servers[server] else {
            client.idle_until = self.now_ms + pause;
            return;
        };
        self.connections += 1;
        let cx = Cx { now: moment(self.now_ms), limits: &self.limits, counters: &self.counters };
        let grant = Grant::lasting(Duration::from_millis(expires_ms));
        let session = Session::new(&cx, grant, Duration::from_millis(pause));
        let shut_down = Rc::new(Cell::new(false));
        let socket = Box::new(SharedSocket(Rc::clone(&shut_down)));
        let conn = Conn::new(
            Uuid::from_u128(self.connections),
            session,
            ConnectionPermit::without_slot(client.user_id),
            socket,
        );
        up.workers[worker].shard.connect(&conn);
        up.workers[worker].awake.insert(self.connections);
        client.connection = Some(Connection::new(server, worker, conn, shut_down, client.cursor()));
    }

    /// Runs the server for one connection: it registers it, reads, and sends.
    fn serve(&mut self, connection: &mut Connection) {
        let fails = !self.calm && self.random.chance(2);
        let send = self.random.chance(50);
        let now = moment(self.now_ms);
        let Some(server) = &mut self.servers[connection.server] else { return };
        let worker = &mut server.workers[connection.worker];
        let conn = Rc::clone(&connection.conn);
        if send {
            self.transmit(connection);
            return;
        }
        connection.loading = match std::mem::replace(&mut connection.loading, Loading::Done) {
            Loading::Connected if worker.shard.register(&conn) => Loading::Registered,
            Loading::Registered => {
                let cursor = connection.cursor.as_deref();
                let resumed = cursor.and_then(|cursor| self.store.resume(&server.recent, conn.user_id(), cursor));
                let read = (!fails).then(|| resumed.unwrap_or_else(|| self.store.open(conn.user_id(), cursor)));
                Loading::Read(read.map(Box::new))
            }
            Loading::Read(read) => {
                let opening = match read {
                    Some(read) => {
                        connection.truth = Some((read.opening.seen.clone(), read.list, read.pending));
                        Ok(read.opening)
                    }
                    None => Err(SourceError::new("it cannot be read")),
                };
                worker.shard.opened(now, &conn, opening).map_or(Loading::Done, Loading::List)
            }
            Loading::List(mut unread) if conn.session.borrow().wants_piece() => {
                let max = PieceMax { groups: SNAPSHOT_GROUPS_MAX, bytes: usize::MAX };
                let piece = unread.list.next(max).now_or_never().expect("the list is in memory");
                let piece = if fails { Err(SourceError::new("it cannot be read")) } else { piece };
                let more = piece.as_ref().is_ok_and(|piece| piece.more);
                worker.shard.list_piece(now, &conn, piece, &unread);
                if more { Loading::List(unread) } else { Loading::Done }
            }
            Loading::List(unread) => Loading::List(unread),
            Loading::Connected | Loading::Done => Loading::Done,
        };
        worker.flush();
    }

    /// The transport of a woken connection sends what fits.
    fn transmit(&mut self, connection: &mut Connection) {
        let cx = Cx { now: moment(self.now_ms), limits: &self.limits, counters: &self.counters };
        let Some(server) = &mut self.servers[connection.server] else { return };
        let awake = &mut server.workers[connection.worker].awake;
        let id = connection.conn.connection_id.as_u128();
        while awake.contains(&id) && connection.inflight.len() < INFLIGHT_MAX {
            let transmit = connection.conn.session.borrow_mut().transmit(&cx);
            match transmit {
                Transmit::Frame(frame) => connection.inflight.push_back(frame),
                Transmit::Wait => {
                    awake.remove(&id);
                }
                Transmit::End => {
                    self.disconnect(connection);
                    return;
                }
            }
        }
    }

    /// A client receives what has arrived.
    fn receive(&mut self, which: usize) {
        for _ in 0..=self.random.below(3) {
            match self.clients[which].receive(&self.store, &mut self.stats.clients) {
                Reaction::None => {}
                Reaction::Pong => self.answer(which, Input::Pong),
                Reaction::Closed(code) => {
                    *self.stats.closes.entry(code).or_default() += 1;
                    self.answer(which, Input::Close(Some(code)));
                    self.away(which, 1_000);
                    return;
                }
                Reaction::StartOver => {
                    self.stats.start_overs += 1;
                    self.away(which, 1_000);
                    self.clients[which].view = None;
                    return;
                }
            }
        }
    }

    fn answer(&mut self, which: usize, input: Input<'_>) {
        let Some(connection) = &self.clients[which].connection else { return };
        if connection.ended {
            return;
        }
        if let Some(server) = &mut self.servers[connection.server] {
            let worker = &mut server.workers[connection.worker];
            worker.shard.receive(moment(self.now_ms), &connection.conn, input);
            worker.awake.insert(connection.conn.connection_id.as_u128());
        }
    }

    /// Runs without changes and failures until every client is up to date. Then checks the
    /// guarantee.
    fn rest(&mut self) {
        self.calm = true;
        (0..self.servers.len()).for_each(|server| self.start(server));
        while self.store.is_busy() {
            self.end_transaction();
        }
        self.clients.iter_mut().for_each(|client| client.idle_until = self.now_ms);
        let deadline = self.now_ms + REST_MS;
        while !self.clients.iter().all(|client| client.is_settled(&self.store)) {
            if self.now_ms > deadline {
                let why: Vec<_> = self.clients.iter().filter(|client| !client.is_settled(&self.store)).collect();
                panic!(
                    "clients do not end with the truth: {:#?}",
                    why.iter().map(|c| c.describe(&self.store)).collect::<Vec<_>>()
                );
            }
            self.pass(100);
            for server in 0..self.servers.len() {
                self.relay(server);
                (0..self.workers).for_each(|worker| self.work(server, worker));
            }
            for client in 0..self.clients.len() {
                (0..4).for_each(|_| self.client(client));
            }
            self.orphan();
        }
        self.clients.iter_mut().for_each(|client| client.settle(&self.store));
        self.store.forget();
        self.stats.rests += 1;
        self.calm = false;
    }

    /// Disconnects all clients, and checks that no state remains.
    fn leave(&mut self) {
        (0..self.clients.len()).for_each(|client| self.away(client, 1));
        for mut connection in std::mem::take(&mut self.orphans) {
            self.disconnect(&mut connection);
        }
        self.servers.iter().flatten().for_each(Server::check_empty);
    }
}

/// Prints how to replay a failed run.
struct Replay {
    seed: u64,
    steps: u64,
}

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "replay: GROUPS_SIMULATION_SEED={} GROUPS_SIMULATION_STEPS={} cargo test -p notify --lib simulation",
                self.seed, self.steps
            );
        }
    }
}

fn simulate(seed: u64, steps: u64, stats: Stats) -> Stats {
    let _replay = Replay { seed, steps };
    Simulation::new(seed, stats).run(steps)
}

/// Reads a number from the environment.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is a number, not {value:?}")))
}

#[test]
fn every_client_of_every_server_receives_each_version_once_and_ends_up_consistent() {
    let (seed, steps) = (setting("GROUPS_SIMULATION_SEED"), setting("GROUPS_SIMULATION_STEPS"));
    let seeds = seed.map_or(1..=SEEDS, |seed| seed..=seed);
    let stats = seeds.fold(Stats::default(), |stats, seed| simulate(seed, steps.unwrap_or(SEED_STEPS), stats));
    println!("{stats:#?}");
    if (seed, steps) == (None, None) {
        stats.assert_complete();
    }
}

#[test]
fn a_simulation_is_reproducible_from_its_seed() {
    let run = |seed| simulate(seed, 2 * STEPS_TO_REST, Stats::default());
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
