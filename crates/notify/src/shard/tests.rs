//! Tests of the shard with random histories, clients that connect at any time, and reads ahead of
//! and behind the deliveries.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt;
use groups_domain::{Command, EventKind, Folded, JoinPolicy, NewMember, Note, Role, Sidebar, SidebarRow, View};
use groups_protocol::EventBody;
use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::conn::Socket;
use crate::hub::ConnectionPermit;
use crate::session::{Session, Transmit};
use crate::world::{ADA, BOB, EVE, World, group, user};
use crate::{Grant, PieceMax};

struct NoSocket;

impl Socket for NoSocket {
    fn shut_down(&self) -> bool {
        false
    }
}

/// A shard with a model of the store. Deliveries may lag behind the commits, independently for each
/// group.
struct Bench {
    world: World,
    shard: Shard,
    limits: Arc<HubLimits>,
    /// For each group, the commits that are not delivered yet, in order.
    undelivered: BTreeMap<GroupId, VecDeque<usize>>,
    numbering: usize,
}

/// A client without a socket.
struct Device {
    user_id: UserId,
    conn: Rc<Conn>,
    /// The position from which it resumes.
    cursor: Option<usize>,
    /// The number of commits that its read has seen.
    read: Option<usize>,
    answered: bool,
    /// The part of its list that is not read yet.
    unread: Option<UnreadList>,
    /// The frames it has received.
    taken: Vec<Bytes>,
}

/// Transaction ids are assigned before the commits, so they may be in another order. Each block of
/// four has one of these orders.
const NUMBERINGS: [[u64; 4]; 4] = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]];

impl Bench {
    fn new(limits: HubLimits, numbering: usize) -> Self {
        let limits = Arc::new(limits);
        let shard = Shard::new(Arc::clone(&limits), Arc::default());
        Self { world: World::default(), shard, limits, undelivered: BTreeMap::new(), numbering }
    }

    /// The commit number of a commit.
    fn number(&self, commit: usize) -> u64 {
        let block = NUMBERINGS[(self.numbering + commit / 4) % NUMBERINGS.len()];
        (commit / 4 * 4) as u64 + block[commit % 4]
    }

    fn delivery(&self, commit: usize) -> Arc<Delivery> {
        Arc::new(Delivery::new(
            self.world.delivery(commit).change().clone(),
            format!("c{}", commit + 1),
            self.number(commit),
        ))
    }

    fn execute(&mut self, group_id: GroupId, actor: UserId, command: Command) {
        if self.world.try_execute(group_id, actor, command).is_some() {
            self.undelivered.entry(group_id).or_default().push_back(self.world.len() - 1);
        }
    }

    /// Delivers the next change of one of the groups that have one.
    fn deliver(&mut self, pick: usize) -> bool {
        let waiting: Vec<GroupId> =
            self.undelivered.iter().filter(|(_, commits)| !commits.is_empty()).map(|(group_id, _)| *group_id).collect();
        let Some(group_id) = waiting.get(pick % waiting.len().max(1)) else { return false };
        let commit = self.undelivered.get_mut(group_id).unwrap().pop_front().unwrap();
        let delivery = self.delivery(commit);
        self.shard.deliver(Moment::default(), &delivery);
        true
    }

    fn deliver_all(&mut self) {
        while self.deliver(0) {}
    }

    fn connect(&mut self, user_id: UserId, cursor: Option<usize>) -> Device {
        let counters = Counters::default();
        let cx = Cx { now: Moment::default(), limits: &self.limits, counters: &counters };
        let session = Session::new(&cx, Grant::lasting(Duration::MAX), Duration::ZERO);
        let conn = Conn::new(Uuid::nil(), session, ConnectionPermit::without_slot(user_id), Box::new(NoSocket));
        self.shard.connect(&conn);
        assert!(self.shard.register(&conn));
        Device { user_id, conn, cursor, read: None, answered: false, unread: None, taken: Vec::new() }
    }

    fn read(&self, device: &mut Device) {
        if device.read.is_none() {
            device.read = Some(self.world.len());
        }
    }

    fn answer(&mut self, device: &mut Device) {
        let Some(read) = device.read.filter(|_| !device.answered) else { return };
        device.answered = true;
        let cursor = device.cursor.map(|from| format!("c{from}"));
        let mut opening = self.world.open(device.user_id, cursor.as_deref(), read);
        let below = (0..read).map(|commit| self.number(commit) + 1).max().unwrap_or(0);
        // Commits below `below` that are committed after the read.
        let except = (read..read + 4).map(|commit| self.number(commit)).filter(|number| *number < below).collect();
        opening.seen = ReadPoint { below, except };
        device.unread = self.shard.opened(Moment::default(), &device.conn, Ok(opening));
    }

