//! Tokens of links are secrets.

use std::time::Duration;

use serde_json::json;

use super::{Team, token_of};
use crate::support::{Server, within};

#[tokio::test]
async fn tokens_of_links_are_neither_in_the_log_nor_in_the_database_nor_in_the_metrics() {
    let team = Team::at(Server::with(&[("GROUPS_LOG", "trace")]).await, "closed").await;
    let mut ada = team.ada.connects().await;
    let link = team.creates_link(json!({})).await;
    let token = token_of(&link);
    let path = format!("/v1/join/{token}");
    team.eve.get(&path).await.ok(200);
    team.eve.posts(&path).await.group(200);
    team.eve.delete(&path).await.problem(405, "method_not_allowed");
    team.eve.get(&format!("{path}/more")).await.problem(404, "not_found");
    team.eve.get(&format!("/V1/Join/{token}")).await.any_problem();
    assert_eq!(team.server.http().get(&format!("/join/{token}")).await.status, 200);
    assert!(!ada.event(&team.ada.id, "group_updated").await.to_string().contains(&token));
    assert!(!team.ada.get(&team.path("changes")).await.text().contains(&token));
    assert!(!team.server.http().get("/metrics").await.text().contains(&token));
    team.server.terminate();
    within("the last lines of the log", async {
        while !team.server.log().contains("shutting down") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let log = team.server.log();
    assert!(log.contains("/v1/join/…") && log.contains("/join/…"), "the requests are in the log");
    assert!(!log.contains(&token), "the log has the token");
    for suffix in ["", "-wal"] {
        let file = format!("{}{suffix}", team.server.database().display());
        let bytes = std::fs::read(file).unwrap_or_default();
        assert!(!bytes.windows(token.len()).any(|part| part == token.as_bytes()), "the database has the token");
    }
}
