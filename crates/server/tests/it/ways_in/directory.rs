//! The directory of groups that outsiders can join.

use serde_json::{Value, json};

use super::Team;
use crate::support::{Server, User};

async fn found(user: &User, query: &str) -> Vec<String> {
    let groups = user.pages(&format!("/v1/directory?limit=2{query}"), "groups").await;
    groups.iter().map(|group| group["name"].as_str().unwrap().to_owned()).collect()
}

async fn create(owner: &User, name: &str, join_policy: &str) -> String {
    let group = owner.creates(name, &[]).await;
    owner.patch(&format!("/v1/groups/{group}"), json!({"join_policy": join_policy})).await.group(200);
    group
}

#[tokio::test]
async fn the_directory_shows_previews_of_the_groups_that_are_not_closed() {
    let team = Team::new("request").await;
    create(&team.ada, "alpha", "open").await;
    create(&team.ada, "Beta", "request").await;
    create(&team.ada, "Bermuda", "open").await;
    create(&team.ada, "Bern", "closed").await;
    let deleted = create(&team.ada, "Berlin", "open").await;
    team.ada.deletes(&deleted).await.no_content();

    assert_eq!(found(&team.eve, "").await, ["alpha", "Bermuda", "Beta", "Team"]);
    assert_eq!(found(&team.cat, "&query=%20bE").await, ["Bermuda", "Beta"], "also to members");
    assert_eq!(found(&team.eve, "&query=x").await, [""; 0]);
    let page = team.eve.get("/v1/directory?query=team").await.ok(200);
    assert_eq!(page, json!({"groups": [team.preview(3, "request")], "next": null}));

    team.bans(&team.eve).await.ok(200);
    assert_eq!(found(&team.eve, "").await, ["alpha", "Bermuda", "Beta"], "not to those whom the group has banned");
    assert_eq!(found(&team.bob, "").await.len(), 4);
    team.ada.patch(&format!("/v1/groups/{}", team.group), json!({"join_policy": "closed"})).await.group(200);
    assert_eq!(found(&team.bob, "").await.len(), 3);

    for query in ["limit=0", "limit=x", "after=x", "query=a%00"] {
        team.eve.get(&format!("/v1/directory?{query}")).await.problem(400, "malformed_request");
    }
    team.server.http().get("/v1/directory").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn without_a_directory_its_path_is_unknown() {
    let server = Server::with(&[("GROUPS_DIRECTORY", "off")]).await;
    let ada = server.user();
    let group = create(&ada, "Open", "open").await;
    let unknown = |problem: Value, path: &str| problem.to_string().replace(path, "…");
    for user in [Some(&ada), None] {
        let get = async |path: &str| {
            let call = server.http().call("GET", path);
            let call = if let Some(user) = user { call.bearer(&user.token) } else { call };
            unknown(call.send().await.problem(404, "not_found"), path)
        };
        assert_eq!(get("/v1/directory").await, get("/v1/nothing").await);
    }
    // The groups can be joined as before.
    server.user().posts(&format!("/v1/groups/{group}/join")).await.group(200);
}
