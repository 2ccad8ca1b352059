//! Who receives which events of each change: every field of every event, and nothing for others.

use serde_json::{Value, json};

use crate::support::{Server, Socket, User, assert_time, new_id};

/// A user with a ready connection.
struct Listener {
    user: User,
    socket: Socket,
}

impl Listener {
    async fn new(server: &Server) -> Self {
        Self::of(&server.user()).await
    }

    async fn of(user: &User) -> Self {
        Self { user: user.clone(), socket: user.connects().await }
    }

    fn id(&self) -> &str {
        &self.user.id
    }

    /// The id, for when the user is borrowed.
    fn name(&self) -> String {
        self.user.id.clone()
    }

    async fn event(&mut self, kind: &str) -> Value {
        self.socket.event(&self.user.id, kind).await
    }

    /// Asserts that the next event is `group_updated` with this action.
    async fn update(&mut self, action: &str) -> Value {
        let event = self.event("group_updated").await;
        assert_eq!(event["action"], action, "{event}");
        event
    }

    /// Asserts that nothing was received: the next event is the one of a change in the user's own
    /// group.
    async fn has_heard_nothing_else(&mut self) {
        let own = self.user.creates("My own", &[]).await;
        let event = self.event("group_created").await;
        assert_eq!(event["group_id"], own, "something else came first: {event}");
        self.socket.hears_nothing().await;
    }
}

/// Asserts that everyone receives `creates`, reaches the same version, and receives nothing more.
async fn gathered(creator: &mut Listener, members: &mut [(&mut Listener, &str)]) -> String {
    let with: Vec<_> = members.iter().map(|(member, role)| (&member.user, *role)).collect();
    let group = creator.user.creates_with("Team", &with).await;
    creator.event("group_created").await;
    for (member, _) in members.iter_mut() {
        member.event("added_to_group").await;
    }
    group
}

fn without_role(mut group: Value) -> Value {
    group.as_object_mut().expect("a group").remove("role");
    group
}

#[tokio::test]
async fn the_creator_and_each_initial_member_receive_the_creation_of_a_group() {
    let server = Server::start().await;
    let (mut ada, mut bob, mut eve) =
        (Listener::new(&server).await, Listener::new(&server).await, Listener::new(&server).await);
    let mut stranger = Listener::new(&server).await;

    let members = json!([{"user_id": bob.id(), "role": "admin"}, {"user_id": eve.id()}]);
    let body = json!({"name": "Project Team", "description": "What we do", "members": members});
    let group = ada.user.post("/v1/groups", body).await.group(201);
    assert_eq!(group["name"], "Project Team");
    assert_eq!(group["description"], "What we do");
    assert_eq!(group["admin_id"], ada.id());
    assert_eq!((&group["member_count"], &group["version"], &group["role"]), (&json!(3), &json!(1), &json!("owner")));

    let created = ada.event("group_created").await;
    assert_eq!(created["name"], "Project Team");
    assert_eq!(created["description"], "What we do");
    assert_eq!(created["admin_id"], ada.id());
    assert_eq!(created["role"], "owner");
    assert_eq!(created["actor_id"], ada.id());
    assert_eq!(created["version"], 1);
    assert_eq!(created["group"], without_role(group.clone()));
    assert_time(&created["at"]);

    for (person, role) in [(&mut bob, "admin"), (&mut eve, "member")] {
        let added = person.event("added_to_group").await;
        assert_eq!(added["group_name"], "Project Team");
        assert_eq!(added["added_by"], ada.id());
        assert_eq!(added["actor_id"], ada.id());
        assert_eq!(added["role"], role);
        assert_eq!(added["version"], 1);
        assert_eq!(added["group"], without_role(group.clone()));
    }
    for person in [&mut ada, &mut bob, &mut eve, &mut stranger] {
        person.has_heard_nothing_else().await;
    }
}