    /// Reads the next piece of the list.
    fn read_on(&mut self, device: &mut Device) {
        let Some(mut unread) = device.unread.take() else { return };
        let max = PieceMax { groups: 1, bytes: usize::MAX };
        let piece = unread.list.next(max).now_or_never().expect("it is in memory");
        let more = piece.as_ref().is_ok_and(|piece| piece.more);
        self.shard.list_piece(Moment::default(), &device.conn, piece, &unread);
        device.unread = Some(unread).filter(|_| more);
    }

    /// The client takes a frame, or the next piece of its list is read. Returns `false` if there
    /// was nothing to do.
    fn take(&mut self, device: &mut Device) -> bool {
        let counters = Counters::default();
        let cx = Cx { now: Moment::default(), limits: &self.limits, counters: &counters };
        let transmit = device.conn.session.borrow_mut().transmit(&cx);
        match transmit {
            Transmit::Frame(frame) => device.taken.push(frame),
            _ if device.unread.is_some() => self.read_on(device),
            _ => return false,
        }
        true
    }

    fn messages(&mut self, device: &mut Device) -> Vec<Bytes> {
        while self.take(device) {}
        std::mem::take(&mut device.taken)
    }

    fn sidebar(&self, user_id: UserId, read: usize) -> Sidebar {
        let rows = self.world.list(user_id, read).into_iter().map(|(group, role)| SidebarRow { group, role });
        Sidebar::with_pending(rows, self.world.pending(user_id, read))
    }

    /// Whether a user leaves the group of a change after it.
    fn leaves_after(&self, commit: usize, user_id: UserId) -> bool {
        let group_id = self.world.delivery(commit).change().group_id();
        let mut told = (commit + 1..self.world.len()).filter_map(|commit| self.world.told(commit).get(&user_id));
        told.any(|event| event.group_id == group_id && matches!(event.kind, EventKind::RemovedFromGroup { .. }))
    }

    /// Checks the delivery guarantee: the device's view is correct, and it received exactly one
    /// event per version.
    fn check(&mut self, device: &mut Device) {
        let messages = self.messages(device);
        let user_id = device.user_id;
        let read = device.read.unwrap();
        let json = |frame: &Bytes| -> Value {
            let start = frame.iter().position(|byte| *byte == b'{').unwrap();
            serde_json::from_slice(&frame[start..]).unwrap()
        };
        let from = device.cursor.unwrap_or(read);
        let mut sidebar = self.sidebar(user_id, from);
        let mut told: Vec<usize> = Vec::new();
        let mut told_before_ready = None;
        let mut listed: Vec<String> = Vec::new();
        for frame in &messages {
            let message = json(frame);
            match message["type"].as_str().unwrap() {
                "welcome" => assert_eq!(message["resumed"], device.cursor.is_some()),
                "snapshot" => {
                    let groups = message["groups"].as_array().unwrap().iter();
                    listed.extend(groups.map(|group| group["group_id"].as_str().unwrap().to_owned()));
                    if message["more"] == false {
                        let expected = self.world.list(user_id, read);
                        let expected: Vec<String> =
                            expected.iter().map(|(group, _)| group.group_id.to_string()).collect();
                        assert_eq!(listed, expected);
                    }
                }
                "ready" => told_before_ready = Some(told.len()),
                _ => {
                    let version = message["version"].as_u64().unwrap();
                    let is_it = |commit: &usize| {
                        let delivery = self.world.delivery(*commit);
                        let change = delivery.change();
                        change.version().get() == version && change.group_id().to_string() == message["group_id"]
                    };
                    let commit = (0..self.world.len()).find(is_it).expect("an event is of a change");
                    let delivery = self.delivery(commit);
                    let event = &self.world.told(commit)[&user_id];
                    // Those who are no longer in the group are told of what they missed as plain members.
                    let plain = delivery.change().event(View::Other);
                    let may_be_plain = told_before_ready.is_none() && self.leaves_after(commit, user_id);
                    let event_frame = |event| crate::frame::json(&EventBody::new(event, delivery.cursor()));
                    let is_expected = *frame == event_frame(event) || may_be_plain && *frame == event_frame(&plain);
                    assert!(is_expected, "everybody gets their own view");
                    let folded = sidebar.fold(event);
                    assert_eq!(
                        folded,
                        Folded::Applied,
                        "{user_id} at change {commit} of {told:?}, read {read}, from {from}"
                    );
                    told.push(commit);
                }
            }
        }
        assert!(told_before_ready.is_some(), "it became ready");
        let missed = (from..read).filter(|commit| self.world.told(*commit).contains_key(&user_id)).count();
        assert!(told_before_ready == Some(missed), "missed events come before ready, others after it");
        told.sort_unstable();
        let expected: Vec<usize> =
            (from..self.world.len()).filter(|commit| self.world.told(*commit).contains_key(&user_id)).collect();
        assert_eq!(told, expected, "each version that concerns {user_id} once");
        let expected = self.sidebar(user_id, self.world.len());
        assert_eq!(sidebar.rows().collect::<Vec<_>>(), expected.rows().collect::<Vec<_>>());
        assert_eq!(sidebar.pending().collect::<Vec<_>>(), expected.pending().collect::<Vec<_>>());
    }
}

