//! Invitations that expire.

use std::time::Duration;

use serde_json::json;

use super::{Team, both_hear, update};
use crate::support::{Postgres, Server, within};

#[tokio::test]
async fn an_expired_invitation_is_absent_at_once_and_its_end_is_told_soon_after() {
    let team = Team::new("closed").await;
    let (mut phone, mut laptop) = (team.eve.connects().await, team.eve.connects().await);
    let (mut ada, mut cat) = (team.ada.connects().await, team.cat.connects().await);
    let path = team.path("invitations");
    team.bob.post(&path, json!({"user_id": team.eve.id, "expires_in_seconds": 1})).await.ok(201);
    both_hear(&mut phone, &mut laptop, &team.eve, "invited_to_group").await;
    update(&mut ada, &team.ada, "invited").await;
    update(&mut cat, &team.cat, "access_changed").await;
    within("the invitation expires", async {
        while team.eve.get("/v1/invitations").await.ok(200)["invitations"] != json!([]) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(team.bob.get(&path).await.ok(200)["invitations"], json!([]));
    team.eve.posts(&team.path("invitations/me/accept")).await.problem(404, "invitation_not_found");
    team.bob.delete(&team.path(&format!("invitations/{}", team.eve.id))).await.problem(404, "invitation_not_found");

    let ended = both_hear(&mut phone, &mut laptop, &team.eve, "invitation_ended").await;
    assert_eq!((&ended["reason"], &ended["version"]), (&json!("expired"), &json!(3)));
    assert_eq!(ended["actor_id"], "00000000-0000-0000-0000-000000000000");
    let told = update(&mut ada, &team.ada, "invitation_ended").await;
    assert_eq!((&told["user_id"], &told["reason"]), (&json!(team.eve.id), &json!("expired")));
    update(&mut cat, &team.cat, "access_changed").await;
    for socket in [&mut phone, &mut laptop, &mut ada, &mut cat] {
        socket.hears_nothing().await;
    }
    team.invites(&team.eve).await.ok(201);
}

#[tokio::test]
async fn two_servers_end_an_expired_invitation_once() {
    let Some(postgres) = Postgres::start().await else { return };
    let url = postgres.url();
    let team = Team::at(Server::with(&[("DATABASE_URL", &url)]).await, "closed").await;
    let other = Server::with(&[("DATABASE_URL", &url)]).await;
    let mut socket = team.ada.at(other.http()).connects().await;
    for _ in 0..3 {
        let user = team.server.user();
        team.bob.post(&team.path("invitations"), json!({"user_id": user.id, "expires_in_seconds": 1})).await.ok(201);
    }
    let mut actions = Vec::new();
    for version in 2..8 {
        let event = socket.event(&team.ada.id, "group_updated").await;
        assert_eq!(event["version"], version);
        actions.push(event["action"].as_str().unwrap().to_owned());
    }
    actions.sort();
    assert_eq!(actions, [["invitation_ended"; 3], ["invited"; 3]].concat());
    team.invites(&team.eve).await.ok(201);
    assert_eq!(update(&mut socket, &team.ada, "invited").await["version"], 8);
}
