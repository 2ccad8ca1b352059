//! Bans.

use serde_json::json;

use super::{Team, both_hear, only_for_admins, update};
use crate::support::{assert_time, new_id};

#[tokio::test]
async fn a_banned_member_is_removed_by_the_same_change() {
    let team = Team::new("open").await;
    team.eve.posts(&team.path("join")).await.group(200);
    let (mut phone, mut laptop) = (team.eve.connects().await, team.eve.connects().await);
    let (mut ada, mut cat) = (team.ada.connects().await, team.cat.connects().await);
    let path = team.path(&format!("bans/{}", team.eve.id));

    let banned = team.bob.put(&path, json!({"reason": " Spam "})).await;
    let ban = banned.ok(200);
    assert_eq!(
        (&ban["user_id"], &ban["banned_by"], &ban["reason"]),
        (&json!(team.eve.id), &json!(team.bob.id), &json!("Spam"))
    );
    assert_time(&ban["at"]);
    assert_eq!(banned.header("etag"), Some("\"4\""));
    let removed = both_hear(&mut phone, &mut laptop, &team.eve, "removed_from_group").await;
    assert_eq!((&removed["reason"], &removed["version"]), (&json!("banned"), &json!(4)));
    let told = update(&mut ada, &team.ada, "banned").await;
    assert_eq!((&told["user_id"], &told["reason"]), (&json!(team.eve.id), &json!("Spam")));
    assert_eq!(told["group"]["member_count"], 3);
    update(&mut cat, &team.cat, "access_changed").await;

    // A second one leaves it as it is.
    let again = team.ada.put(&path, json!({"reason": "Other"})).await;
    assert_eq!((again.ok(200), again.header("etag")), (ban, Some("\"4\"")));
    team.eve.posts(&team.path("join")).await.problem(404, "group_not_found");
    team.ada.adds(&team.group, &team.eve).await.problem(409, "banned");
    let several = team.ada.adds_all(&team.group, &[&team.eve.id]).await.ok(201);
    assert_eq!(several["results"][0]["outcome"], "banned");
    let listed = team.ada.get(&team.path("bans")).await.ok(200);
    assert_eq!((&listed["bans"][0]["name"], &listed["bans"][0]["reason"]), (&json!("Eve"), &json!("Spam")));

    for _ in 0..2 {
        team.ada.delete(&path).await.no_content();
    }
    assert_eq!(update(&mut ada, &team.ada, "unbanned").await["user_id"], json!(team.eve.id));
    update(&mut cat, &team.cat, "access_changed").await;
    for socket in [&mut phone, &mut laptop, &mut ada, &mut cat] {
        socket.hears_nothing().await;
    }
    team.eve.posts(&team.path("join")).await.group(200);
}

#[tokio::test]
async fn a_ban_ends_an_invitation_and_a_request_and_tells_an_outsider_nothing() {
    let team = Team::new("request").await;
    let (fay, ray) = (team.server.user(), team.server.user());
    team.invites(&fay).await.ok(201);
    ray.posts(&team.path("join")).await.ok(202);
    let (mut of_fay, mut of_ray, mut of_eve) = (fay.connects().await, ray.connects().await, team.eve.connects().await);
    for user in [&fay, &ray, &team.eve] {
        assert_eq!(team.bans(user).await.ok(200).get("reason"), None);
    }
    assert_eq!(of_fay.event(&fay.id, "invitation_ended").await["reason"], "banned");
    assert_eq!(of_ray.event(&ray.id, "join_request_ended").await["reason"], "banned");
    for socket in [&mut of_fay, &mut of_ray, &mut of_eve] {
        socket.hears_nothing().await;
    }
    assert_eq!(team.standings().await, [0, 0, 3]);
    fay.posts(&team.path("invitations/me/accept")).await.problem(404, "invitation_not_found");
    assert_eq!(fay.get("/v1/invitations").await.ok(200)["invitations"], json!([]));
    assert_eq!(ray.get("/v1/requests").await.ok(200)["requests"], json!([]));
}

#[tokio::test]
async fn only_those_strictly_below_can_be_banned() {
    let team = Team::new("closed").await;
    let ban = async |by: &crate::support::User, whom: &crate::support::User| {
        by.put(&team.path(&format!("bans/{}", whom.id)), json!({})).await
    };
    ban(&team.bob, &team.ada).await.problem(403, "forbidden");
    ban(&team.bob, &team.bob).await.problem(403, "forbidden");
    ban(&team.cat, &team.eve).await.problem(403, "forbidden");
    ban(&team.eve, &team.cat).await.problem(404, "group_not_found");
    ban(&team.ada, &team.ada).await.problem(403, "forbidden");
    ban(&team.ada, &team.bob).await.ok(200);
    team.bob.get(&format!("/v1/groups/{}", team.group)).await.problem(404, "group_not_found");
    only_for_admins(&team, "GET", "bans").await;
    only_for_admins(&team, "PUT", &format!("bans/{}", new_id())).await;
    only_for_admins(&team, "DELETE", &format!("bans/{}", team.bob.id)).await;
    for (path, body, status, code) in [
        ("bans/me", json!({}), 400, "malformed_request"),
        ("bans/x", json!({}), 400, "malformed_request"),
        ("bans/00000000-0000-0000-0000-000000000000", json!({}), 400, "malformed_request"),
        ("bans/01a206fc-a2ba-74e0-b762-1f02155aaf9f", json!({"reason": 1}), 400, "malformed_request"),
        ("bans/01a206fc-a2ba-74e0-b762-1f02155aaf9f", json!({"reason": "x".repeat(501)}), 422, "invalid_reason"),
        ("bans/01a206fc-a2ba-74e0-b762-1f02155aaf9f", json!({"reason": "a\tb"}), 422, "invalid_reason"),
    ] {
        team.ada.put(&team.path(path), body).await.problem(status, code);
    }
}

#[tokio::test]
async fn bans_are_paged_and_limited() {
    let server = crate::support::Server::with(&[("GROUPS_MAX_BANS", "5")]).await;
    let team = Team::at(server, "closed").await;
    let mut banned = Vec::new();
    for _ in 0..5 {
        let user = team.server.user();
        team.bans(&user).await.ok(200);
        banned.push(user.id);
    }
    team.bans(&team.eve).await.problem(422, "too_many_bans");
    let listed = team.bob.pages(&team.path("bans?limit=2"), "bans").await;
    let ids: Vec<_> = listed.iter().map(|entry| entry["user_id"].as_str().unwrap()).collect();
    assert_eq!(ids, banned);
}
