//! Every error has its status and its stable code, reveals nothing, and changes nothing.

use serde_json::{Value, json};

use crate::support::{Server, User, new_id};

/// Ada owns the group, Adam is an admin, Bob a member, and Eve an outsider.
struct Cast {
    server: Server,
    ada: User,
    adam: User,
    bob: User,
    eve: User,
    group: String,
}

async fn cast() -> Cast {
    let server = Server::start().await;
    let (ada, adam, bob, eve) = (server.user(), server.user(), server.user(), server.user());
    let group = ada.creates_with("Team", &[(&adam, "admin"), (&bob, "member")]).await;
    Cast { server, ada, adam, bob, eve, group }
}

impl Cast {
    async fn nothing_has_changed(&self) {
        assert_eq!(self.ada.sees(&self.group).await["version"], 1);
    }
}

/// Every request about a group: method, path below the group, body.
fn requests(someone: &str) -> Vec<(&'static str, String, Value)> {
    vec![
        ("GET", "".into(), Value::Null),
        ("PATCH", "".into(), json!({"name": "Other"})),
        ("DELETE", "".into(), Value::Null),
        ("GET", "/members".into(), Value::Null),
        ("POST", "/members".into(), json!({"user_id": someone})),
        ("PATCH", format!("/members/{someone}"), json!({"role": "admin"})),
        ("PATCH", format!("/members/{someone}"), json!({"role": "owner"})),
        ("DELETE", format!("/members/{someone}"), Value::Null),
        ("DELETE", "/members/me".into(), Value::Null),
        ("GET", "/changes".into(), Value::Null),
        ("POST", "/typing".into(), json!({"typing": true})),
    ]
}

#[tokio::test]
async fn an_outsider_cannot_distinguish_an_existing_group_from_a_missing_one() {
    let cast = cast().await;
    let nowhere = new_id();
    for (method, path, body) in requests(&cast.bob.id) {
        let ask = async |group: &str| {
            let path = format!("/v1/groups/{group}{path}");
            let call = cast.eve.call(method, &path).header("If-Match", "\"1\"");
            let answer = if body.is_null() { call.send().await } else { call.json(&body).send().await };
            let problem = answer.problem(404, "group_not_found");
            problem.to_string().replace(group, "the id")
        };
        assert_eq!(ask(&cast.group).await, ask(&nowhere).await, "{method} {path}");
    }
    let path = format!("/v1/groups/add-member/{}", cast.group);
    cast.eve.post(&path, json!({"user_id": cast.eve.id})).await.problem(404, "group_not_found");
    cast.nothing_has_changed().await;
}

#[tokio::test]
async fn members_cannot_do_what_requires_the_admin_role() {
    let cast = cast().await;
    let newcomer = cast.server.user();
    let group = &cast.group;
    cast.bob.adds(group, &newcomer).await.problem(403, "forbidden");
    cast.bob.adds(group, &cast.adam).await.problem(403, "forbidden");
    cast.bob.renames(group, "Bob's").await.problem(403, "forbidden");
    cast.bob.makes(group, &cast.adam, "member").await.problem(403, "forbidden");
    cast.bob.makes(group, &cast.bob, "admin").await.problem(403, "forbidden");
    cast.bob.makes(group, &cast.bob, "owner").await.problem(403, "forbidden");
    cast.bob.removes(group, &cast.adam).await.problem(403, "forbidden");
    cast.bob.deletes(group).await.problem(403, "forbidden");
    cast.bob.get(&format!("/v1/groups/{group}/changes")).await.problem(403, "forbidden");
    cast.nothing_has_changed().await;
}

#[tokio::test]
async fn admins_cannot_do_what_requires_the_owner_role() {
    let cast = cast().await;
    let (group, newcomer) = (&cast.group, cast.server.user());
    cast.adam.deletes(group).await.problem(403, "forbidden");
    cast.adam.adds_as(group, &newcomer, "admin").await.problem(403, "forbidden");
    cast.adam.makes(group, &cast.bob, "admin").await.problem(403, "forbidden");
    cast.adam.makes(group, &cast.bob, "owner").await.problem(403, "forbidden");
    cast.adam.makes(group, &cast.ada, "member").await.problem(403, "forbidden");
    cast.adam.removes(group, &cast.ada).await.problem(403, "forbidden");
    let peer = cast.server.user();
    cast.ada.adds_as(group, &peer, "admin").await.ok(201);
    cast.adam.removes(group, &peer).await.problem(403, "forbidden");
    cast.adam.makes(group, &peer, "member").await.problem(403, "forbidden");
    assert_eq!(cast.ada.sees(group).await["version"], 2);
}

#[tokio::test]
async fn the_target_of_a_command_must_be_a_member() {
    let cast = cast().await;
    let group = &cast.group;
    cast.ada.removes(group, &cast.eve).await.problem(404, "member_not_found");
    cast.ada.makes(group, &cast.eve, "admin").await.problem(404, "member_not_found");
    cast.ada.makes(group, &cast.eve, "owner").await.problem(404, "member_not_found");
    cast.ada.leaves_to(group, &cast.eve).await.problem(404, "member_not_found");
    cast.nothing_has_changed().await;
}

