//! The same under `/v1/admin`, by operators, for any group.

use serde_json::{Value, json};

use super::{Team, token_of};
use crate::support::new_id;

#[tokio::test]
async fn an_operator_manages_the_ways_into_any_group() {
    let team = Team::new("request").await;
    let operator = team.server.operator();
    let admin = |rest: &str| format!("/v1/admin/groups/{}/{rest}", team.group);
    let mut phone = team.eve.connects().await;

    // Without rank rules: also the role `admin`.
    let body = json!({"user_id": team.eve.id, "role": "admin"});
    let invitation = operator.post(&admin("invitations"), body).await.ok(201);
    assert_eq!((&invitation["invited_by"], &invitation["role"]), (&json!(operator.id), &json!("admin")));
    let told = phone.event(&team.eve.id, "invited_to_group").await;
    assert_eq!((&told["invited_by"], &told["operator"]), (&json!(operator.id), &json!(true)));
    assert_eq!(operator.get(&admin("invitations")).await.ok(200)["invitations"][0]["user_id"], team.eve.id.as_str());
    operator.delete(&admin(&format!("invitations/{}", team.eve.id))).await.no_content();

    team.eve.posts(&team.path("join")).await.ok(202);
    assert_eq!(operator.get(&admin("requests")).await.ok(200)["requests"][0]["name"], "Eve");
    operator.delete(&admin(&format!("requests/{}", team.eve.id))).await.no_content();
    team.eve.posts(&team.path("join")).await.ok(202);
    let approve = admin(&format!("requests/{}/approve", team.eve.id));
    assert_eq!(operator.post(&approve, json!({"role": "admin"})).await.ok(200)["role"], "admin");
    team.server.user().posts(&team.path("join")).await.ok(202);

    let fay = team.server.user();
    fay.posts(&team.path("join")).await.ok(202);
    let let_in = operator.post(&admin("invitations"), json!({"user_id": fay.id})).await.ok(200);
    assert_eq!((&let_in["group"]["role"], &let_in["member"]["role"]), (&Value::Null, &json!("member")));

    let ban = operator.put(&admin(&format!("bans/{}", team.eve.id)), json!({"reason": "Reported"})).await.ok(200);
    assert_eq!(ban["banned_by"], operator.id.as_str());
    operator.put(&admin(&format!("bans/{}", team.ada.id)), json!({})).await.problem(409, "owner_must_transfer");
    assert_eq!(operator.get(&admin("bans")).await.ok(200)["bans"][0]["reason"], "Reported");
    operator.delete(&admin(&format!("bans/{}", team.eve.id))).await.no_content();

    let link = operator.post(&admin("links"), json!({"role": "admin"})).await.ok(201);
    assert_eq!(team.eve.posts(&format!("/v1/join/{}", token_of(&link))).await.group(200)["role"], "admin");
    let one = admin(&format!("links/{}", link["link_id"].as_str().unwrap()));
    assert_eq!(operator.get(&one).await.ok(200)["uses"], 1);
    assert_eq!(operator.get(&admin("links")).await.ok(200)["links"].as_array().unwrap().len(), 1);
    operator.delete(&one).await.no_content();
    operator.delete(&admin("links")).await.no_content();

    let missing = new_id();
    for list in ["invitations", "requests", "bans", "links"] {
        let path = format!("/v1/admin/groups/{missing}/{list}");
        operator.get(&path).await.problem(404, "group_not_found");
        team.ada.get(&admin(list)).await.problem(403, "forbidden");
        team.server.http().get(&admin(list)).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn operators_join_as_users_and_can_decline_their_own_invitation() {
    let team = Team::new("open").await;
    let operator = team.server.operator();
    let admin = |rest: &str| format!("/v1/admin/groups/{}/{rest}", team.group);
    for rest in ["join", "invitations/me/accept"] {
        operator.posts(&admin(rest)).await.problem(404, "not_found");
    }
    operator.posts(&format!("/v1/admin/join/{}", "A".repeat(32))).await.problem(404, "not_found");
    for path in ["/v1/admin/directory", "/v1/admin/invitations", "/v1/admin/requests"] {
        operator.get(path).await.problem(404, "not_found");
    }
    team.invites(&operator).await.ok(201);
    operator.delete(&admin("invitations/me")).await.no_content();
    assert_eq!(team.standings().await, [0, 0, 0]);
    operator.delete(&admin("invitations/me")).await.problem(404, "invitation_not_found");
    assert_eq!(operator.posts(&team.path("join")).await.group(200)["role"], "member");
}
