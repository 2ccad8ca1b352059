//! `kill -9` at any moment under load: no acknowledged change is lost, an unacknowledged change is
//! made once by repeating it with its key, and every client that resumes ends with the correct
//! view.
//!
//! `GROUPS_CRASH_KILLS` is how often the server is killed (default: 20). `GROUPS_CRASH_SEED`
//! repeats the random choices of a run.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    sync::Arc,
    time::Duration,
};

use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::sync::Barrier;

use crate::support::{Answer, Chance, Folded, Heard, Http, Refused, Road, Server, Socket, User, View};

const WRITERS: usize = 6;
/// Number of writers.
pub(crate) const PEOPLE: usize = 2 * WRITERS + 1;
/// Whether the guest is told of each of the commands, which follow each other in a circle.
const GUEST_IS_TOLD: [bool; 18] =
    [true, true, true, false, true, false, true, true, false, false, true, true, false, true, true, true, false, false];
/// Delay between two attempts of a client while the server is down.
const PAUSE: Duration = Duration::from_millis(10);

/// Load during the crashes.
pub(crate) struct Load<'a> {
    writers: &'a [Writer],
}

/// A user with one group, and a guest who gets into it and out of it in all ways.
struct Writer {
    user: User,
    guest: User,
    group: String,
    /// The token of the newest link.
    link: RefCell<String>,
    /// The servers they use; if one is down, they try the next one.
    doors: Vec<Arc<Http>>,
    /// Number of acknowledged commands.
    acknowledged: Cell<u64>,
    /// Number of commands that had to be repeated.
    repeated: Cell<u32>,
}

#[tokio::test]
async fn killed_at_any_moment_the_server_loses_repeats_and_reorders_nothing() {
    let kills = std::env::var("GROUPS_CRASH_KILLS").map_or(20, |kills| kills.parse().expect("a number of kills"));
    let chance = Chance::new("GROUPS_CRASH_SEED");
    let mut server = Server::start().await;
    let people = (0..PEOPLE).map(|_| server.user()).collect();
    let doors = [Arc::clone(server.http())];
    survives(people, &doors, &chance, async |load| {
        for _ in 0..kills {
            tokio::time::sleep(Duration::from_millis(50 + chance.below(350) as u64)).await;
            // Everything acknowledged before the kill must exist after it.
            let before = load.acknowledged();
            server.kill_and_launch().await;
            load.still_has(&before).await;
        }
        eprintln!("{kills} kills");
    })
    .await;
}

