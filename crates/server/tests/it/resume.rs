//! A client that resumes with its cursor receives everything that it missed, once, and nothing
//! else.

use std::{collections::HashMap, time::Duration};

use serde_json::{Value, json};

use crate::support::{Folded, Server, Socket, User, View};

/// How a connection ends in a test.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Absence {
    /// The client disconnects.
    Disconnect,
    /// The server is stopped and restarted.
    Restart,
    /// The server is killed and restarted.
    Kill,
}

/// Summary of an event: type or action, group, version.
fn gist(event: &Value) -> (String, String, u64) {
    let kind = event["action"].as_str().or(event["type"].as_str()).unwrap().to_owned();
    (kind, event["group_id"].as_str().unwrap().to_owned(), event["version"].as_u64().unwrap())
}

async fn an_absence_is_made_up_for(absence: Absence) {
    let mut server = Server::start().await;
    let (ada, bob, eve) = (server.user(), server.user(), server.user());
    let renamed = ada.creates("Renamed", &[&bob]).await;
    let removed = ada.creates("Removed", &[&bob]).await;
    let deleted = ada.creates("Deleted", &[&bob]).await;
    let re_added = ada.creates("Re-added", &[&bob]).await;
    let others = ada.creates("Others", &[&eve]).await;
    let untouched = ada.creates("Untouched", &[&bob]).await;

    let mut view = View::of(&bob.id);
    view.begin();
    let socket = bob.connects().await;
    view.take_all(&socket.opening);
    match absence {
        Absence::Disconnect => drop(socket),
        Absence::Restart => {
            server.terminate();
            assert!(server.ended().await.0.success());
            server.launch().await;
        }
        Absence::Kill => server.kill_and_launch().await,
    }

    let mut expected = Vec::new();
    let mut tell = |kind: &str, group: &str, version: u64| expected.push((kind.to_owned(), group.to_owned(), version));
    ada.renames(&renamed, "Renamed since").await.group(200);
    tell("settings_changed", &renamed, 2);
    ada.removes(&removed, &bob).await.no_content();
    tell("removed_from_group", &removed, 2);
    ada.renames(&removed, "None of his business").await.group(200);
    ada.deletes(&deleted).await.no_content();
    tell("group_deleted", &deleted, 2);
    ada.renames(&others, "None of his business either").await.group(200);

    bob.leaves(&re_added).await.no_content();
    tell("removed_from_group", &re_added, 2);
    ada.renames(&re_added, "While he was out").await.group(200);
    ada.adds(&re_added, &bob).await.ok(201);
    tell("added_to_group", &re_added, 4);
    ada.makes(&re_added, &bob, "admin").await.ok(200);
    tell("role_changed", &re_added, 5);

    let joined = eve.creates("Joined", &[]).await;
    eve.renames(&joined, "Joined later").await.group(200);
    eve.adds(&joined, &bob).await.ok(201);
    tell("added_to_group", &joined, 3);
    let own = bob.creates("His own", &[]).await;
    tell("group_created", &own, 1);
    let passing = eve.creates("Passing", &[]).await;
    eve.adds(&passing, &bob).await.ok(201);
    tell("added_to_group", &passing, 2);
    eve.removes(&passing, &bob).await.no_content();
    tell("removed_from_group", &passing, 3);
    eve.deletes(&passing).await.no_content();
    if absence != Absence::Disconnect {
        // Once more in between, so that there are changes before and after a restart.
        server.kill_and_launch().await;
    }
    bob.renames(&own, "Renamed by himself").await.group(200);
    tell("settings_changed", &own, 2);

    let cursor = view.begin().unwrap().to_owned();
    let mut socket = bob.resumes(&cursor).await;
    assert!(socket.resumed(), "{absence:?}");
    let missed: Vec<_> = socket.missed().iter().map(gist).collect();
    let sorted = |mut all: Vec<(String, String, u64)>| {
        all.sort_by(|a, b| (&a.1, a.2).cmp(&(&b.1, b.2)));
        all
    };
    assert_eq!(sorted(missed), sorted(expected.clone()), "{absence:?}: exactly what was missed");
    for message in &socket.opening {
        assert_ne!(view.take(message), Folded::Repeated);
    }
    view.assert_is(&bob.lists().await);
    assert!(view.version(&untouched).is_some());

    // From here on, events are live.
    ada.renames(&renamed, "Once more").await.group(200);
    assert_eq!(socket.event(&bob.id, "group_updated").await["version"], 3);
    socket.hears_nothing().await;
    // Every event's cursor can be resumed from.
    for (at, event) in socket.missed().to_vec().iter().enumerate() {
        let again = bob.resumes(event["cursor"].as_str().unwrap()).await;
        assert!(again.resumed());
        assert_eq!(again.missed().len(), expected.len() - at, "after {event}");
        // The same events with different cursors: no two are alike.
        let without_cursor = |event: &Value| {
            let mut event = event.clone();
            event["cursor"] = Value::Null;
            event
        };
        let again: Vec<_> = again.missed()[..expected.len() - at - 1].iter().map(without_cursor).collect();
        assert_eq!(again, socket.missed()[at + 1..].iter().map(without_cursor).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_client_that_resumes_receives_what_it_missed() {
    an_absence_is_made_up_for(Absence::Disconnect).await;
}

#[tokio::test]
async fn a_client_receives_what_it_missed_across_a_restart() {
    an_absence_is_made_up_for(Absence::Restart).await;
}

#[tokio::test]
async fn a_client_receives_what_it_missed_across_a_kill() {
    an_absence_is_made_up_for(Absence::Kill).await;
}

#[tokio::test]
async fn a_client_that_missed_nothing_receives_nothing() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    ada.creates("Team", &[&bob]).await;
    let cursor = bob.connects().await.cursor();
    ada.creates("Another", &[]).await;
    let mut socket = bob.resumes(&cursor).await;
    assert!(socket.resumed() && socket.missed().is_empty());
    let later = socket.cursor();
    socket.hears_nothing().await;
    assert!(bob.resumes(&later).await.resumed());
}

#[tokio::test]
async fn an_invalid_cursor_gets_a_snapshot() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    ada.creates("Team", &[&bob]).await;
    let elsewhere = Server::start().await;
    let foreign = elsewhere.user().connects().await.cursor();
    let ours = bob.connects().await.cursor();
    let swapped = if ours.ends_with('A') { "B" } else { "A" };
    let long = "x".repeat(3_000);
    let garbage = [
        "",
        "0",
        "1",
        "-1",
        "nonsense",
        "null",
        "%00",
        "é",
        "../..",
        "99999999999999999999999",
        "AAAA",
        &long,
        &foreign,
        &format!("{ours}x"),
        &format!("x{ours}"),
        &ours[..ours.len() - 2],
        &format!("{}{swapped}", &ours[1..]),
        // A cursor from version 0.1.
        "a30d0af18bc3b3fd.5.4.faa6942d",
    ];
    for cursor in garbage {
        let socket = bob.resumes(cursor).await;
        assert!(!socket.resumed(), "{cursor:?}");
        assert_eq!(socket.snapshot().len(), 1, "{cursor:?}");
    }
    assert!(bob.resumes(&ours).await.resumed());
}

#[tokio::test]
async fn with_another_users_cursor_a_client_receives_only_its_own_events() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let cursor = ada.connects().await.cursor();
    let secret = ada.creates("Ada's", &[]).await;
    let shared = ada.creates("Shared", &[&bob]).await;
    let socket = bob.resumes(&cursor).await;
    assert!(!format!("{:?}", socket.opening).contains(&secret));
    let known: Vec<_> = socket.missed().iter().chain(&socket.snapshot()).map(|item| item["group_id"].clone()).collect();
    assert_eq!(known, [json!(shared)]);
}