#[tokio::test]
async fn an_existing_member_cannot_be_added_again() {
    let cast = cast().await;
    cast.ada.adds(&cast.group, &cast.bob).await.problem(409, "already_member");
    cast.ada.adds(&cast.group, &cast.ada).await.problem(409, "already_member");
    let path = format!("/v1/groups/add-member/{}", cast.group);
    cast.adam.post(&path, json!({"user_id": cast.bob.id})).await.problem(409, "already_member");
    cast.nothing_has_changed().await;
}

#[tokio::test]
async fn an_owner_cannot_leave_without_a_successor() {
    let cast = cast().await;
    cast.ada.leaves(&cast.group).await.problem(409, "owner_must_transfer");
    cast.ada.removes(&cast.group, &cast.ada).await.problem(409, "owner_must_transfer");
    cast.ada.leaves_to(&cast.group, &cast.ada).await.problem(409, "owner_must_transfer");
    let alone = cast.ada.creates("Alone", &[]).await;
    cast.ada.leaves(&alone).await.problem(409, "owner_must_transfer");
    cast.nothing_has_changed().await;
}

#[tokio::test]
async fn names_and_descriptions_are_limited_in_length() {
    let cast = cast().await;
    let path = format!("/v1/groups/{}", cast.group);
    let long = "x".repeat(101);
    for name in ["", "   ", "\u{3000}\u{a0}", "two\nlines", "tab\tbed", "nul\0", "\u{7}bell", "c1\u{85}x", &long] {
        cast.ada.patch(&path, json!({"name": name})).await.problem(422, "invalid_name");
        cast.ada.post("/v1/groups", json!({"name": name})).await.problem(422, "invalid_name");
    }
    for description in ["x".repeat(1001), "nul\0".to_owned(), "\u{1b}[31m".to_owned()] {
        let body = json!({"description": description});
        cast.ada.patch(&path, body).await.problem(422, "invalid_description");
        let body = json!({"name": "Fine", "description": description});
        cast.ada.post("/v1/groups", body).await.problem(422, "invalid_description");
    }
    assert_eq!(cast.ada.lists().await.len(), 1);
    cast.nothing_has_changed().await;
}

#[tokio::test]
async fn unknown_and_unassignable_roles_are_rejected() {
    let cast = cast().await;
    let group = &cast.group;
    for role in ["owner", "king", "", "Admin", "ADMIN"] {
        cast.ada.adds_as(group, &cast.eve, role).await.problem(422, "invalid_role");
        let members = json!([{"user_id": cast.eve.id, "role": role}]);
        let body = json!({"name": "New", "members": members});
        cast.ada.post("/v1/groups", body).await.problem(422, "invalid_role");
    }
    for role in ["king", "", "Owner"] {
        cast.ada.makes(group, &cast.bob, role).await.problem(422, "invalid_role");
    }
    cast.nothing_has_changed().await;
    assert_eq!(cast.ada.lists().await.len(), 1);
}

#[tokio::test]
async fn nobody_can_be_added_to_a_full_group() {
    let server = Server::with(&[("GROUPS_MAX_MEMBERS", "3")]).await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[&bob]).await;
    let two = [new_id(), new_id()];
    let refused = ada.adds_all(&group, &[&two[0], &two[1]]).await;
    refused.problem(422, "too_many_members");
    assert_eq!(ada.sees(&group).await["version"], 1, "all or nothing");
    ada.adds(&group, &server.user()).await.ok(201);
    ada.adds(&group, &server.user()).await.problem(422, "too_many_members");
    ada.removes(&group, &bob).await.no_content();
    ada.adds(&group, &server.user()).await.ok(201);
}

#[tokio::test]
async fn a_blocked_user_cannot_add_the_blocker() {
    let server = Server::start().await;
    let (ada, bob, cat) = (server.user(), server.user(), server.user());
    let group = ada.creates("Team", &[]).await;
    let path = format!("/v1/me/blocks/{}", ada.id);
    for _ in 0..2 {
        bob.call("PUT", &path).send().await.no_content();
    }
    let blocks = bob.get("/v1/me/blocks?limit=1").await.ok(200);
    assert_eq!((&blocks["blocks"][0]["user_id"], &blocks["next"]), (&json!(ada.id), &json!(null)));
    assert_eq!(ada.get("/v1/me/blocks").await.ok(200)["blocks"], json!([]), "the blocked user is not notified");

    ada.adds(&group, &bob).await.problem(403, "forbidden");
    let members = json!([{"user_id": bob.id}]);
    ada.post("/v1/groups", json!({"name": "With Bob", "members": members})).await.problem(403, "forbidden");
    let answer = ada.adds_all(&group, &[&bob.id, &cat.id]).await.ok(201);
    let outcomes: Vec<_> = answer["results"].as_array().expect("results").iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["not_allowed", "added"]);
    for _ in 0..2 {
        bob.delete(&path).await.no_content();
    }
    ada.adds(&group, &bob).await.ok(201);
    bob.call("PUT", &format!("/v1/me/blocks/{}", bob.id)).send().await.problem(400, "malformed_request");
    bob.call("PUT", "/v1/me/blocks/me").send().await.problem(400, "malformed_request");
}