#[tokio::test]
async fn every_device_of_a_user_receives_each_event_once() {
    let server = Server::start().await;
    let ada = server.user();
    let mut devices = [Listener::of(&ada).await, Listener::of(&ada).await, Listener::of(&ada).await];
    let connections: std::collections::BTreeSet<_> =
        devices.iter().map(|device| device.socket.opening[0]["connection_id"].to_string()).collect();
    assert_eq!(connections.len(), 3, "each connection has its own id");

    let group = ada.creates("Mine", &[]).await;
    ada.renames(&group, "Still mine").await.group(200);
    let mut heard = Vec::new();
    for device in &mut devices {
        let created = device.event("group_created").await;
        let renamed = device.update("settings_changed").await;
        device.socket.hears_nothing().await;
        heard.push((created, renamed));
    }
    assert!(heard.windows(2).all(|pair| pair[0] == pair[1]), "all devices receive the same");
}

#[tokio::test]
async fn an_added_member_and_the_other_members_receive_events() {
    let server = Server::start().await;
    let (mut ada, mut bob, mut eve) =
        (Listener::new(&server).await, Listener::new(&server).await, Listener::new(&server).await);
    let mut stranger = Listener::new(&server).await;
    let group = gathered(&mut ada, &mut [(&mut bob, "admin")]).await;

    let answer = bob.user.adds(&group, &eve.user).await.ok(201);
    assert_eq!(answer["results"], json!([{"user_id": eve.id(), "outcome": "added"}]));
    assert_eq!(answer["group"]["member_count"], 3);
    assert_eq!(answer["group"]["role"], "admin");

    let added = eve.event("added_to_group").await;
    assert_eq!(added["group_name"], "Team");
    assert_eq!(added["added_by"], bob.id());
    assert_eq!(added["role"], "member");
    assert_eq!(added["version"], 2);
    assert_eq!(added["group"]["admin_id"], ada.id());
    assert_eq!(added["group"]["member_count"], 3);
    let actor = bob.name();
    for person in [&mut ada, &mut bob] {
        let update = person.update("member_added").await;
        assert_eq!(update["user_id"], eve.id());
        assert_eq!(update["role"], "member");
        assert_eq!(update["actor_id"], actor);
        assert_eq!(update["version"], 2);
        assert_eq!(update["at"], added["at"]);
        assert_eq!(update["group"], added["group"]);
    }
    for person in [&mut ada, &mut bob, &mut eve, &mut stranger] {
        person.has_heard_nothing_else().await;
    }
}