/// A cursor encodes a position in the global log, so it must not be readable: it must reveal
/// neither changes of groups that the user has left, nor that anything has happened at all.
#[tokio::test]
async fn the_cursors_of_a_removed_member_reveal_nothing_about_later_changes() {
    let server = Server::start().await;
    let (ada, mallory) = (server.user(), server.user());
    let group = ada.creates("Board", &[&mallory]).await;
    let mut socket = mallory.connects().await;
    ada.removes(&group, &mallory).await.no_content();
    let removed = socket.event(&mallory.id, "removed_from_group").await;
    let mut cursors = vec![socket.cursor(), removed["cursor"].as_str().unwrap().to_owned()];
    for step in 0..24 {
        // Something happens before every second one.
        if step % 2 == 0 {
            ada.renames(&group, &format!("Board {step}")).await.group(200);
        }
        let page = mallory.get("/v1/groups?limit=1").await.ok(200);
        cursors.push(page["cursor"].as_str().unwrap().to_owned());
        cursors.push(mallory.connects().await.cursor());
    }
    for (at, cursor) in cursors.iter().enumerate() {
        assert_eq!(cursor.len(), cursors[0].len(), "{cursor}");
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor}");
        // Cursors have nothing in common: no prefix, no counter, no hash.
        for other in &cursors[..at] {
            let common =
                (0..cursor.len() - 8).filter(|from| cursor[*from..*from + 8] == other[*from..*from + 8]).count();
            assert_eq!(common, 0, "{cursor} {other}");
        }
    }
    // All of them are valid, and lead only to the user's own events.
    for cursor in [&cursors[1], &cursors[12], &cursors[cursors.len() - 1]] {
        let again = mallory.resumes(cursor).await;
        assert!(again.resumed() && again.missed().is_empty(), "{:?}", again.opening);
    }
}

