//! Groups under `/v1/admin`: the same as for users, for every group.

use serde_json::{Value, json};

use crate::support::{Postgres, SECRET, Server, User, assert_group, new_id};

/// A server on each database.
pub(super) async fn servers() -> Vec<(Server, Option<Postgres>)> {
    let mut servers = vec![(Server::start().await, None)];
    if let Some(postgres) = Postgres::start().await {
        let server = Server::with(&[("DATABASE_URL", &postgres.url())]).await;
        servers.push((server, Some(postgres)));
    }
    servers
}

#[tokio::test]
async fn an_operator_creates_a_group_for_somebody_and_may_choose_its_id() {
    let server = Server::start().await;
    let (ada, bob, operator) = (server.user(), server.user(), server.operator());
    let mut phone = ada.connects().await;
    let id = new_id();
    let body = json!({"owner_id": ada.id, "name": "Gift", "members": [{"user_id": bob.id}], "group_id": id});
    let created = operator.post("/v1/admin/groups", body.clone()).await;
    let group = created.ok(201);
    assert_group(&group, false);
    assert_eq!(
        (&group["group_id"], &group["admin_id"], &group["member_count"]),
        (&json!(id), &json!(ada.id), &json!(2))
    );
    assert_eq!(created.header("location"), Some(&*format!("groups/{id}")));
    assert_eq!(created.header("etag"), Some("\"1\""));
    let event = phone.event(&ada.id, "added_to_group").await;
    assert_eq!(
        (&event["operator"], &event["actor_id"], &event["role"]),
        (&json!(true), &json!(operator.id), &json!("owner"))
    );

    operator.post("/v1/admin/groups", body).await.problem(409, "group_exists");
    ada.deletes(&id).await.no_content();
    let again = json!({"owner_id": ada.id, "name": "Again", "group_id": id});
    operator.post("/v1/admin/groups", again).await.problem(409, "group_exists");
    for chosen in ["x", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"] {
        let body = json!({"owner_id": ada.id, "name": "Gift", "group_id": chosen});
        operator.post("/v1/admin/groups", body).await.problem(400, "malformed_request");
    }
    operator.post("/v1/admin/groups", json!({"name": "Nobody's"})).await.problem(400, "malformed_request");
    let own = operator.post("/v1/admin/groups", json!({"owner_id": operator.id, "name": "Own"})).await.group(201);
    assert_eq!(own["role"], "owner", "an operator who is a member has a role");
}

#[tokio::test]
async fn an_operator_repairs_any_group_without_being_a_member() {
    for (server, _postgres) in servers().await {
        let (ada, bob, cat, operator) =
            (server.user_named("Ada"), server.user(), server.user_named("Cat"), server.operator());
        let group = ada.creates("Team", &[&bob]).await;
        let mut phone = bob.connects().await;
        let path = format!("/v1/admin/groups/{group}");

        let seen = operator.get(&path).await;
        assert_eq!(seen.header("etag"), Some("\"1\""));
        assert_eq!(seen.ok(200)["role"], Value::Null);
        let renamed = operator.patch(&path, json!({"name": "Renamed"})).await.ok(200);
        assert_group(&renamed, false);
        assert_eq!(phone.event(&bob.id, "group_updated").await["operator"], true);
        let added = operator.post(&format!("{path}/members"), json!({"user_id": cat.id, "role": "admin"})).await;
        assert_eq!(added.ok(201)["results"][0]["outcome"], "added");
        let members = operator.pages(&format!("{path}/members?limit=1"), "members").await;
        let roles: Vec<_> = members.iter().map(|member| member["role"].as_str().unwrap()).collect();
        assert_eq!(roles, ["owner", "member", "admin"]);
        assert_eq!(members[0]["name"], "Ada", "an operator sees the names");

        operator.delete(&format!("{path}/members/{}", ada.id)).await.problem(409, "owner_must_transfer");
        let stale = operator.call("PATCH", &format!("{path}/members/{}", bob.id)).header("If-Match", "\"2\"");
        stale.json(&json!({"role": "owner"})).send().await.problem(412, "version_mismatch");
        let owner = operator.patch(&format!("{path}/members/{}", bob.id), json!({"role": "owner"})).await.ok(200);
        assert_eq!(owner["role"], "owner");
        let removal = async || {
            let call = operator.call("DELETE", &format!("{path}/members/{}", ada.id));
            call.header("Idempotency-Key", "removal").send().await
        };
        removal().await.no_content();
        let again = removal().await;
        again.no_content();
        assert_eq!(again.header("idempotency-replayed"), Some("true"));

        let history = operator.get(&format!("{path}/changes")).await.ok(200);
        let by_operators: Vec<_> =
            history["changes"].as_array().unwrap().iter().map(|c| c["operator"] == true).collect();
        assert_eq!(by_operators, [false, true, true, true, true]);
        operator.delete(&path).await.no_content();
        for kind in ["group_updated", "role_changed", "group_updated"] {
            assert_eq!(phone.event(&bob.id, kind).await["operator"], true, "{kind}");
        }
        let removed = phone.event(&bob.id, "group_deleted").await;
        assert_eq!((&removed["operator"], &removed["deleted_by"]), (&json!(true), &json!(operator.id)));
        operator.get(&path).await.problem(404, "group_not_found");
        operator.get(&format!("{path}/members")).await.problem(404, "group_not_found");
        operator.get(&format!("{path}/changes")).await.problem(404, "group_not_found");
    }
}

