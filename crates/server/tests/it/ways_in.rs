//! Ways into a group and out of it: invitations, requests to join, bans, links and the directory.

mod bans;
mod directory;
mod expiry;
mod invitations;
mod links;
mod operators;
mod page;
mod races;
mod requests;
mod secrets;

use serde_json::{Value, json};

use crate::support::{Answer, Server, Socket, User, new_id};

/// A group with an owner, an admin and a member, and people outside of it.
struct Team {
    server: Server,
    /// The owner.
    ada: User,
    /// An admin.
    bob: User,
    /// A member.
    cat: User,
    /// An outsider.
    eve: User,
    group: String,
}

impl Team {
    async fn new(join_policy: &str) -> Self {
        Self::at(Server::start().await, join_policy).await
    }

    async fn at(server: Server, join_policy: &str) -> Self {
        let (ada, bob, cat, eve) = (server.user(), server.user_named("Bob"), server.user(), server.user_named("Eve"));
        let group = ada.creates_with("Team", &[(&bob, "admin"), (&cat, "member")]).await;
        if join_policy != "closed" {
            let set = ada.patch(&format!("/v1/groups/{group}"), json!({"join_policy": join_policy})).await;
            assert_eq!(set.group(200)["join_policy"], join_policy);
        }
        Self { server, ada, bob, cat, eve, group }
    }

    /// A path below the group's.
    fn path(&self, rest: &str) -> String {
        format!("/v1/groups/{}/{rest}", self.group)
    }

    /// The preview that outsiders see.
    fn preview(&self, member_count: u32, join_policy: &str) -> Value {
        json!({"group_id": self.group, "name": "Team", "description": "", "member_count": member_count,
               "join_policy": join_policy})
    }

    async fn invites(&self, user: &User) -> Answer {
        self.bob.post(&self.path("invitations"), json!({"user_id": user.id})).await
    }

    async fn bans(&self, user: &User) -> Answer {
        self.bob.call("PUT", &self.path(&format!("bans/{}", user.id))).send().await
    }

    /// Creates a link and returns the answer.
    async fn creates_link(&self, body: Value) -> Value {
        self.bob.post(&self.path("links"), body).await.ok(201)
    }

    /// The version of the group.
    async fn version(&self) -> u64 {
        self.ada.sees(&self.group).await["version"].as_u64().unwrap()
    }

    /// The role of a user in the group, if they are a member.
    async fn role_of(&self, user: &User) -> Option<String> {
        let members = self.ada.lists_members(&self.group).await;
        let member = members.iter().find(|member| member["user_id"] == user.id.as_str())?;
        Some(member["role"].as_str()?.to_owned())
    }

    /// How many entries the three lists of people have.
    async fn standings(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        for (count, list) in counts.iter_mut().zip(["invitations", "requests", "bans"]) {
            *count = self.ada.pages(&self.path(&format!("{list}?limit=500")), list).await.len();
        }
        counts
    }
}

/// What `group_updated` with this action says.
async fn update(socket: &mut Socket, user: &User, action: &str) -> Value {
    let event = socket.event(&user.id, "group_updated").await;
    assert_eq!(event["action"], action, "{event}");
    event
}

/// Asserts that both devices of a user hear the same event next, but for the cursor.
async fn both_hear(phone: &mut Socket, laptop: &mut Socket, user: &User, kind: &str) -> Value {
    let on_phone = phone.event(&user.id, kind).await;
    let on_laptop = laptop.event(&user.id, kind).await;
    for field in ["version", "actor_id", "reason", "role", "group"] {
        assert_eq!(on_phone[field], on_laptop[field], "{field}");
    }
    on_phone
}

/// The token of a new link.
fn token_of(link: &Value) -> String {
    let token = link["token"].as_str().unwrap();
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    token.to_owned()
}

/// Asserts that a list of a group is only for its admins.
async fn only_for_admins(team: &Team, method: &str, rest: &str) {
    let send = async |user: &User, path: &str| user.call(method, path).send().await;
    let path = team.path(rest);
    send(&team.cat, &path).await.problem(403, "forbidden");
    let hidden = send(&team.eve, &path).await.problem(404, "group_not_found");
    let missing = path.replace(&team.group, &new_id());
    for user in [&team.eve, &team.ada] {
        assert_eq!(send(user, &missing).await.problem(404, "group_not_found"), hidden);
    }
}