#[tokio::test]
async fn a_client_that_missed_too_much_gets_a_snapshot() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[&bob]).await;
    let cursor = bob.connects().await.cursor();
    let rename = |at: usize| {
        let (ada, group) = (&ada, &group);
        async move { ada.renames(group, &format!("Name {at}")).await.group(200) }
    };
    // A hundred events are always replayed; more only for a user who has as many groups.
    futures_util::future::join_all((0..100).map(rename)).await;
    let socket = bob.resumes(&cursor).await;
    assert!(socket.resumed());
    assert!(socket.missed().iter().map(|event| event["version"].as_u64().unwrap()).eq(2..=101));
    rename(100).await;
    let socket = bob.resumes(&cursor).await;
    assert!(!socket.resumed());
    assert_eq!(socket.snapshot(), bob.lists().await);
    assert!(bob.resumes(&socket.cursor()).await.resumed());
}

#[tokio::test]
async fn a_slow_reader_of_a_replay_receives_all_of_it() {
    // Fewer events and bytes than are replayed, and more bytes than the client's buffer takes in.
    const GROUPS: usize = 3;
    const RENAMES: usize = 20;
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let mut groups = Vec::new();
    for at in 0..GROUPS {
        groups.push(ada.creates(&format!("Group {at}"), &[&bob]).await);
    }
    let cursor = bob.connects().await.cursor();
    futures_util::future::join_all(groups.iter().map(|group| {
        let ada = &ada;
        async move {
            for at in 0..RENAMES {
                let body = json!({"description": format!("{at}{}", "界".repeat(990))});
                ada.patch(&format!("/v1/groups/{group}"), body).await.group(200);
            }
        }
    }))
    .await;
    let mut socket = bob.dial().cursor(&cursor).receive_buffer_bytes(32 * 1024).open().await;
    assert_eq!(socket.expect("welcome").await["resumed"], true);
    // The client takes nothing for a while: that much time has to pass, whatever the server does.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut versions: HashMap<String, Vec<u64>> = HashMap::new();
    for _ in 0..GROUPS * RENAMES {
        let event = socket.event(&bob.id, "group_updated").await;
        let group = event["group_id"].as_str().unwrap().to_owned();
        versions.entry(group).or_default().push(event["version"].as_u64().unwrap());
    }
    socket.expect("ready").await;
    socket.hears_nothing().await;
    assert_eq!(versions.len(), GROUPS);
    for (group, versions) in versions {
        assert!(versions.iter().copied().eq(2..=1 + RENAMES as u64), "{group}: {versions:?}");
    }
}

#[tokio::test]
async fn a_client_that_is_disconnected_repeatedly_misses_nothing() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[&bob]).await;
    let other = ada.creates("Other", &[]).await;
    let work = async {
        for at in 0..120 {
            match at % 6 {
                0 => drop(ada.adds(&other, &bob).await.ok(201)),
                3 => ada.removes(&other, &bob).await.no_content(),
                _ => {
                    drop(ada.renames(if at % 2 == 0 { &group } else { &other }, &format!("Name {at}")).await.group(200))
                }
            }
        }
    };
    let watch = async {
        let mut view = View::of(&bob.id);
        for cut in 0..30 {
            let mut socket = dial(&bob, &mut view).await;
            // At any time after `ready`, without a close frame.
            let mut heard = 0;
            loop {
                let folded = view.take(&socket.message().await);
                if folded == Folded::Ready {
                    socket.send(json!({"type": "ping"})).await;
                }
                heard += usize::from(folded != Folded::Repeated);
                if folded == Folded::Ephemeral || (view.cursor().is_some() && heard > cut % 5) {
                    break;
                }
            }
        }
        view
    };
    let ((), mut view) = tokio::join!(work, watch);
    let mut socket = dial(&bob, &mut view).await;
    while view.take(&socket.message().await) != Folded::Ready {}
    view.assert_is(&bob.lists().await);
}

async fn dial(user: &User, view: &mut View) -> Socket {
    let dial = match view.begin() {
        Some(cursor) => user.dial().cursor(cursor),
        None => user.dial(),
    };
    dial.open().await
}