/// Writes and listens at these servers until the crashes are over, then compares everything with
/// what was acknowledged.
pub(crate) async fn survives(
    mut people: Vec<User>,
    doors: &[Arc<Http>],
    chance: &Chance,
    trouble: impl AsyncFnOnce(Load<'_>),
) {
    let member = people.pop().unwrap();
    let mut writers = Vec::new();
    for (at, pair) in people.chunks(2).enumerate() {
        let [user, guest] = [pair[0].clone(), pair[1].clone()];
        let group = user.creates(&format!("Group {at}"), &[&member]).await;
        let (acknowledged, repeated) = (Cell::new(0), Cell::new(0));
        let link = RefCell::default();
        writers.push(Writer { user, guest, group, link, doors: doors.to_vec(), acknowledged, repeated });
    }
    let over = Cell::new(false);
    // One device of Ada, one of the guest, and two of the member, one of which is replaced
    // occasionally.
    let devices: Vec<_> =
        writers.iter().flat_map(|writer| [&writer.user, &writer.guest]).chain([&member, &member]).collect();
    let ready = Barrier::new(devices.len() + WRITERS);

    let troubling = async {
        // Start only once all devices are connected.
        while writers.iter().all(|writer| writer.acknowledged.get() == 0) {
            tokio::time::sleep(PAUSE).await;
        }
        trouble(Load { writers: &writers }).await;
        over.set(true);
    };
    let writing = join_all(writers.iter().map(async |writer| {
        ready.wait().await;
        writer.writes(&over).await;
    }));
    let listening = join_all(devices.iter().enumerate().map(|(at, user)| {
        let replaced = (at + 1 == devices.len()).then_some(chance);
        device(user, doors, at, &over, &ready, replaced)
    }));
    let (((), _), views) = join(join(troubling, writing), listening).await;

    for writer in &writers {
        let made = writer.acknowledged.get();
        let group = writer.user.sees(&writer.group).await;
        assert_eq!(group["version"], 1 + made, "each command made one change, repeated or not");
        let path = format!("/v1/groups/{}/changes?limit=500", writer.group);
        let history = writer.user.pages(&path, "changes").await;
        let versions: Vec<_> = history.iter().map(|change| change["version"].as_u64().unwrap()).collect();
        assert!(versions.iter().copied().eq(1..=1 + made), "the history has each version once");
    }
    let mut counted = 0;
    for (user, mut view) in devices.iter().zip(views) {
        let mut socket = dial(Road::WebSocket, user, &mut view).await.unwrap_or_else(|_| panic!("the server is there"));
        while view.take(&socket.message().await) != Folded::Ready {}
        view.assert_is(&user.lists().await);
        socket.hears_nothing().await;
        // No event is missing, and none belongs to other users.
        if let Some(told) = view.told() {
            let due: BTreeSet<_> = writers.iter().flat_map(|writer| writer.due_to(user, &member)).collect();
            let (missing, unasked): (Vec<_>, Vec<_>) =
                (due.difference(&told).collect(), told.difference(&due).collect());
            assert!(
                missing.is_empty() && unasked.is_empty(),
                "{}: missing {missing:?}, unexpected {unasked:?}",
                user.id
            );
            counted += 1;
        }
    }
    assert!(counted > 0, "some client could resume");
    let acknowledged: u64 = writers.iter().map(|writer| writer.acknowledged.get()).sum();
    let repeated: u32 = writers.iter().map(|writer| writer.repeated.get()).sum();
    eprintln!("{acknowledged} changes, {repeated} of them repeated because the answer was lost");
    assert!(repeated > 0, "no request was repeated");
}

impl Load<'_> {
    /// Number of acknowledged changes of each writer.
    pub(crate) fn acknowledged(&self) -> Vec<u64> {
        self.writers.iter().map(|writer| writer.acknowledged.get()).collect()
    }

    /// Asserts that all of them exist.
    pub(crate) async fn still_has(&self, before: &[u64]) {
        for (writer, before) in self.writers.iter().zip(before) {
            let path = format!("/v1/groups/{}", writer.group);
            let group = writer.user.get(&path).await.group(200);
            assert!(group["version"].as_u64().unwrap() > *before, "lost: {before} were acknowledged, now {group}");
        }
    }
}

impl Writer {
    async fn writes(&self, over: &Cell<bool>) {
        while !over.get() {
            self.writes_once().await;
        }
    }

    /// The versions that a user who was a member from the start must receive.
    fn due_to(&self, user: &User, member: &User) -> Vec<(String, u64)> {
        let is_in = user.id == self.user.id || user.id == member.id;
        let comes = user.id == self.guest.id;
        (0..self.acknowledged.get())
            .filter(|at| is_in || comes && GUEST_IS_TOLD[step(*at)])
            .map(|at| (self.group.clone(), at + 2))
            .collect()
    }