#[tokio::test]
async fn groups_are_found_by_the_beginning_of_their_name_in_any_case() {
    for (server, _postgres) in servers().await {
        let (ada, operator) = (server.user(), server.operator());
        for name in ["Ärzte", "ärzte 2", "Arbeit", "ARBEIT II", "Zoo", "a%b", "a_b", "Straße"] {
            ada.creates(name, &[]).await;
        }
        let deleted = ada.creates("Arbeit, deleted", &[]).await;
        ada.deletes(&deleted).await.no_content();
        let found = async |query: &str| {
            let all = operator.pages(&format!("/v1/admin/groups?limit=2&query={query}"), "groups").await;
            all.iter().for_each(|group| assert_group(group, false));
            all.iter().map(|group| group["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("arb").await, ["Arbeit", "ARBEIT II"]);
        assert_eq!(found("ARBEIT%20").await, ["Arbeit", "ARBEIT II"], "white space at the ends does not count");
        assert_eq!(found("%C3%84R").await, ["Ärzte", "ärzte 2"]);
        assert_eq!(found("A%CC%88r").await, ["Ärzte", "ärzte 2"], "a decomposed letter");
        assert_eq!(found("a%25").await, ["a%b"], "no wildcards");
        assert_eq!(found("a_").await, ["a_b"]);
        assert_eq!(found("stra%C3%9F").await, ["Straße"]);
        assert_eq!(found("nothing").await, [""; 0]);
        assert_eq!(found("").await.len(), 8);
        assert_eq!(operator.pages("/v1/admin/groups?limit=3", "groups").await.len(), 8);
        operator.get("/v1/admin/groups?after=x").await.problem(400, "malformed_request");
        operator.get(&format!("/v1/admin/groups?query={}", "x".repeat(101))).await.problem(400, "malformed_request");
    }
}

#[tokio::test]
async fn all_groups_of_one_user_are_listed_with_their_role() {
    let server = Server::start().await;
    let (ada, bob, operator) = (server.user(), server.user(), server.operator());
    let (owned, joined) = (bob.creates("Owned", &[]).await, ada.creates("Joined", &[&bob]).await);
    let listed = operator.pages(&format!("/v1/admin/groups?limit=1&user_id={}", bob.id), "groups").await;
    assert_eq!(listed, bob.lists().await);
    assert_eq!((&listed[0]["group_id"], &listed[0]["role"]), (&json!(joined), &json!("member")));
    assert_eq!((&listed[1]["group_id"], &listed[1]["role"]), (&json!(owned), &json!("owner")));
    let path = format!("/v1/admin/groups?query=x&user_id={}", bob.id);
    operator.get(&path).await.problem(400, "malformed_request");
    operator.get("/v1/admin/groups?user_id=bob").await.problem(400, "malformed_request");
    assert_eq!(operator.get(&format!("/v1/admin/groups?user_id={}", new_id())).await.ok(200)["groups"], json!([]));
}

#[tokio::test]
async fn a_backend_works_faster_than_a_user_may_and_has_no_daily_quota() {
    let settings = [("GROUPS_JWT_SECRET", SECRET), ("GROUPS_RATE_LIMIT", "2"), ("GROUPS_MAX_GROUPS_PER_DAY", "3")];
    let server = Server::with_exactly(&settings).await;
    let (ada, operator) = (server.user(), server.operator());
    let accepted = async |user: &User, path: &str| {
        let mut accepted = 0;
        for number in 0..40 {
            let body = json!({"owner_id": user.id, "name": format!("Group {number}")});
            let answer = user.post(path, body).await;
            assert!([201, 429].contains(&answer.status), "{}", answer.text());
            accepted += u32::from(answer.status == 201);
        }
        accepted
    };
    assert_eq!(accepted(&operator, "/v1/admin/groups").await, 40);
    assert_eq!(accepted(&ada, "/v1/groups").await, 3);
}
