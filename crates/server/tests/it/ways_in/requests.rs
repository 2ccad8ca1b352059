//! Groups that outsiders can join or ask to join.

use serde_json::json;

use super::{Team, both_hear, only_for_admins, update};
use crate::support::{User, assert_time, new_id};

#[tokio::test]
async fn a_user_asks_to_join_and_is_let_in() {
    let team = Team::new("request").await;
    let (mut phone, mut laptop) = (team.eve.connects().await, team.eve.connects().await);
    let (mut ada, mut cat) = (team.ada.connects().await, team.cat.connects().await);

    let asked = team.eve.post(&team.path("join"), json!({"message": "  It is me "})).await;
    assert_eq!(asked.ok(202), json!({"state": "requested"}));
    assert_eq!(asked.header("etag"), None);
    let told = both_hear(&mut phone, &mut laptop, &team.eve, "join_requested").await;
    assert_eq!((&told["group"], &told["message"]), (&team.preview(3, "request"), &json!("It is me")));
    let told = update(&mut ada, &team.ada, "join_requested").await;
    assert_eq!((&told["user_id"], &told["message"]), (&json!(team.eve.id), &json!("It is me")));
    update(&mut cat, &team.cat, "access_changed").await;
    // Asking again is the same.
    assert_eq!(
        team.eve.post(&team.path("join"), json!({"message": "Please"})).await.ok(202),
        json!({"state": "requested"})
    );

    let listed = team.bob.get(&team.path("requests")).await.ok(200);
    let entry = &listed["requests"][0];
    assert_eq!(
        (&entry["user_id"], &entry["name"], &entry["role"], &entry["message"]),
        (&json!(team.eve.id), &json!("Eve"), &json!("member"), &json!("It is me"))
    );
    assert_time(&entry["at"]);
    let own = team.eve.get("/v1/requests").await.ok(200);
    let expected = json!([{
        "group": team.preview(3, "request"), "message": "It is me", "at": entry["at"], "version": 3,
    }]);
    assert_eq!((&own["requests"], &own["next"]), (&expected, &json!(null)));

    let approved = team.bob.posts(&team.path(&format!("requests/{}/approve", team.eve.id))).await;
    let member = approved.ok(200);
    assert_eq!((&member["user_id"], &member["role"]), (&json!(team.eve.id), &json!("member")));
    assert_time(&member["joined_at"]);
    assert_eq!(approved.header("etag"), Some("\"4\""));
    let added = both_hear(&mut phone, &mut laptop, &team.eve, "added_to_group").await;
    assert_eq!((&added["via"], &added["added_by"]), (&json!("request"), &json!(team.bob.id)));
    for (socket, user) in [(&mut ada, &team.ada), (&mut cat, &team.cat)] {
        assert_eq!(update(socket, user, "member_added").await["via"], "request");
    }
    let again = team.path(&format!("requests/{}/approve", team.eve.id));
    team.bob.posts(&again).await.problem(404, "request_not_found");
    assert_eq!(team.eve.posts(&team.path("join")).await.group(200)["role"], "member", "already in");
    for socket in [&mut phone, &mut laptop, &mut ada, &mut cat] {
        socket.hears_nothing().await;
    }
}

#[tokio::test]
async fn a_request_is_declined_by_an_admin_or_taken_back() {
    let team = Team::new("request").await;
    let (mut phone, mut laptop) = (team.eve.connects().await, team.eve.connects().await);
    let (mut ada, mut cat) = (team.ada.connects().await, team.cat.connects().await);
    let (declined, own) = (team.path(&format!("requests/{}", team.eve.id)), team.path("join"));
    for (user, path, reason) in [(&team.ada, &declined, "declined"), (&team.eve, &own, "withdrawn")] {
        team.eve.posts(&team.path("join")).await.ok(202);
        both_hear(&mut phone, &mut laptop, &team.eve, "join_requested").await;
        update(&mut ada, &team.ada, "join_requested").await;
        update(&mut cat, &team.cat, "access_changed").await;
        user.delete(path).await.no_content();
        let ended = both_hear(&mut phone, &mut laptop, &team.eve, "join_request_ended").await;
        assert_eq!(ended["reason"], reason);
        assert_eq!(update(&mut ada, &team.ada, "join_request_ended").await["reason"], reason);
        update(&mut cat, &team.cat, "access_changed").await;
        user.delete(path).await.problem(404, "request_not_found");
    }
    assert_eq!(team.standings().await, [0, 0, 0]);
    for socket in [&mut phone, &mut laptop, &mut ada, &mut cat] {
        socket.hears_nothing().await;
    }
}

#[tokio::test]
async fn everybody_joins_an_open_group() {
    let team = Team::new("open").await;
    let (mut phone, mut laptop) = (team.eve.connects().await, team.eve.connects().await);
    let mut cat = team.cat.connects().await;
    let joined = team.eve.posts(&team.path("join")).await;
    assert_eq!(joined.group(200)["role"], "member");
    assert_eq!(joined.header("etag"), Some("\"3\""));
    assert_eq!(both_hear(&mut phone, &mut laptop, &team.eve, "added_to_group").await["via"], "open");
    assert_eq!(update(&mut cat, &team.cat, "member_added").await["via"], "open");
    assert_eq!(team.eve.posts(&team.path("join")).await.group(200)["version"], 3);
}