#[tokio::test]
async fn several_users_are_added_in_one_change() {
    let server = Server::start().await;
    let (mut ada, mut bob, mut eve) =
        (Listener::new(&server).await, Listener::new(&server).await, Listener::new(&server).await);
    let group = gathered(&mut ada, &mut [(&mut bob, "member")]).await;

    let dan = server.user();
    let members = json!([
        {"user_id": eve.id(), "role": "admin"}, {"user_id": bob.id()}, {"user_id": dan.id}, {"user_id": dan.id},
    ]);
    let answer = ada.user.post(&format!("/v1/groups/{group}/members"), json!({"members": members})).await.ok(201);
    assert_eq!(answer["group"]["version"], 2);
    assert_eq!(answer["group"]["member_count"], 4, "existing members and users named twice count once");
    let outcome = |id: &str| {
        let results = answer["results"].as_array().unwrap();
        results.iter().find(|result| result["user_id"] == id).unwrap()["outcome"].clone()
    };
    assert_eq!(outcome(eve.id()), "added");
    assert_eq!(outcome(bob.id()), "already_member");
    assert_eq!(outcome(&dan.id), "added");

    for person in [&mut ada, &mut bob] {
        let update = person.update("members_added").await;
        assert_eq!(update["count"], 2);
        let ids: std::collections::BTreeSet<_> =
            update["user_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        assert_eq!(ids, [eve.id(), dan.id.as_str()].into());
        assert_eq!(update["group"]["member_count"], 4);
    }
    assert_eq!(eve.event("added_to_group").await["role"], "admin");

    // All of them are already members: a no-op without events.
    let again = ada.user.adds_all(&group, &[eve.id(), &dan.id]).await;
    assert_eq!(again.ok(201)["group"]["version"], 2);
    for person in [&mut ada, &mut bob, &mut eve] {
        person.has_heard_nothing_else().await;
    }
}

#[tokio::test]
async fn a_removed_member_receives_the_removal_and_nothing_later() {
    let server = Server::start().await;
    let (mut ada, mut bob, mut eve) =
        (Listener::new(&server).await, Listener::new(&server).await, Listener::new(&server).await);
    let group = gathered(&mut ada, &mut [(&mut bob, "member"), (&mut eve, "member")]).await;

    ada.user.removes(&group, &bob.user).await.no_content();
    let removed = bob.event("removed_from_group").await;
    assert_eq!(removed["group_name"], "Team");
    assert_eq!(removed["removed_by"], ada.id());
    assert_eq!(removed["reason"], "removed");
    assert_eq!(removed["version"], 2);
    assert!(removed.get("group").is_none(), "what becomes of the group is no longer his business: {removed}");
    let actor = ada.name();
    for person in [&mut ada, &mut eve] {
        let update = person.update("member_removed").await;
        assert_eq!(update["user_id"], bob.id());
        assert_eq!(update["actor_id"], actor);
        assert_eq!(update["group"]["member_count"], 2);
    }

    ada.user.renames(&group, "Without Bob").await.group(200);
    ada.update("settings_changed").await;
    eve.update("settings_changed").await;
    bob.has_heard_nothing_else().await;
    bob.user.get(&format!("/v1/groups/{group}")).await.problem(404, "group_not_found");

    // Added again, he is a normal new member.
    ada.user.adds(&group, &bob.user).await.ok(201);
    let added = bob.event("added_to_group").await;
    assert_eq!((&added["version"], &added["role"]), (&json!(4), &json!("member")));
    assert_eq!(added["group"]["name"], "Without Bob");
    assert_eq!(ada.update("member_added").await["user_id"], bob.id());
}

#[tokio::test]
async fn a_leaving_member_and_the_other_members_receive_events() {
    let server = Server::start().await;
    let (mut ada, mut bob, mut eve) =
        (Listener::new(&server).await, Listener::new(&server).await, Listener::new(&server).await);
    let group = gathered(&mut ada, &mut [(&mut bob, "admin"), (&mut eve, "member")]).await;

    bob.user.leaves(&group).await.no_content();
    // Removing your own id also counts as leaving.
    eve.user.removes(&group, &eve.user).await.no_content();
    for (person, version) in [(&mut bob, 2), (&mut eve, 3)] {
        if version == 3 {
            assert_eq!(person.update("member_left").await["version"], 2);
        }
        let left = person.event("removed_from_group").await;
        assert_eq!(left["removed_by"], person.id());
        assert_eq!(left["reason"], "left");
        assert_eq!(left["group_name"], "Team");
        assert_eq!(left["version"], version);
    }
    for (person, count) in [(bob.id(), 2), (eve.id(), 1)] {
        let update = ada.update("member_left").await;
        assert_eq!((update["user_id"].as_str(), &update["group"]["member_count"]), (Some(person), &json!(count)));
    }
    for person in [&mut ada, &mut bob, &mut eve] {
        person.has_heard_nothing_else().await;
    }
}

#[tokio::test]
async fn the_member_and_the_others_receive_a_role_change() {
    let server = Server::start().await;
    let (mut ada, mut bob, mut eve) =
        (Listener::new(&server).await, Listener::new(&server).await, Listener::new(&server).await);
    let group = gathered(&mut ada, &mut [(&mut bob, "member"), (&mut eve, "member")]).await;

    let member = ada.user.makes(&group, &bob.user, "admin").await.ok(200);
    assert_eq!((member["user_id"].as_str(), member["role"].as_str()), (Some(bob.id()), Some("admin")));
    assert_time(&member["joined_at"]);
    let changed = bob.event("role_changed").await;
    assert_eq!(changed["group_name"], "Team");
    assert_eq!((&changed["role"], &changed["previous_role"]), (&json!("admin"), &json!("member")));
    assert_eq!(changed["changed_by"], ada.id());
    assert_eq!(changed["version"], 2);
    assert_eq!(changed["group"]["admin_id"], ada.id());
    for person in [&mut ada, &mut eve] {
        let update = person.update("role_changed").await;
        assert_eq!((update["user_id"].as_str(), update["role"].as_str()), (Some(bob.id()), Some("admin")));
    }
    assert_eq!(bob.user.sees(&group).await["role"], "admin");

    // Setting the current role is a no-op: no version, no event.
    ada.user.makes(&group, &bob.user, "admin").await.ok(200);
    assert_eq!(ada.user.sees(&group).await["version"], 2);
    for person in [&mut ada, &mut bob, &mut eve] {
        person.has_heard_nothing_else().await;
    }
}

#[tokio::test]
async fn ownership_is_transferred_in_one_change() {
    let server = Server::start().await;
    let (mut ada, mut bob, mut eve) =
        (Listener::new(&server).await, Listener::new(&server).await, Listener::new(&server).await);
    let group = gathered(&mut ada, &mut [(&mut bob, "member"), (&mut eve, "member")]).await;

    assert_eq!(ada.user.makes(&group, &bob.user, "owner").await.ok(200)["role"], "owner");
    let owner = bob.event("role_changed").await;
    assert_eq!((&owner["role"], &owner["previous_role"]), (&json!("owner"), &json!("member")));
    let before = ada.event("role_changed").await;
    assert_eq!((&before["role"], &before["previous_role"]), (&json!("admin"), &json!("owner")));
    let update = eve.update("owner_changed").await;
    assert_eq!(update["user_id"], bob.id());
    for event in [&owner, &before, &update] {
        assert_eq!(event["actor_id"], ada.id());
        assert_eq!(event["version"], 2);
        assert_eq!(event["group"]["admin_id"], bob.id());
        assert_eq!(event["group"]["member_count"], 3);
    }
    assert_eq!(ada.user.sees(&group).await["role"], "admin");
    for person in [&mut ada, &mut bob, &mut eve] {
        person.has_heard_nothing_else().await;
    }
}

#[tokio::test]
async fn an_owner_leaves_and_is_succeeded_in_one_change() {
    let server = Server::start().await;
    let (mut ada, mut bob, mut eve) =
        (Listener::new(&server).await, Listener::new(&server).await, Listener::new(&server).await);
    let group = gathered(&mut ada, &mut [(&mut bob, "admin"), (&mut eve, "member")]).await;

    ada.user.leaves_to(&group, &bob.user).await.no_content();
    let left = ada.event("removed_from_group").await;
    assert_eq!((left["reason"].as_str(), left["removed_by"].as_str()), (Some("left"), Some(ada.id())));
    let owner = bob.event("role_changed").await;
    assert_eq!((&owner["role"], &owner["previous_role"]), (&json!("owner"), &json!("admin")));
    let update = eve.update("member_left").await;
    assert_eq!(update["user_id"], ada.id());
    for event in [&owner, &update] {
        assert_eq!(event["version"], 2);
        assert_eq!(event["group"]["admin_id"], bob.id());
        assert_eq!(event["group"]["member_count"], 2);
    }
    assert_eq!(left["version"], 2);
    assert_eq!(bob.user.sees(&group).await["role"], "owner");
    for person in [&mut ada, &mut bob, &mut eve] {
        person.has_heard_nothing_else().await;
    }
}

#[tokio::test]
async fn every_member_receives_changed_settings_and_nobody_receives_a_no_op() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (Listener::new(&server).await, Listener::new(&server).await);
    let group = gathered(&mut ada, &mut [(&mut bob, "member")]).await;
    let path = format!("/v1/groups/{group}");

    let body = json!({"name": "  Renamed  ", "description": "Described"});
    let after = ada.user.patch(&path, body.clone()).await.group(200);
    assert_eq!((&after["name"], &after["description"]), (&json!("Renamed"), &json!("Described")));
    assert!(after["updated_at"].as_str() >= after["created_at"].as_str());
    for person in [&mut ada, &mut bob] {
        let update = person.update("settings_changed").await;
        assert_eq!(update["group"], without_role(after.clone()));
        assert_eq!(update["at"], after["updated_at"]);
    }

    assert_eq!(ada.user.patch(&path, body).await.group(200), after);
    assert_eq!(ada.user.patch(&path, json!({})).await.group(200), after);
    for person in [&mut ada, &mut bob] {
        person.has_heard_nothing_else().await;
    }
}

