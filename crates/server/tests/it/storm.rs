//! *Snapshot + events ≡ fresh snapshot*: many users make random changes, their devices disconnect,
//! lag, resume and are replaced, and at the end every view equals the server's list.
//!
//! `GROUPS_STORM_SECONDS` is the duration in seconds (default: 3). `GROUPS_STORM_SEED` repeats the
//! random choices of a failed run.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::support::{Answer, Chance, Folded, Heard, Http, Road, Server, Socket, User, View, within};

const PEOPLE: usize = 10;
/// The devices of each user.
const DEVICES: [Habit; 3] = [Habit::Steady, Habit::Faithful, Habit::Wild];
const HANDS: usize = 6;
const GROUPS_MAX: usize = 25;
/// Without a message for this long, a device checks whether to continue.
const LOOK_UP: Duration = Duration::from_millis(50);
/// Minimum number of changes: a slow machine takes longer.
const CHANGES_MIN: u32 = 200;

/// How a device is used.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Habit {
    /// Always connected.
    Steady,
    /// It disconnects repeatedly, and resumes.
    Faithful,
    /// The same, but sometimes replaced by a new device without state.
    Wild,
}

/// Room for devices that reconnect before the server has noticed that they were gone.
pub(crate) const SETTINGS: [(&str, &str); 1] = [("GROUPS_MAX_CONNECTIONS_PER_USER", "50")];

struct Storm {
    chance: Chance,
    /// The servers that users connect to: one, several, or a load balancer.
    doors: Vec<Arc<Http>>,
    people: Vec<User>,
    groups: RefCell<Vec<String>>,
    /// The newest tokens of links.
    links: RefCell<Vec<String>>,
    over: Cell<bool>,
    changes: Cell<u32>,
    reconnects: Cell<u32>,
    /// Starts when every device is ready.
    start: Barrier,
}

#[tokio::test]
async fn every_view_stays_correct_in_a_storm() {
    let server = Server::with(&SETTINGS).await;
    blows(&server, &[Arc::clone(server.http())]).await;
}

/// Runs the storm: users known to this server connect to these servers.
pub(crate) async fn blows(server: &Server, doors: &[Arc<Http>]) {
    blows_with(server, doors, async |_| {}).await;
}

/// Runs the storm, with something else that happens to its users.
pub(crate) async fn blows_with(server: &Server, doors: &[Arc<Http>], trouble: impl AsyncFnOnce(&[User])) {
    let seconds = std::env::var("GROUPS_STORM_SECONDS").map_or(3, |seconds| seconds.parse().expect("seconds"));
    let storm = Storm {
        chance: Chance::new("GROUPS_STORM_SEED"),
        doors: doors.to_vec(),
        people: (0..PEOPLE).map(|_| server.user()).collect(),
        groups: RefCell::default(),
        links: RefCell::default(),
        over: Cell::new(false),
        changes: Cell::new(0),
        reconnects: Cell::new(0),
        start: Barrier::new(PEOPLE * DEVICES.len() + 2),
    };
    let hands = async {
        storm.start.wait().await;
        let start = Instant::now();
        join_all((0..HANDS).map(|_| async {
            while start.elapsed() < Duration::from_secs(seconds) || storm.changes.get() < CHANGES_MIN {
                storm.does_something().await;
            }
        }))
        .await;
        storm.over.set(true);
    };
    let trouble = async {
        storm.start.wait().await;
        trouble(&storm.people).await;
    };
    // Each user's devices are spread over the servers.
    let device = |at: usize, user: &User, habit| storm.device(user.at(&doors[at % doors.len()]), habit);
    let devices = join_all(
        storm
            .people
            .iter()
            .map(|user| join_all(DEVICES.iter().enumerate().map(|(at, habit)| device(at, user, *habit)))),
    );
    let (_, (), mut views) = tokio::join!(hands, trouble, devices);

    // The storm is over, once all invitations that expire have ended. A device that was connected knows them.
    for (user, views) in storm.people.iter().zip(&mut views) {
        let mut socket = dial(&storm.comes_in(user), &mut views[0]).await;
        let mut is_ready = false;
        while !is_ready || views[0].waits_for_an_end() {
            is_ready |= views[0].take(&socket.message().await) == Folded::Ready;
        }
    }
    // Each device resumes with its state.
    let mut compared = 0;
    for (user, mut views) in storm.people.iter().zip(views) {
        let listed = user.lists().await;
        let invitations = user.pages("/v1/invitations?limit=2", "invitations").await;
        let requests = user.pages("/v1/requests?limit=2", "requests").await;
        for view in &mut views {
            let mut socket = dial(&storm.comes_in(user), view).await;
            while view.take(&socket.message().await) != Folded::Ready {}
            view.assert_is(&listed);
            view.assert_pending_is(&invitations, &requests);
            socket.hears_nothing().await;
        }
        // A device without state sees the same.
        let mut fresh = View::of(&user.id);
        fresh.take_all(&user.connects().await.opening);
        fresh.assert_is(&listed);
        fresh.assert_pending_is(&invitations, &requests);
        // A device that was always connected received exactly the same as one that reconnected.
        if let (Some(steady), Some(faithful)) = (views[0].told(), views[1].told()) {
            let different: Vec<_> = steady.symmetric_difference(&faithful).collect();
            assert!(different.is_empty(), "only one device of {} received {different:?}", user.id);
            compared += 1;
        }
    }
    assert!(compared > 0, "some client could resume");
    let (changes, reconnects) = (storm.changes.get(), storm.reconnects.get());
    eprintln!("{changes} changes, {reconnects} reconnects");
    assert!(reconnects > 50, "only {reconnects} reconnects");
}

