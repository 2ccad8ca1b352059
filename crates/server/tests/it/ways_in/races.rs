//! Steps at the same time.

use futures_util::future::{join_all, join3};
use serde_json::json;

use super::{Team, token_of};
use crate::support::{Postgres, Server};

/// A team on each database.
async fn teams() -> Vec<(Team, Option<Postgres>)> {
    let mut teams = vec![(Team::new("closed").await, None)];
    if let Some(postgres) = Postgres::start().await {
        let server = Server::with(&[("DATABASE_URL", &postgres.url())]).await;
        teams.push((Team::at(server, "closed").await, Some(postgres)));
    }
    teams
}

#[tokio::test]
async fn forty_simultaneous_uses_of_a_link_for_ten_let_ten_in() {
    for (team, _postgres) in teams().await {
        let link = team.creates_link(json!({"uses_max": 10})).await;
        let path = format!("/v1/join/{}", token_of(&link));
        let users: Vec<_> = (0..40).map(|_| team.server.user()).collect();
        let answers = join_all(users.iter().map(|user| user.posts(&path))).await;
        let (joined, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!((joined.len(), refused.len()), (10, 30));
        for answer in refused {
            answer.problem(404, "link_not_found");
        }
        let group = team.ada.sees(&team.group).await;
        assert_eq!((&group["member_count"], &group["version"]), (&json!(13), &json!(12)));
        let one = team.path(&format!("links/{}", link["link_id"].as_str().unwrap()));
        assert_eq!(team.bob.get(&one).await.ok(200)["uses"], 10);
        // All who are in stay in.
        let again = join_all(users.iter().map(|user| user.posts(&path))).await;
        let statuses = |answers: &[crate::support::Answer]| answers.iter().map(|it| it.status).collect::<Vec<_>>();
        assert_eq!(statuses(&again), statuses(&answers));
    }
}

#[tokio::test]
async fn accepting_withdrawing_and_banning_at_once_end_in_the_ban() {
    for (team, _postgres) in teams().await {
        for _ in 0..20 {
            let before = team.version().await;
            let user = team.server.user();
            let mut phone = user.connects().await;
            team.invites(&user).await.ok(201);
            let accept = team.path("invitations/me/accept");
            let withdraw = team.path(&format!("invitations/{}", user.id));
            let (accepted, withdrawn, banned) =
                join3(user.posts(&accept), team.ada.delete(&withdraw), team.bans(&user)).await;
            banned.ok(200);
            for answer in [&accepted, &withdrawn] {
                if answer.status >= 300 {
                    answer.problem(404, "invitation_not_found");
                }
            }
            let steps = [accepted.status == 200, withdrawn.status == 204, true].iter().filter(|done| **done).count();
            assert!(steps <= 2, "an invitation ends once");
            assert_eq!(team.version().await, before + 1 + steps as u64, "each step is one version");
            assert_eq!(team.role_of(&user).await, None);
            user.posts(&team.path("join")).await.problem(404, "group_not_found");
            // The user receives each of their own steps, in order.
            assert_eq!(phone.event(&user.id, "invited_to_group").await["version"], before + 1);
            if accepted.status == 200 {
                assert_eq!(phone.event(&user.id, "added_to_group").await["version"], before + 2);
                assert_eq!(phone.event(&user.id, "removed_from_group").await["version"], before + 3);
            } else {
                phone.event(&user.id, "invitation_ended").await;
            }
            phone.hears_nothing().await;
        }
        assert_eq!(team.standings().await, [0, 0, 20]);
    }
}

#[tokio::test]
async fn simultaneous_requests_and_approvals_make_one_member() {
    for (team, _postgres) in teams().await {
        team.ada.patch(&format!("/v1/groups/{}", team.group), json!({"join_policy": "request"})).await.group(200);
        let (user, path) = (team.server.user(), team.path("join"));
        let asked = join_all((0..10).map(|_| user.posts(&path))).await;
        assert!(asked.iter().all(|answer| answer.status == 202));
        assert_eq!(team.version().await, 3);
        let approve = team.path(&format!("requests/{}/approve", user.id));
        let approved = join_all((0..10).map(|_| team.bob.posts(&approve))).await;
        assert_eq!(approved.iter().filter(|answer| answer.status == 200).count(), 1);
        for answer in approved.iter().filter(|answer| answer.status != 200) {
            answer.problem(404, "request_not_found");
        }
        assert_eq!(team.version().await, 4);
    }
}