#[tokio::test]
async fn all_members_receive_the_deletion_of_their_group() {
    let server = Server::start().await;
    let (mut ada, mut bob, mut eve) =
        (Listener::new(&server).await, Listener::new(&server).await, Listener::new(&server).await);
    let mut stranger = Listener::new(&server).await;
    let group = gathered(&mut ada, &mut [(&mut bob, "admin"), (&mut eve, "member")]).await;
    ada.user.removes(&group, &eve.user).await.no_content();
    eve.event("removed_from_group").await;
    ada.update("member_removed").await;
    bob.update("member_removed").await;

    ada.user.deletes(&group).await.no_content();
    let actor = ada.name();
    for person in [&mut ada, &mut bob] {
        let deleted = person.event("group_deleted").await;
        assert_eq!(deleted["group_name"], "Team");
        assert_eq!(deleted["deleted_by"], actor);
        assert_eq!(deleted["version"], 3);
        assert!(deleted.get("group").is_none(), "{deleted}");
        person.user.get(&format!("/v1/groups/{group}")).await.problem(404, "group_not_found");
        assert!(person.user.lists().await.is_empty());
    }
    for person in [&mut ada, &mut bob, &mut eve, &mut stranger] {
        person.has_heard_nothing_else().await;
    }
}

#[tokio::test]
async fn the_two_original_paths_still_work() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (Listener::new(&server).await, Listener::new(&server).await);

    let answer = ada.user.post("/v1/groups/create", json!({"name": "Classic"})).await;
    let group = answer.group(201);
    let id = group["group_id"].as_str().unwrap();
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert!(answer.header("location").unwrap().ends_with(&format!("/v1/groups/{id}")));
    let created = ada.event("group_created").await;
    assert_eq!((&created["name"], &created["admin_id"]), (&json!("Classic"), &json!(ada.id())));

    let path = format!("/v1/groups/add-member/{id}");
    let answer = ada.user.post(&path, json!({"user_id": bob.id()})).await.ok(201);
    assert_eq!(answer["results"][0]["outcome"], "added");
    let added = bob.event("added_to_group").await;
    assert_eq!((&added["group_id"], &added["group_name"]), (&json!(id), &json!("Classic")));
    assert_eq!(added["added_by"], ada.id());
    let update = ada.update("member_added").await;
    assert_eq!((&update["group_id"], &update["user_id"]), (&json!(id), &json!(bob.id())));
    ada.user.post(&path, json!({"user_id": bob.id()})).await.problem(409, "already_member");
    ada.user.post(&path, json!({"members": [{"user_id": new_id()}]})).await.ok(201);
}