fn roomy() -> HubLimits {
    HubLimits {
        queue_frames_max: 100_000,
        queue_bytes_max: 100_000_000,
        snapshot_groups_max: 500,
        ..HubLimits::default()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Execute { group: u8, actor: u8, command: u8, target: u8 },
    Deliver { pick: u8 },
    Connect { user: u8, resume: Option<u8> },
    Read { device: u8 },
    Answer { device: u8 },
    Take { device: u8 },
    Leave { device: u8 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..3u8, 0..4u8, 0..17u8, 0..4u8)
            .prop_map(|(group, actor, command, target)| Step::Execute { group, actor, command, target }),
        // Fewer than there are commits, so that deliveries lag.
        3 => any::<u8>().prop_map(|pick| Step::Deliver { pick }),
        3 => (0..2u8, proptest::option::of(any::<u8>())).prop_map(|(user, resume)| Step::Connect { user, resume }),
        3 => any::<u8>().prop_map(|device| Step::Read { device }),
        3 => any::<u8>().prop_map(|device| Step::Answer { device }),
        6 => any::<u8>().prop_map(|device| Step::Take { device }),
        1 => any::<u8>().prop_map(|device| Step::Leave { device }),
    ];
    proptest::collection::vec(step, 1..120)
}

fn command(which: u8, target: UserId, salt: usize) -> Command {
    match which {
        0 => Command::create("A", "").unwrap(),
        1 | 2 => Command::AddMember(NewMember::plain(target)),
        3 => Command::AddMembers([ADA, BOB, EVE].map(NewMember::plain).to_vec()),
        4 => Command::RemoveMember { user_id: target },
        5 => Command::Leave { successor: Some(target) },
        6 => Command::ChangeRole {
            user_id: target,
            role: if salt.is_multiple_of(3) { Role::Owner } else { Role::Admin },
        },
        7 => Command::UpdateSettings {
            name: Some(groups_domain::GroupName::parse(&format!("Name {salt}")).unwrap()),
            description: None,
            join_policy: None,
        },
        8 => Command::Invite { user_id: target, role: Role::Admin, expires_in_seconds: None },
        9 => Command::AcceptInvitation,
        10 => Command::DeclineInvitation,
        11 => Command::UpdateSettings { name: None, description: None, join_policy: Some(JoinPolicy::Request) },
        12 | 13 => Command::Join { message: Note::default() },
        14 => Command::ApproveJoinRequest { user_id: target, role: None },
        15 if salt.is_multiple_of(2) => Command::Ban { user_id: target, reason: Note::default() },
        15 => Command::Unban { user_id: target },
        _ if salt.is_multiple_of(4) => Command::DeleteGroup,
        _ => Command::RemoveMember { user_id: target },
    }
}

#[test]
fn nothing_is_read_for_a_connection_that_is_gone_or_closing() {
    let mut bench = Bench::new(roomy(), 0);
    let Device { conn: gone, .. } = bench.connect(ADA, None);
    bench.shard.disconnect(&gone);
    assert!(!bench.shard.register(&gone));
    let Device { conn: closing, .. } = bench.connect(BOB, None);
    bench.shard.close(Moment::default(), &closing, Close::restarting((1, 2)));
    assert!(!bench.shard.register(&closing));
}