impl Storm {
    /// Runs a device until the storm is over. Returns its final state.
    async fn device(&self, user: User, habit: Habit) -> View {
        let mut view = View::of(&user.id);
        let mut socket = dial(&user, &mut view).await;
        while view.take(&socket.message().await) != Folded::Ready {}
        self.start.wait().await;
        self.listen(socket, &mut view, habit, true).await;
        while !self.over.get() {
            if habit == Habit::Wild && self.chance.happens(10) {
                view.forget();
            }
            // Faithful and wild devices change their transport.
            let road = *self.chance.one_of(&Road::ALL);
            let socket = dial_over(road, &user.at(self.chance.one_of(&self.doors)), &mut view).await;
            self.reconnects.set(self.reconnects.get() + 1);
            self.listen(socket, &mut view, habit, false).await;
        }
        view
    }

    /// One connection, which ends in a random way.
    async fn listen(&self, mut socket: Socket, view: &mut View, habit: Habit, mut settled: bool) {
        let end = Instant::now() + Duration::from_millis(self.chance.below(1_000) as u64);
        // A partial list is no state to resume from, so it is read completely.
        while !settled || !(self.over.get() || habit != Habit::Steady && Instant::now() >= end) {
            match tokio::time::timeout(LOOK_UP, socket.hear()).await {
                Ok(Heard::Message(message)) => settled |= view.take(&message) == Folded::Ready || view.resumes(),
                Ok(Heard::Closed(4001, _)) => return,
                Ok(other) => panic!("{other:?} in the middle"),
                Err(_) => {}
            }
            match self.chance.below(100) {
                // The device pauses, and messages pile up.
                0..3 if habit != Habit::Steady => {
                    tokio::time::sleep(Duration::from_millis(self.chance.below(150) as u64)).await;
                }
                3..5 if socket.can_send() => socket.send(json!({"type": "ping"})).await,
                5..7 if socket.can_send() => {
                    let group = self.some_group();
                    socket.send(json!({"type": "typing", "group_id": group, "typing": true})).await;
                }
                _ => {}
            }
        }
        if socket.can_send() && self.chance.happens(30) {
            socket.close().await;
        }
    }

    fn some_group(&self) -> Option<String> {
        let groups = self.groups.borrow();
        if groups.is_empty() { None } else { Some(self.chance.one_of(&groups).clone()) }
    }

    fn somebody(&self) -> User {
        self.comes_in(self.chance.one_of(&self.people))
    }

    /// The user at a random server.
    fn comes_in(&self, user: &User) -> User {
        user.at(self.chance.one_of(&self.doors))
    }

    /// A random user makes a random change, allowed or not.
    async fn does_something(&self) {
        let chance = &self.chance;
        let (actor, other) = (self.somebody(), chance.one_of(&self.people));
        let group = match self.some_group() {
            Some(group) if self.groups.borrow().len() >= GROUPS_MAX || chance.happens(92) => group,
            _ => {
                let with: Vec<_> = (0..chance.below(4))
                    .map(|_| chance.one_of(&self.people))
                    .filter(|user| user.id != actor.id)
                    .map(|user| json!({"user_id": user.id, "role": chance.one_of::<&str>(&["admin", "member"])}))
                    .collect();
                let group = actor.post("/v1/groups", json!({"name": "New", "members": with})).await.group(201);
                self.groups.borrow_mut().push(group["group_id"].as_str().unwrap().to_owned());
                self.changes.set(self.changes.get() + 1);
                return;
            }
        };
        // Usually a user who is allowed to: the current owner.
        let owner = match actor.get(&format!("/v1/groups/{group}")).await {
            answer if answer.status == 200 => answer.value()["admin_id"].clone(),
            _ => Value::Null,
        };
        let owner = self.people.iter().find(|user| owner == user.id.as_str()).map(|user| self.comes_in(user));
        let actor = owner.filter(|_| chance.happens(70)).unwrap_or(actor);
        let answer = match chance.below(150) {
            0..25 => actor.adds_as(&group, other, chance.one_of::<&str>(&["admin", "member", "member"])).await,
            25..35 => {
                let ids: Vec<_> = (0..3).map(|_| chance.one_of(&self.people).id.as_str()).collect();
                actor.adds_all(&group, &ids).await
            }
            35..50 => actor.removes(&group, other).await,
            50..60 => actor.leaves(&group).await,
            60..65 => actor.leaves_to(&group, other).await,
            65..75 => actor.makes(&group, other, chance.one_of::<&str>(&["admin", "member"])).await,
            75..80 => actor.makes(&group, other, "owner").await,
            80..97 => actor.renames(&group, &format!("Name {}", chance.below(1_000))).await,
            97..100 => {
                let answer = actor.deletes(&group).await;
                if answer.status == 204 {
                    self.groups.borrow_mut().retain(|known| *known != group);
                }
                answer
            }
            _ => self.opens_or_closes_a_way_in(&group, &actor, other).await,
        };
        match answer.status {
            200..=299 => self.changes.set(self.changes.get() + 1),
            403 | 404 | 409 => drop(answer.any_problem()),
            other => panic!("{other}: {}", answer.text()),
        }
    }

