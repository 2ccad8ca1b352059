//! What the tests share: the real server as a process, tokens, and a proxy that loses answers.

mod proxy;
mod server;
mod token;

use std::future::Future;
use std::time::Duration;

use groups_client::{Client, GroupEvent, Status, Update, UserId, Uuid, Watch};

pub(crate) use self::proxy::LossyProxy;
pub(crate) use self::server::{Server, free_address};
use self::token::token_with;
pub(crate) use self::token::{SECRET, token};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A user with a client that has a token for one hour.
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) client: Client,
}

impl User {
    pub(crate) fn of(server: &Server) -> Self {
        let id = new_user();
        let client = Client::builder(server.url()).token(token(id, 3600)).build().unwrap();
        Self { id, client }
    }
}

/// A client of an operator.
pub(crate) fn operator(server: &Server) -> Client {
    Client::builder(server.url()).token(operator_token()).build().unwrap()
}

pub(crate) fn operator_token() -> String {
    token_with(serde_json::json!({"sub": new_user(), "scope": "groups:admin"}), 3600)
}

pub(crate) fn new_user() -> UserId {
    UserId::new(Uuid::now_v7())
}

/// Waits for something that must happen.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not happen within {} s", PATIENCE.as_secs()),
    }
}

/// Processes updates until the list is up to date. Returns the events on the way.
pub(crate) async fn until_live(watch: &mut Watch) -> Vec<GroupEvent> {
    let mut events = Vec::new();
    loop {
        match within("an update", watch.next()).await.unwrap() {
            Update::Status(Status::Live) => return events,
            Update::Event(event) => events.push(*event),
            _ => {}
        }
    }
}

/// The next event, whatever happens to the connection.
pub(crate) async fn next_event(watch: &mut Watch) -> GroupEvent {
    loop {
        if let Update::Event(event) = within("an event", watch.next()).await.unwrap() {
            return *event;
        }
    }
}

/// The versions of the groups in the list of a watch, and those that the server lists.
pub(crate) async fn lists(watch: &Watch, client: &Client) -> (Vec<String>, Vec<String>) {
    let rows = watch.sidebar().rows().map(|row| {
        let group = &row.group;
        format!("{} {} {} {} {}", group.group_id, group.version, group.name, group.member_count, row.role)
    });
    let listed = client.groups().all().await.unwrap();
    let mut listed: Vec<_> = listed
        .iter()
        .map(|group| {
            let role = group.role.unwrap();
            format!("{} {} {} {} {role}", group.group_id, group.version, group.name, group.member_count)
        })
        .collect();
    listed.sort();
    (rows.collect(), listed)
}