#[test]
fn an_older_read_that_returns_last_misses_nothing() {
    let mut bench = Bench::new(roomy(), 0);
    bench.execute(group(1), ADA, command(0, ADA, 0));
    bench.execute(group(1), ADA, command(1, BOB, 0));
    bench.deliver_all();
    let (mut phone, mut laptop) = (bench.connect(BOB, None), bench.connect(BOB, None));
    bench.read(&mut phone);
    bench.execute(group(1), ADA, command(7, ADA, 1));
    bench.execute(group(1), ADA, command(4, BOB, 0));
    bench.read(&mut laptop);
    bench.answer(&mut laptop);
    bench.answer(&mut phone);
    bench.deliver_all();
    assert_eq!(
        bench.messages(&mut laptop).len(),
        3,
        "the laptop has seen that Bob is out: welcome, an empty list, ready"
    );
    bench.check(&mut phone);
}

#[test]
fn an_older_read_that_returns_first_misses_nothing() {
    let mut bench = Bench::new(roomy(), 0);
    bench.execute(group(1), ADA, command(0, ADA, 0));
    bench.execute(group(1), ADA, command(1, BOB, 0));
    bench.deliver_all();
    let (mut phone, mut laptop) = (bench.connect(BOB, None), bench.connect(BOB, None));
    bench.read(&mut phone);
    bench.execute(group(1), ADA, command(4, BOB, 0));
    bench.execute(group(1), ADA, command(1, BOB, 0));
    bench.read(&mut laptop);
    bench.answer(&mut phone);
    bench.answer(&mut laptop);
    bench.execute(group(1), ADA, command(7, ADA, 1));
    bench.deliver_all();
    bench.check(&mut phone);
    bench.check(&mut laptop);
}

#[test]
fn a_loading_client_is_closed_by_the_first_change_beyond_a_limit_of_the_journal() {
    let mut sizes = Bench::new(roomy(), 0);
    sizes.execute(group(1), ADA, command(0, ADA, 0));
    sizes.execute(group(1), ADA, command(7, ADA, 0));
    let bytes = sizes.delivery(1).bytes();
    for limits in
        [HubLimits { journal_changes_max: 3, ..roomy() }, HubLimits { journal_bytes_max: 3 * bytes, ..roomy() }]
    {
        let mut bench = Bench::new(limits, 0);
        bench.execute(group(1), ADA, command(0, ADA, 0));
        bench.deliver_all();
        let device = bench.connect(ADA, None);
        for number in 0..4 {
            assert!(!device.conn.session.borrow().is_closing(), "{number} changes fit");
            bench.execute(group(1), ADA, command(7, ADA, number));
            bench.deliver_all();
        }
        assert!(device.conn.session.borrow().is_closing());
        assert_eq!((bench.shard.journal.len(), bench.shard.journal.bytes()), (0, 0));
    }
}