    /// One entry of a list, if the user may read it.
    async fn pick(&self, user: &User, path: &str, field: &str) -> Option<Value> {
        let page = user.get(path).await;
        let entries = if page.status == 200 { page.value()[field].as_array().cloned() } else { None };
        entries.filter(|entries| !entries.is_empty()).map(|entries| self.chance.one_of(&entries).clone())
    }

    /// Invites, bans, joins and so on. Most steps are made by the actor, who may be an admin, the others
    /// by the other user for themselves.
    async fn opens_or_closes_a_way_in(&self, group: &str, actor: &User, other: &User) -> Answer {
        let chance = &self.chance;
        let (path, other) = (format!("/v1/groups/{group}"), self.comes_in(other));
        let of_other = |list: &str| format!("{path}/{list}/{}", other.id);
        let of = |list: &str, user_id: &Value| format!("{path}/{list}/{}", user_id.as_str().unwrap());
        let of_group = |pending: &Value, rest: &str| {
            format!("/v1/groups/{}/{rest}", pending["group"]["group_id"].as_str().unwrap())
        };
        match chance.below(24) {
            0..4 => {
                let mut body = json!({"user_id": other.id, "role": chance.one_of::<&str>(&["admin", "member"])});
                if chance.happens(20) {
                    body["expires_in_seconds"] = json!(1);
                }
                actor.post(&format!("{path}/invitations"), body).await
            }
            4 => match self.pick(actor, &format!("{path}/invitations"), "invitations").await {
                Some(invitation) => actor.delete(&of("invitations", &invitation["user_id"])).await,
                None => actor.delete(&of_other("invitations")).await,
            },
            5..7 => other.post(&format!("{path}/invitations/me/accept"), json!({})).await,
            7 => match self.pick(&other, "/v1/invitations", "invitations").await {
                Some(invitation) => other.delete(&of_group(&invitation, "invitations/me")).await,
                None => other.delete(&format!("{path}/invitations/me")).await,
            },
            8..10 => {
                let policy = chance.one_of::<&str>(&["closed", "request", "request", "open"]);
                actor.patch(&path, json!({"join_policy": policy})).await
            }
            10..14 => other.post(&format!("{path}/join"), json!({"message": "Please"})).await,
            14 => match self.pick(&other, "/v1/requests", "requests").await {
                Some(request) => other.delete(&of_group(&request, "join")).await,
                None => other.delete(&format!("{path}/join")).await,
            },
            15..18 => match self.pick(actor, &format!("{path}/requests"), "requests").await {
                Some(request) if chance.happens(60) => {
                    actor.post(&format!("{}/approve", of("requests", &request["user_id"])), json!({})).await
                }
                Some(request) => actor.delete(&of("requests", &request["user_id"])).await,
                None => actor.delete(&of_other("requests")).await,
            },
            18..20 => actor.call("PUT", &of_other("bans")).json(&json!({"reason": "Spam"})).send().await,
            20 => actor.delete(&of_other("bans")).await,
            21 => {
                let body = json!({"uses_max": 1 + chance.below(3), "approval": chance.happens(30)});
                let answer = actor.post(&format!("{path}/links"), body).await;
                if answer.status == 201 {
                    let token = answer.value()["token"].as_str().unwrap().to_owned();
                    self.links.borrow_mut().push(token);
                }
                answer
            }
            22 => {
                let token = self.links.borrow().last().cloned().unwrap_or_default();
                other.post(&format!("/v1/join/{token}"), json!({})).await
            }
            _ => actor.delete(&format!("{path}/links")).await,
        }
    }
}

async fn dial(user: &User, view: &mut View) -> Socket {
    dial_over(Road::WebSocket, user, view).await
}

async fn dial_over(road: Road, user: &User, view: &mut View) -> Socket {
    let dial = user.dial().over(road, &user.id);
    let dial = match view.begin() {
        Some(cursor) => dial.cursor(cursor),
        None => dial,
    };
    within("a connection", dial.open()).await
}