#[tokio::test]
async fn a_thousand_members_join_in_one_change() {
    let server = Server::start().await;
    let mut ada = Listener::new(&server).await;
    let mut some = Vec::new();
    for _ in 0..5 {
        some.push(Listener::new(&server).await);
    }
    let group = gathered(&mut ada, &mut []).await;
    let mut ids: Vec<String> = (0..995).map(|_| new_id()).collect();
    ids.extend(some.iter().map(|person| person.id().to_owned()));
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();

    let answer = ada.user.adds_all(&group, &ids).await.ok(201);
    assert_eq!((&answer["group"]["version"], &answer["group"]["member_count"]), (&json!(2), &json!(1001)));
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 1000);
    assert!(results.iter().all(|result| result["outcome"] == "added"));
    let update = ada.update("members_added").await;
    assert_eq!(update["count"], 1000);
    assert!(update.get("user_ids").is_none_or(Value::is_null), "more than a hundred are counted, not named");
    for person in &mut some {
        let added = person.event("added_to_group").await;
        assert_eq!((&added["version"], &added["group"]["member_count"]), (&json!(2), &json!(1001)));
        person.has_heard_nothing_else().await;
    }
    let members = ada.user.lists_members(&group).await;
    let listed: Vec<_> = members.iter().map(|member| member["user_id"].as_str().unwrap()).collect();
    assert_eq!(listed[0], ada.id());
    assert_eq!(listed[1..], ids[..], "in joining order");

    // One more than a thousand is too many for one change: all or nothing.
    let more: Vec<String> = (0..1001).map(|_| new_id()).collect();
    let more: Vec<_> = more.iter().map(String::as_str).collect();
    let refused = ada.user.adds_all(&group, &more).await;
    refused.problem_of(&[(400, "malformed_request"), (422, "too_many_members"), (413, "payload_too_large")]);
    assert_eq!(ada.user.sees(&group).await["version"], 2);
    ada.has_heard_nothing_else().await;
}

