//! The initial state of a connection: the whole list in pieces, correct from `ready` on, whatever
//! happens in the meantime.
//!
//! `GROUPS_TEST_LIST` is the number of groups in the long list (default: 1,200).

use std::{cell::OnceCell, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::{Heard, Server, Socket, User, View, within};

#[tokio::test]
async fn a_connection_starts_with_welcome_snapshot_and_ready() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let first = ada.creates("First", &[&bob]).await;
    let second = bob.creates_with("Second", &[(&ada, "admin")]).await;
    let socket = ada.connects().await;

    let [welcome, snapshot, ready] = &socket.opening[..] else { panic!("{:?}", socket.opening) };
    assert_eq!((&welcome["type"], &welcome["user_id"]), (&json!("welcome"), &json!(ada.id)));
    assert!(welcome["connection_id"].is_string());
    assert_eq!((&welcome["resumed"], &welcome["heartbeat_seconds"]), (&json!(false), &json!(25)));
    assert_eq!((&snapshot["type"], &snapshot["more"]), (&json!("snapshot"), &json!(false)));
    assert!(snapshot["cursor"].is_string());
    assert_eq!(ready["type"], "ready");
    assert!(ready["cursor"].is_string());

    let mut view = View::of(&ada.id);
    view.take_all(&socket.opening);
    view.assert_is(&ada.lists().await);
    let role = |id: &str| view.groups().iter().find(|group| group["group_id"] == id).unwrap()["role"].clone();
    assert_eq!((role(&first), role(&second)), (json!("owner"), json!("admin")));
}

#[tokio::test]
async fn a_user_without_groups_gets_an_empty_snapshot() {
    let server = Server::start().await;
    let socket = server.user().connects().await;
    assert_eq!(socket.opening.len(), 3);
    assert_eq!(socket.opening[1]["groups"], json!([]));
}

#[tokio::test]
async fn a_list_of_many_pieces_is_consistent_during_changes() {
    let count =
        std::env::var("GROUPS_TEST_LIST").map_or(1_200_usize, |count| count.parse().expect("a number of groups"));
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let ids: Vec<Vec<String>> = join_all((0..24).map(|part| {
        let (ada, bob) = (&ada, &bob);
        async move {
            let mut ids = Vec::new();
            for at in 0..count / 24 {
                ids.push(ada.creates_with(&format!("Group {part}-{at}"), &[(bob, "admin")]).await);
            }
            ids
        }
    }))
    .await;
    let count = count / 24 * 24;

    let socket = ada.connects().await;
    let pieces: Vec<_> = socket.opening.iter().filter(|message| message["type"] == "snapshot").collect();
    assert_eq!(pieces.len(), count.div_ceil(500));
    let (last, full) = pieces.split_last().unwrap();
    assert!(full.iter().all(|piece| piece["groups"].as_array().unwrap().len() == 500 && piece["more"] == true));
    assert_eq!(last["more"], false);
    assert_eq!(socket.snapshot().len(), count);
    drop(socket);

    // A slow reader also gets the whole list, however long it is: only a client that falls behind
    // afterwards is closed.
    let mut slow = ada.dial().receive_buffer_bytes(4096).open().await;
    slow.expect("welcome").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut seen = 0;
    while seen < count {
        seen += slow.expect("snapshot").await["groups"].as_array().unwrap().len();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    slow.expect("ready").await;
    slow.hears_nothing().await;

    // Bob changes the groups while Ada connects repeatedly.
    let progress = Progress::default();
    let work = join_all(ids.iter().map(|ids| {
        let (ada, bob, progress) = (&ada, &bob, &progress);
        async move {
            for (at, id) in ids.iter().take(16).enumerate() {
                match at % 4 {
                    0 => drop(bob.renames(id, "Meanwhile").await.group(200)),
                    1 => bob.leaves(id).await.no_content(),
                    2 => bob.removes(id, bob).await.no_content(),
                    _ => ada.deletes(id).await.no_content(),
                }
                progress.step();
            }
        }
    }));
    watched(&ada, work, 24 * 16, &progress).await;
}

#[tokio::test]
async fn a_client_that_connects_during_changes_misses_none() {
    const CHANGES: usize = 200;
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[&bob]).await;
    let progress = Progress::default();
    let work = async {
        for at in 0..CHANGES {
            ada.renames(&group, &format!("Name {at}")).await.group(200);
            progress.step();
        }
    };
    watched(&bob, work, CHANGES, &progress).await;
}

/// The progress of the changes.
#[derive(Default)]
struct Progress(watch::Sender<usize>);

impl Progress {
    fn step(&self) {
        self.0.send_modify(|steps| *steps += 1);
    }

    async fn reaches(&self, steps: usize) {
        self.0.subscribe().wait_for(|done| *done >= steps).await.expect("somebody works");
    }
}

/// Connects repeatedly during the changes. At the end, the state of every one of these connections
/// equals the list.
async fn watched(user: &User, work: impl Future, steps: usize, progress: &Progress) {
    const WATCHERS: usize = 8;
    let listed: OnceCell<Vec<Value>> = OnceCell::new();
    let work = async {
        work.await;
        listed.set(user.lists().await).expect("the work is done once");
        // Wakes the connections that wait for a message.
        user.creates("The end", &[]).await;
    };
    let watchers = join_all((0..WATCHERS).map(|at| {
        let listed = &listed;
        async move {
            progress.reaches(steps * at / WATCHERS).await;
            let mut view = View::of(&user.id);
            let mut socket = dial(user, &mut view).await;
            loop {
                match within("a message", socket.hear()).await {
                    Heard::Message(message) if message["name"] == "The end" => break,
                    Heard::Message(message) => {
                        view.take(&message);
                    }
                    // On a busy machine this client may be too slow: then it reconnects as asked.
                    Heard::Closed(4001, _) => socket = dial(user, &mut view).await,
                    other => panic!("{other:?}"),
                }
            }
            view.assert_is(listed.get().expect("the end comes after the work"));
            socket.hears_nothing().await;
        }
    }));
    tokio::join!(work, watchers);
}

async fn dial(user: &User, view: &mut View) -> Socket {
    match view.begin() {
        Some(cursor) => user.dial().cursor(cursor).open().await,
        None => user.dial().open().await,
    }
}
