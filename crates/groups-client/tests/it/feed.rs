//! The log of all groups, followed across restarts of the server.

use groups_client::{Client, Code, FeedError, GroupId, LogChange, NewGroup};

use crate::support::{LossyProxy, Server, User, operator, token, within};

fn versions(changes: &[LogChange]) -> Vec<u64> {
    changes.iter().map(|change| change.change.version.get()).collect()
}

async fn rename(user: &User, group_id: GroupId, name: &str) {
    user.client.group(group_id).rename(name).await.unwrap();
}

#[tokio::test]
async fn a_feed_continues_after_kills_of_the_server_and_skips_nothing() {
    let mut server = Server::start();
    let (operator, ada) = (operator(&server), User::of(&server));
    let group_id = ada.client.groups().create(NewGroup::new("Team")).await.unwrap().group_id;
    let mut feed = operator.admin().feed(None);
    let mut seen = vec![within("the creation", feed.next()).await.unwrap()];
    for round in 0..2 {
        rename(&ada, group_id, &format!("before {round}")).await;
        server.kill();
        let mut retries = 0;
        // It waits while the server is away; what it waits for is not lost when the caller stops waiting.
        let waits = async { feed.next_with(|_| retries += 1).await };
        let next = tokio::select! {
            next = waits => Some(next.unwrap()),
            () = async { server.launch() } => None,
        };
        seen.extend(next);
        rename(&ada, group_id, &format!("after {round}")).await;
        while seen.last().is_none_or(|last| last.change.version.get() < 3 + 2 * round) {
            seen.push(within("a change", feed.next()).await.unwrap());
        }
    }
    assert_eq!(versions(&seen), [1, 2, 3, 4, 5]);
    assert!(seen.iter().all(|change| change.group_id == group_id));
    assert_eq!(feed.cursor(), seen.last().map(|last| &*last.cursor));
}

#[tokio::test]
async fn a_feed_continues_after_any_of_its_cursors() {
    let server = Server::start();
    let (operator, ada) = (operator(&server), User::of(&server));
    let group_id = ada.client.groups().create(NewGroup::new("Team")).await.unwrap().group_id;
    for name in ["2", "3", "4"] {
        rename(&ada, group_id, name).await;
    }
    let rest = async |after: Option<String>| {
        let (mut feed, mut changes) = (operator.admin().feed(after), Vec::new());
        while let Some(change) = feed.next_available().await.unwrap() {
            changes.push(change);
        }
        changes
    };
    let all = rest(None).await;
    assert_eq!(versions(&all), [1, 2, 3, 4]);
    for (index, change) in all.iter().enumerate() {
        assert_eq!(versions(&rest(Some(change.cursor.clone())).await), versions(&all[index + 1..]));
    }
    let end = operator.admin().end_of_log().await.unwrap();
    assert_eq!(rest(Some(end.clone())).await, []);
    rename(&ada, group_id, "5").await;
    assert_eq!(versions(&rest(Some(end)).await), [5]);
}

#[tokio::test]
async fn a_waiting_feed_gets_a_change_as_soon_as_it_is_committed() {
    let server = Server::start();
    let (operator, ada) = (operator(&server), User::of(&server));
    let end = operator.admin().end_of_log().await.unwrap();
    let mut feed = operator.admin().feed(Some(end));
    let change = async {
        let group = ada.client.groups().create(NewGroup::new("Team")).await.unwrap();
        group.group_id
    };
    let (next, group_id) = within("the change", async { tokio::join!(feed.next(), change) }).await;
    assert_eq!(next.unwrap().group_id, group_id);
}

#[tokio::test]
async fn a_feed_whose_answers_are_lost_asks_again() {
    let server = Server::start();
    let ada = User::of(&server);
    ada.client.groups().create(NewGroup::new("Team")).await.unwrap();
    let proxy = LossyProxy::before(server.address(), 2).await;
    let through = Client::builder(proxy.url()).token(crate::support::operator_token()).attempts_max(1).build().unwrap();
    let mut feed = through.admin().feed(None);
    let mut retries = 0;
    let change = within("a change", feed.next_with(|_| retries += 1)).await.unwrap();
    assert_eq!((change.change.version.get(), retries), (1, 2));
}

#[tokio::test]
async fn a_cursor_from_before_a_restored_backup_is_an_error_with_a_type() {
    let mut server = Server::start();
    let (operator, ada) = (operator(&server), User::of(&server));
    server.kill();
    let backup = server.saved();
    server.launch();
    ada.client.groups().create(NewGroup::new("Team")).await.unwrap();
    let cursor = operator.admin().feed(None).next().await.unwrap().cursor;
    server.kill();
    server.restore(&backup);
    server.launch();
    let refused = operator.admin().feed(Some(cursor)).next().await.unwrap_err();
    assert!(matches!(refused, FeedError::CursorExpired(_)), "{refused:?}");
}

#[tokio::test]
async fn a_feed_without_the_scope_is_refused() {
    let server = Server::start();
    let ada = User::of(&server);
    let client = Client::builder(server.url()).token(token(ada.id, 3600)).build().unwrap();
    let FeedError::Call(refused) = client.admin().feed(None).next().await.unwrap_err() else { panic!("a refusal") };
    assert_eq!(refused.code(), Some(Code::Forbidden));
}
