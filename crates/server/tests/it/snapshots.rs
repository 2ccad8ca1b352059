//! The opening of a connection: the whole list in pieces, right from `ready` on, whatever happens meanwhile.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Folded, Heard, Server, User, View, within};

#[tokio::test]
async fn a_connection_opens_with_welcome_snapshot_and_ready() {
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
async fn who_is_in_no_group_gets_an_empty_snapshot() {
    let server = Server::start().await;
    let socket = server.user().connects().await;
    assert_eq!(socket.opening.len(), 3);
    assert_eq!(socket.opening[1]["groups"], json!([]));
}

#[tokio::test]
async fn a_list_of_thousands_comes_in_pieces_and_is_right_while_everything_changes() {
    const GROUPS: usize = 5_000;
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let ids: Vec<Vec<String>> = join_all((0..25).map(|part| {
        let (ada, bob) = (&ada, &bob);
        async move {
            let mut ids = Vec::new();
            for at in 0..GROUPS / 25 {
                ids.push(ada.creates_with(&format!("Group {part}-{at}"), &[(bob, "admin")]).await);
            }
            ids
        }
    }))
    .await;

    let socket = ada.connects().await;
    let pieces: Vec<_> = socket.opening.iter().filter(|message| message["type"] == "snapshot").collect();
    assert_eq!(pieces.len(), GROUPS / 500);
    assert!(pieces.iter().all(|piece| piece["groups"].as_array().unwrap().len() == 500));
    let more: Vec<_> = pieces.iter().map(|piece| piece["more"].as_bool().unwrap()).collect();
    assert!(more[..more.len() - 1].iter().all(|more| *more) && !more[more.len() - 1], "{more:?}");
    assert_eq!(socket.snapshot().len(), GROUPS);
    drop(socket);

    // Bob works on the groups while Ada connects again and again.
    let work = async {
        join_all(ids.iter().map(|ids| {
            let (ada, bob) = (&ada, &bob);
            async move {
                for (at, id) in ids.iter().take(20).enumerate() {
                    match at % 4 {
                        0 => drop(bob.renames(id, "Meanwhile").await.group(200)),
                        1 => bob.leaves(id).await.no_content(),
                        2 => bob.removes(id, bob).await.no_content(),
                        _ => ada.deletes(id).await.no_content(),
                    }
                }
            }
        }))
        .await;
    };
    let watch = async {
        let mut views = Vec::new();
        for _ in 0..4 {
            views.push(opened(&ada).await);
        }
        views
    };
    let ((), mut views) = tokio::join!(work, watch);
    let listed = ada.lists().await;
    for (view, socket) in &mut views {
        caught_up(view, socket, &listed).await;
    }
}

/// A connection that is ready, and what it shows.
async fn opened(user: &User) -> (View, crate::support::Socket) {
    let mut view = View::of(&user.id);
    view.begin();
    let mut socket = user.dial().open().await;
    loop {
        let message = socket.message().await;
        if view.take(&message) == Folded::Ready {
            return (view, socket);
        }
    }
}

/// Reads on until the view is what is listed, which nobody changes any more.
async fn caught_up(view: &mut View, socket: &mut crate::support::Socket, listed: &[Value]) {
    within("the view catches up", async {
        let is_there = |view: &View| {
            view.groups().len() == listed.len()
                && listed
                    .iter()
                    .all(|group| view.version(group["group_id"].as_str().unwrap()) == group["version"].as_u64())
        };
        while !is_there(view) {
            match socket.hear().await {
                Heard::Message(message) => {
                    view.take(&message);
                }
                other => panic!("{other:?}"),
            }
        }
    })
    .await;
    view.assert_is(listed);
    socket.hears_nothing().await;
}

#[tokio::test]
async fn who_connects_in_the_middle_of_changes_misses_none() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[&bob]).await;
    let work = async {
        for at in 0..150 {
            ada.renames(&group, &format!("Name {at}")).await.group(200);
        }
    };
    let watch = async {
        let mut views = Vec::new();
        for _ in 0..12 {
            views.push(opened(&bob).await);
        }
        views
    };
    let ((), mut views) = tokio::join!(work, watch);
    let listed = bob.lists().await;
    assert_eq!(listed[0]["version"], 151);
    for (view, socket) in &mut views {
        caught_up(view, socket, &listed).await;
    }
}
