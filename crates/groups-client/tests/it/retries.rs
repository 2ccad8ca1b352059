//! Calls that are repeated, and those that are not.

use std::time::Duration;

use groups_client::{Client, Code, Error, NewGroup};

use crate::support::{LossyProxy, Server, User, new_user, token};

#[tokio::test]
async fn a_change_whose_answers_are_lost_is_made_once() {
    let server = Server::start();
    let proxy = LossyProxy::before(server.address(), 2).await;
    let id = new_user();
    let client = Client::builder(proxy.url()).token(token(id, 3600)).build().unwrap();
    let group = client.groups().create(NewGroup::new("Team")).await.unwrap();
    assert_eq!(proxy.requests(), 3);
    assert_eq!(client.groups().all().await.unwrap(), [group]);
}

#[tokio::test]
async fn an_error_has_the_key_with_which_the_change_can_be_repeated() {
    let server = Server::start();
    let proxy = LossyProxy::before(server.address(), 1).await;
    let client = Client::builder(proxy.url()).token(token(new_user(), 3600)).attempts_max(1).build().unwrap();
    let lost = client.groups().create(NewGroup::new("Team")).await.unwrap_err();
    let key = lost.request_key().expect("a key").to_owned();
    let group = client.groups().create(NewGroup::new("Team")).idempotency_key(key).await.unwrap();
    assert_eq!(client.groups().all().await.unwrap(), [group]);
}

#[tokio::test]
async fn typing_is_sent_once() {
    let server = Server::start();
    let ada = User::of(&server);
    let group_id = ada.client.groups().create(NewGroup::new("Team")).await.unwrap().group_id;
    let proxy = LossyProxy::before(server.address(), 1).await;
    let client = Client::builder(proxy.url()).token(token(ada.id, 3600)).build().unwrap();
    assert!(matches!(client.group(group_id).typing(true).await, Err(Error::Unreachable { .. })));
    assert_eq!(proxy.requests(), 1);
}

#[tokio::test]
async fn a_call_waits_as_long_as_the_server_asks_up_to_a_limit() {
    let server = Server::with(&[("GROUPS_JWT_SECRET", crate::support::SECRET), ("GROUPS_RATE_LIMIT", "1")]);
    let token = token(new_user(), 3600);
    let patient = Client::builder(server.url()).token(&*token).attempts_max(20).build().unwrap();
    for _ in 0..30 {
        patient.me().await.unwrap();
    }
    let hasty = Client::builder(server.url()).token(&*token).retry_wait_max(Duration::ZERO).build().unwrap();
    let refused = loop {
        if let Err(refused) = hasty.me().await {
            break refused;
        }
    };
    assert_eq!(refused.code(), Some(Code::RateLimited));
    assert!(refused.refusal().and_then(|refusal| refusal.retry_after).is_some());
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_unreachable() {
    let client = Client::builder("http://127.0.0.1:1").token("t").build().unwrap();
    assert!(matches!(client.me().await, Err(Error::Unreachable { idempotency_key: None, .. })));
}

#[tokio::test]
async fn an_answer_of_another_server_is_an_error() {
    let server = Server::start();
    let client = Client::builder(format!("{}/nowhere", server.url())).token("t").build().unwrap();
    assert_eq!(client.me().await.unwrap_err().status(), Some(404));
}