#[tokio::test]
async fn the_add_policy_decides_who_can_be_added() {
    let server = Server::with(&[("GROUPS_ADD_POLICY", "shared_group")]).await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[]).await;
    ada.adds(&group, &bob).await.problem(403, "forbidden");
    let server = Server::with(&[("GROUPS_ADD_POLICY", "invitation")]).await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[]).await;
    let detail = ada.adds(&group, &bob).await.problem(403, "forbidden")["detail"].to_string();
    assert!(detail.contains("invitation"), "{detail}");
}

#[tokio::test]
async fn nobody_can_be_added_beyond_the_limit_of_groups_per_user() {
    let server = Server::with(&[("GROUPS_MAX_GROUPS_PER_USER", "2")]).await;
    let (ada, bob, cat) = (server.user(), server.user(), server.user());
    for name in ["One", "Two"] {
        bob.creates(name, &[]).await;
    }
    bob.post("/v1/groups", json!({"name": "Three"})).await.problem(422, "too_many_groups");
    let members = json!([{"user_id": cat.id}, {"user_id": bob.id}]);
    let refused = ada.post("/v1/groups", json!({"name": "With Bob", "members": members})).await;
    let detail = refused.problem(422, "too_many_groups")["detail"].as_str().unwrap_or_default().to_owned();
    assert!(detail.contains(&bob.id), "{detail}");

    let group = ada.creates("Team", &[]).await;
    ada.adds(&group, &bob).await.problem(422, "too_many_groups");
    let answer = ada.adds_all(&group, &[&bob.id, &cat.id, &bob.id]).await.ok(201);
    let outcomes: Vec<_> = answer["results"].as_array().expect("results").iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["too_many_groups", "added", "too_many_groups"]);
    assert_eq!((&answer["group"]["member_count"], &answer["group"]["version"]), (&json!(2), &json!(2)));
    let own = bob.lists().await[0]["group_id"].as_str().expect("an id").to_owned();
    bob.deletes(&own).await.no_content();
    ada.adds(&group, &bob).await.ok(201);
}

#[tokio::test]
async fn only_a_user_beyond_the_rate_limit_has_to_wait() {
    let server = Server::with(&[("GROUPS_RATE_LIMIT", "2")]).await;
    let (ada, bob) = (server.user(), server.user());
    let mut refused = 0;
    for at in 0..30 {
        let answer = ada.post("/v1/groups", json!({"name": format!("Group {at}")})).await;
        if answer.status == 429 {
            answer.problem(429, "rate_limited");
            let seconds: u32 = answer.header("retry-after").expect("Retry-After").parse().expect("seconds");
            assert!((1..=10).contains(&seconds), "{seconds}");
            refused += 1;
        } else {
            answer.group(201);
        }
    }
    assert!(refused >= 10, "a burst of eight and two a second: {refused} of 30 were refused");
    assert!(30 - refused >= 8, "a burst of four seconds' worth is allowed: {refused} of 30 were refused");
    bob.post("/v1/groups", json!({"name": "Another user's"})).await.group(201);
    for _ in 0..30 {
        ada.get("/v1/groups").await.ok(200);
    }
}

#[tokio::test]
async fn an_unknown_path_is_answered_with_problem_json() {
    let cast = cast().await;
    for path in ["/v1/nothing", "/v1/groups/create/more/of/it", "/v2/groups"] {
        let answer = cast.ada.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        answer.any_problem();
    }
    for (method, path) in [("PUT", "/v1/groups"), ("POST", "/v1/me"), ("DELETE", "/v1/ws")] {
        let answer = cast.ada.call(method, path).send().await;
        assert!(matches!(answer.status, 404 | 405), "{method} {path}: {}", answer.status);
        answer.any_problem();
    }
}

#[tokio::test]
async fn on_a_full_disk_changes_are_refused_completely_and_reads_continue() {
    // A limit on the file size simulates a full disk: the write fails, and the process continues.
    let mut server = Server::start().await;
    let ada = server.user();
    let group = ada.creates("Team", &[]).await;
    server.kill();
    server.limit_files(Some(1_024));
    server.launch().await;
    let mut socket = ada.connects().await;
    let mut version = 1;
    let refused = loop {
        let description = format!("{version}{}", "x".repeat(990));
        let answer = ada.patch(&format!("/v1/groups/{group}"), json!({"description": description})).await;
        if answer.status != 200 {
            break answer;
        }
        version += 1;
        assert_eq!(answer.group(200)["version"], version);
        assert!(version < 20_000, "the limit is reached");
    };
    refused.problem(503, "unavailable");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(ada.sees(&group).await["version"], version, "nothing of it was written");
    for version in 2..=version {
        assert_eq!(socket.event(&ada.id, "group_updated").await["version"], version);
    }
    socket.hears_nothing().await;

    server.kill();
    server.limit_files(None);
    server.launch().await;
    assert_eq!(ada.sees(&group).await["version"], version);
    assert_eq!(ada.renames(&group, "Room again").await.group(200)["version"], version + 1);
}
