//! Tokens that expire and are replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use groups_client::{Client, Error, NewGroup, TokenReason, UserId};

use crate::support::{Server, User, new_user, next_event, token, until_live, within};

/// A client whose first token expires after so many seconds, and all others after an hour. Also returns how often the provider was
/// asked because a token was refused.
fn client_with_expiring_token(server: &Server, id: UserId, seconds: i64) -> (Client, Arc<AtomicU32>) {
    let refused = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&refused);
    let provider = move |reason| {
        let number = match reason {
            TokenReason::Refused => counted.fetch_add(1, Relaxed) + 1,
            _ => counted.load(Relaxed),
        };
        let token = token(id, if number == 0 { seconds } else { 3600 });
        async move { Ok(token) }
    };
    (Client::builder(server.url()).token_provider(provider).build().unwrap(), refused)
}

#[tokio::test]
async fn a_call_replaces_an_expired_token() {
    let server = Server::start();
    let id = new_user();
    let (client, refused) = client_with_expiring_token(&server, id, -10);
    assert_eq!(client.me().await.unwrap().user_id, id);
    assert_eq!(client.me().await.unwrap().user_id, id);
    assert_eq!(refused.load(Relaxed), 1);
}

#[tokio::test]
async fn a_watch_whose_token_expires_continues_with_a_new_one() {
    let server = Server::start();
    let ada = User::of(&server);
    let (client, refused) = client_with_expiring_token(&server, ada.id, 2);
    let mut watch = client.watch().start();
    until_live(&mut watch).await;
    // The token expires, and the server closes the connection.
    assert_eq!(until_live(&mut watch).await, []);
    assert_eq!(refused.load(Relaxed), 1);
    ada.client.groups().create(NewGroup::new("Team")).await.unwrap();
    assert_eq!(next_event(&mut watch).await.version.get(), 1);
}

#[tokio::test]
async fn a_watch_ends_if_every_token_is_refused() {
    let server = Server::start();
    let client = Client::builder(server.url()).token(token(new_user(), -10)).build().unwrap();
    let mut watch = client.watch().start();
    let refused = within("the end of the watch", async {
        loop {
            if let Err(error) = watch.next().await {
                return error;
            }
        }
    });
    assert!(matches!(refused.await, Error::Refused(refusal) if refusal.status == 401));
}