#[tokio::test]
async fn an_invited_user_who_joins_gets_the_role_of_the_invitation() {
    for policy in ["closed", "request", "open"] {
        let team = Team::new(policy).await;
        let body = json!({"user_id": team.eve.id, "role": "admin"});
        team.ada.post(&team.path("invitations"), body).await.ok(201);
        assert_eq!(team.eve.posts(&team.path("join")).await.group(200)["role"], "admin", "{policy}");
        assert_eq!(team.standings().await, [0, 0, 0]);
    }
}

#[tokio::test]
async fn a_request_stays_when_the_group_is_closed_and_is_let_in_when_it_is_open() {
    let team = Team::new("request").await;
    team.eve.posts(&team.path("join")).await.ok(202);
    let set = async |policy: &str| {
        team.ada.patch(&format!("/v1/groups/{}", team.group), json!({"join_policy": policy})).await.group(200)
    };
    set("closed").await;
    team.eve.posts(&team.path("join")).await.ok(202);
    team.server.user().posts(&team.path("join")).await.problem(404, "group_not_found");
    set("open").await;
    team.eve.posts(&team.path("join")).await.group(200);
    team.ada
        .patch(&format!("/v1/groups/{}", team.group), json!({"join_policy": "all"}))
        .await
        .problem(422, "invalid_join_policy");
}

#[tokio::test]
async fn a_closed_group_looks_like_one_that_does_not_exist() {
    let team = Team::new("closed").await;
    let missing = format!("/v1/groups/{}", new_id());
    let there = format!("/v1/groups/{}", team.group);
    let banned = team.server.user();
    team.bans(&banned).await.ok(200);
    let send = async |user: &User, method: &str, path: String| user.call(method, &path).send().await;
    for (method, rest, code) in [
        ("POST", "join", "group_not_found"),
        ("DELETE", "join", "request_not_found"),
        ("POST", "invitations/me/accept", "invitation_not_found"),
        ("DELETE", "invitations/me", "invitation_not_found"),
        ("GET", "requests", "group_not_found"),
        ("GET", "bans", "group_not_found"),
        ("GET", "links", "group_not_found"),
        ("POST", "links", "group_not_found"),
        ("DELETE", "links", "group_not_found"),
    ] {
        let expected = send(&team.eve, method, format!("{missing}/{rest}")).await.problem(404, code);
        for user in [&team.eve, &banned] {
            let answer = send(user, method, format!("{there}/{rest}")).await;
            assert_eq!(answer.problem(404, code), expected, "{method} {rest}");
        }
        // A group that can be joined tells a banned user as little.
        team.ada.patch(&there, json!({"join_policy": "open"})).await.group(200);
        assert_eq!(send(&banned, method, format!("{there}/{rest}")).await.problem(404, code), expected);
        team.ada.patch(&there, json!({"join_policy": "closed"})).await.group(200);
    }
    assert_eq!(team.role_of(&banned).await, None);
}

#[tokio::test]
async fn only_admins_see_and_answer_requests() {
    let team = Team::new("request").await;
    let fay = team.server.user();
    fay.posts(&team.path("join")).await.ok(202);
    only_for_admins(&team, "GET", "requests").await;
    only_for_admins(&team, "DELETE", &format!("requests/{}", fay.id)).await;
    only_for_admins(&team, "POST", &format!("requests/{}/approve", fay.id)).await;
    fay.posts(&team.path(&format!("requests/{}/approve", fay.id))).await.problem(404, "group_not_found");
    fay.get(&team.path("requests")).await.problem(404, "group_not_found");
    let approve = team.path(&format!("requests/{}/approve", fay.id));
    team.bob.post(&approve, json!({"role": "admin"})).await.problem(403, "forbidden");
    team.bob.post(&approve, json!({"role": "owner"})).await.problem(422, "invalid_role");
    team.bob.post(&approve, json!({"role": 1})).await.problem(400, "malformed_request");
    team.bob.posts(&team.path(&format!("requests/{}/approve", new_id()))).await.problem(404, "request_not_found");
    assert_eq!(team.ada.post(&approve, json!({"role": "admin"})).await.ok(200)["role"], "admin");
}

#[tokio::test]
async fn requests_are_paged_and_limited() {
    let server = crate::support::Server::with(&[("GROUPS_MAX_JOIN_REQUESTS", "5")]).await;
    let team = Team::at(server, "request").await;
    let mut asked = Vec::new();
    for _ in 0..5 {
        let user = team.server.user();
        user.posts(&team.path("join")).await.ok(202);
        asked.push(user.id);
    }
    team.eve.posts(&team.path("join")).await.problem(422, "too_many_requests_to_join");
    let listed = team.bob.pages(&team.path("requests?limit=2"), "requests").await;
    let ids: Vec<_> = listed.iter().map(|entry| entry["user_id"].as_str().unwrap()).collect();
    assert_eq!(ids, asked);
    assert!(listed.iter().all(|entry| entry.get("message").is_none()), "{listed:?}");

    let long = "x".repeat(501);
    for (body, status, code) in [
        (json!({"message": long}), 422, "invalid_message"),
        (json!({"message": "a\nb"}), 422, "invalid_message"),
        (json!({"message": 1}), 400, "malformed_request"),
        (json!("x"), 400, "malformed_request"),
    ] {
        team.eve.post(&team.path("join"), body).await.problem(status, code);
    }
}
