//! A cast of fixed people, and short ways to say what they do.

use groups_domain::{Actor, Change, Command, Group, GroupId, NewMember, Request, Role, Timestamp, UserId, Version};
use groups_store::{ExecuteError, Executed, GroupList, Idempotency, NameClaim, Order, Store};
use uuid::Uuid;

pub(crate) const ADA: UserId = person(1);
pub(crate) const BOB: UserId = person(2);
pub(crate) const CAT: UserId = person(3);
pub(crate) const DAN: UserId = person(4);
pub(crate) const EVE: UserId = person(5);

/// When everything begins.
pub(crate) const DAWN: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);

pub(crate) const HOUR_MS: i64 = 60 * 60 * 1_000;

pub(crate) const fn person(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(0xabc0_0000_0000_0000_0000_0000_0000_0000 + number))
}

pub(crate) const fn group_id(number: u128) -> GroupId {
    GroupId::new(Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0000 + number))
}

pub(crate) fn after_hours(hours: i64) -> Timestamp {
    Timestamp::from_unix_millis(DAWN.unix_millis() + hours * HOUR_MS)
}

/// A name from a token that was issued so many milliseconds after 1970.
pub(crate) fn named(user_id: UserId, text: &str, issued_ms: i64) -> NameClaim {
    NameClaim { user_id, name: name(text), issued_at: Timestamp::from_unix_millis(issued_ms) }
}

pub(crate) fn name(text: &str) -> groups_domain::DisplayName {
    text.parse().unwrap()
}

pub(crate) fn request(group: GroupId, actor: impl Into<Actor>, command: Command) -> Request {
    Request { group_id: group, actor: actor.into(), at: DAWN, expected_version: None, command }
}

pub(crate) fn create(name: &str) -> Command {
    Command::create(name, "").unwrap()
}

pub(crate) fn create_with(name: &str, members: impl IntoIterator<Item = UserId>) -> Command {
    match create(name) {
        Command::CreateGroup { name, description, .. } => {
            let members = members.into_iter().map(NewMember::plain).collect();
            Command::CreateGroup { name, description, members, owner_id: None }
        }
        other => other,
    }
}

pub(crate) fn add(user: UserId) -> Command {
    Command::AddMember(NewMember::plain(user))
}

pub(crate) fn add_many(users: impl IntoIterator<Item = UserId>) -> Command {
    Command::AddMembers(users.into_iter().map(NewMember::plain).collect())
}

pub(crate) fn remove(user_id: UserId) -> Command {
    Command::RemoveMember { user_id }
}

pub(crate) fn rename(name: &str) -> Command {
    Command::UpdateSettings {
        name: Some(groups_domain::GroupName::parse(name).unwrap()),
        description: None,
        join_policy: None,
    }
}

pub(crate) fn role(user_id: UserId, role: Role) -> Command {
    Command::ChangeRole { user_id, role }
}

pub(crate) fn keyed(request: Request, key: &str, fingerprint: u8) -> Order {
    Order { request, idempotency: Some(Idempotency { key: key.to_owned(), fingerprint: [fingerprint; 32] }) }
}

/// The answer to a repetition of an order, from its first answer.
pub(crate) fn repeated(first: Executed) -> Executed {
    let mut again = first;
    again.replayed = true;
    again
}

/// What people do, one line each.
pub(crate) trait Doing {
    async fn does(&self, actor: impl Into<Actor>, group: GroupId, command: Command) -> Result<Executed, ExecuteError>;
    /// As `does`, and it has to change something.
    async fn did(&self, actor: impl Into<Actor>, group: GroupId, command: Command) -> Change;
}

impl Doing for Store {
    async fn does(&self, actor: impl Into<Actor>, group: GroupId, command: Command) -> Result<Executed, ExecuteError> {
        self.execute(request(group, actor, command).into()).await
    }

    async fn did(&self, actor: impl Into<Actor>, group: GroupId, command: Command) -> Change {
        let executed = self.does(actor, group, command).await.unwrap();
        executed.outcome.change().expect("nothing changed").clone()
    }
}

pub(crate) fn version(number: u64) -> Version {
    Version::new(number)
}

/// A list from its beginning to its end, read two groups at a time.
pub(crate) async fn whole(store: &Store, mut list: GroupList) -> Vec<(Group, Role)> {
    let mut groups = Vec::new();
    while list.remaining() > 0 {
        groups.extend(store.next_groups(&mut list, 2, usize::MAX).await.unwrap());
    }
    groups
}