    /// Executes the next command with a new key, and retries until there is a response.
    async fn writes_once(&self) {
        let at = self.acknowledged.get();
        let key = format!("command {at}");
        let path = format!("/v1/groups/{}", self.group);
        let of_guest = |list: &str| format!("{path}/{list}/{}", self.guest.id);
        let mut attempts = 0;
        let answer = loop {
            let door = &self.doors[(at as usize + attempts) % self.doors.len()];
            let (user, guest) = (self.user.at(door), self.guest.at(door));
            let of_group = |list: &str| format!("{path}/{list}");
            let them = json!({"user_id": self.guest.id});
            let (call, status) = match step(at) {
                0 => (user.call("POST", &of_group("members")).json(&them), 201),
                1 => (user.call("PATCH", &of_guest("members")).json(&json!({"role": "admin"})), 200),
                2 | 15 => (user.call("DELETE", &of_guest("members")), 204),
                3 | 5 => (user.call("PATCH", &path).json(&json!({"name": format!("Name {at}")})), 200),
                4 => (user.call("POST", &of_group("invitations")).json(&them), 201),
                6 => (guest.call("POST", &of_group("invitations/me/accept")), 200),
                7 => (user.call("PUT", &of_guest("bans")).json(&json!({"reason": "Spam"})), 200),
                8 => (user.call("DELETE", &of_guest("bans")), 204),
                9 => (user.call("POST", &of_group("links")).json(&json!({"uses_max": 1})), 201),
                10 => (guest.call("POST", &format!("/v1/join/{}", self.link.borrow())), 200),
                11 => (guest.call("DELETE", &of_group("members/me")), 204),
                12 => (user.call("PATCH", &path).json(&json!({"join_policy": "request"})), 200),
                13 => (guest.call("POST", &of_group("join")).json(&json!({"message": "Please"})), 202),
                14 => (user.call("POST", &format!("{}/approve", of_guest("requests"))), 200),
                16 => (user.call("DELETE", &of_group("links")), 204),
                _ => (user.call("PATCH", &path).json(&json!({"join_policy": "closed"})), 200),
            };
            match call.header("Idempotency-Key", &key).try_send().await {
                // A load balancer answers 502 or 504 for a server behind it.
                Ok(Answer { status: 502..=504, .. }) | Err(_) => {
                    attempts += 1;
                    assert!(attempts < 3_000, "the server restarts");
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(answer) => {
                    assert_eq!(answer.status, status, "command {at}, attempt {attempts}: {}", answer.text());
                    break answer;
                }
            }
        };
        self.repeated.set(self.repeated.get() + u32::from(attempts > 0));
        self.acknowledged.set(at + 1);
        if let Some(token) = answer.body.first().and_then(|_| answer.value()["token"].as_str().map(str::to_owned)) {
            *self.link.borrow_mut() = token;
        }
        // The response belongs to this command's own change, even if it is a replay.
        let version = match answer.header("etag") {
            Some(tag) => tag.trim_matches('"').parse().ok(),
            None => answer.body.first().and_then(|_| answer.value()["group"]["version"].as_u64()),
        };
        assert!(version.is_none_or(|version| version == at + 2), "command {at} made version {version:?}");
    }
}

/// The place of a command in the circle.
fn step(at: u64) -> usize {
    (at % GUEST_IS_TOLD.len() as u64) as usize
}

/// A device that reconnects whenever it is disconnected. Returns its final state.
async fn device(
    user: &User,
    doors: &[Arc<Http>],
    mut door: usize,
    over: &Cell<bool>,
    ready: &Barrier,
    replaced: Option<&Chance>,
) -> View {
    let mut view = View::of(&user.id);
    let mut first = true;
    while !over.get() {
        if replaced.is_some_and(|chance| chance.happens(20)) {
            view.forget();
        }
        door += 1;
        // Another transport with each connection.
        let road = Road::ALL[door % Road::ALL.len()];
        let Ok(mut socket) = dial(road, &user.at(&doors[door % doors.len()]), &mut view).await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let mut settled = false;
        while !(over.get() && settled) {
            match tokio::time::timeout(Duration::from_millis(100), socket.hear()).await {
                Ok(Heard::Message(message)) => settled |= view.take(&message) == Folded::Ready,
                // On a busy machine it may be too slow, and reconnects. If the list cannot be read
                // now, the server asks it to reconnect.
                Ok(Heard::Lost | Heard::Closed(4001 | 1012, _)) => break,
                Ok(Heard::Closed(code, reason)) => panic!("closed with {code}: {reason}"),
                Err(_) => {}
            }
            if settled && std::mem::take(&mut first) {
                ready.wait().await;
            }
        }
    }
    view
}

async fn dial(road: Road, user: &User, view: &mut View) -> Result<Socket, Refused> {
    let dial = user.dial().over(road, &user.id);
    let dial = match view.begin() {
        Some(cursor) => dial.cursor(cursor),
        None => dial,
    };
    dial.try_open().await
}