#[test]
fn a_user_removed_and_added_again_while_loading_receives_every_change_that_the_read_has_not_seen() {
    // All splits of four changes into delivered before, seen by the read, and after.
    for read in 0..=4 {
        for delivered in 0..=4 {
            let mut bench = Bench::new(roomy(), 0);
            bench.execute(group(1), ADA, command(0, ADA, 0));
            bench.execute(group(1), ADA, command(1, BOB, 0));
            bench.deliver_all();
            let mut device = bench.connect(BOB, None);
            let changes = [command(4, BOB, 0), command(1, BOB, 0), command(7, ADA, 1), command(4, BOB, 0)];
            for (at, change) in changes.into_iter().enumerate() {
                if at == read {
                    bench.read(&mut device);
                }
                bench.execute(group(1), ADA, change);
                if at < delivered {
                    bench.deliver(0);
                }
            }
            bench.read(&mut device);
            bench.answer(&mut device);
            bench.deliver_all();
            bench.check(&mut device);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_client_receives_each_version_once_and_ends_up_consistent(steps in steps(), numbering in 0..4usize) {
        let users = [ADA, BOB, EVE, user(0xdad)];
        let mut bench = Bench::new(roomy(), numbering);
        let mut devices: Vec<Device> = Vec::new();
        // A deleted group never returns; the next one has another id.
        let mut lives = [0u128; 3];
        for (salt, step) in steps.into_iter().enumerate() {
            let pick = |device: u8| usize::from(device) % devices.len().max(1);
            match step {
                Step::Execute { group: which, actor, command: what, target } => {
                    let which = usize::from(which);
                    let group_id = group(which as u128 + 16 * lives[which]);
                    bench.execute(group_id, users[usize::from(actor)], command(what, users[usize::from(target)], salt));
                    let commits = bench.world.len();
                    let last = commits.checked_sub(1).map(|last| bench.world.delivery(last));
                    if last.is_some_and(|last| last.change().ends_group() && last.change().group_id() == group_id) {
                        lives[which] += 1;
                    }
                }
                Step::Deliver { pick } => { bench.deliver(pick.into()); }
                Step::Connect { user, resume } => {
                    let cursor = resume.map(|resume| usize::from(resume) % (bench.world.len() + 1));
                    devices.push(bench.connect(users[usize::from(user)], cursor));
                }
                Step::Read { device } => {
                    let device = pick(device);
                    if let Some(device) = devices.get_mut(device) { bench.read(device) }
                }
                Step::Answer { device } => {
                    let device = pick(device);
                    if let Some(device) = devices.get_mut(device) { bench.answer(device) }
                }
                Step::Take { device } => {
                    let device = pick(device);
                    if let Some(device) = devices.get_mut(device) { bench.take(device); }
                }
                Step::Leave { device } if !devices.is_empty() => {
                    let device = pick(device);
                    let device = devices.swap_remove(device);
                    bench.shard.disconnect(&device.conn);
                }
                Step::Leave { .. } => {}
            }
        }
        // The remaining reads return around the last deliveries.
        let half = devices.len() / 2;
        let (early, late) = devices.split_at_mut(half);
        for device in early {
            bench.read(device);
            bench.answer(device);
        }
        bench.deliver_all();
        for device in late {
            bench.read(device);
            bench.answer(device);
        }
        for device in &mut devices {
            bench.check(device);
        }
        prop_assert_eq!(bench.shard.journal.len(), 0, "nobody loads, so nothing is kept");
        for device in devices {
            bench.shard.disconnect(&device.conn);
        }
        prop_assert!(bench.shard.users.is_empty() && bench.shard.slots.is_empty() && bench.shard.conns.is_empty());
        prop_assert!(bench.shard.subscriptions.is_empty(), "the last one has put out the light");
    }
}

/// Two connections of a user in one group, which are live.
fn two_live_devices(limits: HubLimits) -> (Bench, [Device; 2]) {
    let mut bench = Bench::new(limits, 0);
    bench.execute(group(1), ADA, Command::create("Team", "").unwrap());
    bench.deliver_all();
    let devices = [(); 2].map(|()| {
        let mut device = bench.connect(ADA, None);
        bench.read(&mut device);
        bench.answer(&mut device);
        bench.messages(&mut device);
        device
    });
    (bench, devices)
}

#[test]
fn a_routed_change_is_counted_with_its_frames_and_bytes_and_with_full_queues() {
    let limits = HubLimits { queue_frames_max: 4, ..HubLimits::default() };
    let (mut bench, [mut one, mut other]) = two_live_devices(limits);
    let routed = |bench: &mut Bench, name: &str| {
        let delivery = bench.world.rename(group(1), ADA, name);
        let routed = bench.shard.deliver(Moment::default(), &delivery);
        (routed.frames, routed.bytes / 2 - delivery.frame(View::Other).len(), routed.crowded)
    };
    // The second frame is more than half of what the queue of a device that takes nothing may hold.
    assert_eq!(routed(&mut bench, "One"), (2, 0, false));
    assert_eq!(routed(&mut bench, "Two"), (2, 0, false));
    bench.messages(&mut other);
    assert_eq!(routed(&mut bench, "Three"), (2, 0, true));
    bench.messages(&mut one);
    assert_eq!(routed(&mut bench, "Four"), (2, 0, false));
}

#[test]
fn every_connection_is_listed_until_it_disconnects() {
    let (mut bench, [one, other]) = two_live_devices(HubLimits::default());
    assert_eq!(bench.shard.conns().len(), 2);
    bench.shard.disconnect(&one.conn);
    assert!(matches!(&bench.shard.conns()[..], [left] if Rc::ptr_eq(left, &other.conn)));
}

#[test]
fn a_connection_that_closed_while_its_list_was_read_does_not_go_live() {
    let mut bench = Bench::new(HubLimits::default(), 0);
    let mut device = bench.connect(ADA, None);
    bench.read(&mut device);
    bench.shard.close(Moment::default(), &device.conn, Close::restarting((1, 2)));
    bench.answer(&mut device);
    assert!(device.unread.is_none() && device.conn.seen.get().is_none());
}