#[tokio::test]
async fn a_thousand_initial_members_join_with_the_creation() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (Listener::new(&server).await, Listener::new(&server).await);
    let mut members: Vec<_> = (0..999).map(|_| json!({"user_id": new_id()})).collect();
    members.push(json!({"user_id": bob.id(), "role": "admin"}));
    let group = ada.user.post("/v1/groups", json!({"name": "Many", "members": members})).await.group(201);
    assert_eq!((&group["member_count"], &group["version"]), (&json!(1001), &json!(1)));
    assert_eq!(ada.event("group_created").await["group"]["member_count"], 1001);
    assert_eq!(bob.event("added_to_group").await["role"], "admin");

    members.push(json!({"user_id": new_id()}));
    let refused = ada.user.post("/v1/groups", json!({"name": "Too many", "members": members})).await;
    refused.problem_of(&[(400, "malformed_request"), (422, "too_many_members"), (413, "payload_too_large")]);
    for person in [&mut ada, &mut bob] {
        person.has_heard_nothing_else().await;
    }
}

#[tokio::test]
async fn a_hundred_added_members_are_named_and_a_hundred_and_one_are_only_counted() {
    let server = Server::start().await;
    let mut ada = Listener::new(&server).await;
    let group = gathered(&mut ada, &mut []).await;
    for (count, named) in [(100, true), (101, false)] {
        let ids: Vec<String> = (0..count).map(|_| new_id()).collect();
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        ada.user.adds_all(&group, &ids).await.ok(201);
        let update = ada.update("members_added").await;
        assert_eq!(update["count"], count);
        let names = update["user_ids"].as_array().map(Vec::len);
        assert_eq!(names, named.then_some(count), "{count}");
    }
}

#[tokio::test]
async fn typing_is_sent_to_the_other_members_and_never_stored() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (Listener::new(&server).await, Listener::new(&server).await);
    let mut phone = Listener::of(&bob.user).await;
    let mut stranger = Listener::new(&server).await;
    let group = gathered(&mut ada, &mut [(&mut bob, "member")]).await;
    let entered = phone.event("added_to_group").await;

    ada.socket.send(json!({"type": "typing", "group_id": group, "typing": true})).await;
    for device in [&mut bob, &mut phone] {
        let typing = device.socket.expect("typing").await;
        assert_eq!((&typing["group_id"], &typing["user_id"]), (&json!(group), &json!(ada.id())));
        assert_eq!(typing["typing"], true);
        assert!(typing["expires_in_seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{typing}");
        assert!(typing.get("version").is_none() && typing.get("cursor").is_none(), "{typing}");
    }
    let path = format!("/v1/groups/{group}/typing");
    assert_eq!(bob.user.post(&path, json!({"typing": true})).await.status, 202);
    assert_eq!(ada.socket.expect("typing").await["user_id"], bob.id());

    // Not sent to the typist's own devices or to non-members, and non-members cannot send it.
    stranger.user.post(&path, json!({"typing": true})).await.problem(404, "group_not_found");
    stranger.socket.send(json!({"type": "typing", "group_id": group, "typing": true})).await;
    stranger.socket.send(json!({"type": "ping"})).await;
    while stranger.socket.message().await["type"] == "error" {}
    for person in [&mut ada, &mut bob, &mut phone, &mut stranger] {
        person.socket.hears_nothing().await;
    }
    let missed = bob.user.resumes(entered["cursor"].as_str().unwrap()).await;
    assert!(missed.resumed() && missed.missed().is_empty(), "typing is not part of the history");
}

#[tokio::test]
async fn frequent_typing_is_throttled() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (Listener::new(&server).await, Listener::new(&server).await);
    let group = gathered(&mut ada, &mut [(&mut bob, "member")]).await;
    let path = format!("/v1/groups/{group}/typing");
    for _ in 0..15 {
        assert_eq!(ada.user.post(&path, json!({"typing": true})).await.status, 202);
    }
    let mut told = 0;
    bob.socket.send(json!({"type": "ping"})).await;
    while bob.socket.message().await["type"] == "typing" {
        told += 1;
    }
    assert!((1..8).contains(&told), "{told} of 15 typing events were forwarded");
}
