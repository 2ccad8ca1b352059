//! Users are taken out of all groups, and erased, amid changes, disconnects and `kill -9`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::users::{ends_within, starts};
use crate::storm;
use crate::support::{Chance, Folded, Postgres, Server, User, View};

/// A job whose server was killed waits for its lease, and those behind it too.
const JOBS_END: Duration = Duration::from_secs(120);

/// Runs the storm on these servers, with jobs about its users. Users are added again all the time,
/// so an erasure may be given up, but not fail otherwise.
async fn jobs_in_a_storm(servers: &[Server]) {
    let doors: Vec<_> = servers.iter().map(|server| Arc::clone(server.http())).collect();
    let operator = servers[0].operator();
    let chance = Chance::new("GROUPS_STORM_SEED");
    storm::blows_with(&servers[0], &doors, async |people| {
        let mut jobs = Vec::new();
        for mode in ["leave", "erase", "leave", "erase"] {
            let operator = operator.at(chance.one_of(&doors));
            jobs.push(starts(&operator, &chance.one_of(people).id, mode).await);
            tokio::time::sleep(Duration::from_millis(chance.below(500) as u64)).await;
        }
        for job in jobs {
            let ended = ends_within(JOBS_END, &operator, &job).await;
            assert_eq!(ended["state"], "done", "{ended}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_view_stays_correct_while_users_are_taken_out_and_erased() {
    jobs_in_a_storm(&[Server::with(&storm::SETTINGS).await]).await;
}

#[tokio::test]
async fn every_view_stays_correct_on_two_servers_that_execute_jobs() {
    let Some(postgres) = Postgres::start().await else { return };
    let url = postgres.url();
    let settings = [&storm::SETTINGS[..], &[("DATABASE_URL", url.as_str())]].concat();
    let servers = [Server::with(&settings).await, Server::with(&settings).await];
    jobs_in_a_storm(&servers).await;
}

/// Asserts that a group has one owner, and as many members as it says.
async fn is_consistent(operator: &User, group: &Value) {
    let members = operator
        .pages(&format!("/v1/admin/groups/{}/members?limit=500", group["group_id"].as_str().unwrap()), "members")
        .await;
    let owners: Vec<_> =
        members.iter().filter(|member| member["role"] == "owner").map(|member| &member["user_id"]).collect();
    assert_eq!(owners, [&group["admin_id"]], "{group}");
    assert_eq!(group["member_count"], members.len(), "{group}");
}

#[tokio::test]
async fn jobs_end_although_the_server_is_killed_again_and_again() {
    const KILLS: u32 = 6;
    let chance = Chance::new("GROUPS_CRASH_SEED");
    let mut server = Server::start().await;
    let operator = server.operator();
    let people: Vec<User> = (0..6).map(|_| server.user()).collect();
    for at in 0..60 {
        let members: Vec<_> = people
            .iter()
            .map(|user| json!({"user_id": user.id, "role": chance.one_of::<&str>(&["admin", "member"])}))
            .collect();
        let body = json!({"owner_id": people[at % people.len()].id, "name": format!("Group {at}"), "members": members});
        operator.post("/v1/admin/groups", body).await.ok(201);
    }
    let stays = &people[5];
    let mut view = View::of(&stays.id);
    view.begin();
    view.take_all(&stays.connects().await.opening);
    let mut jobs = BTreeMap::new();
    for (user, mode) in people[..4].iter().zip(["leave", "erase", "leave", "erase"]) {
        jobs.insert(starts(&operator, &user.id, mode).await, &user.id);
    }
    for kill in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(20 + chance.below(200) as u64)).await;
        for group in chance.one_of(&[stays]).lists().await.iter().take(3) {
            let path = format!("/v1/admin/groups/{}", group["group_id"].as_str().unwrap());
            let renamed = operator.patch(&path, json!({"name": format!("Kill {kill}")})).await;
            assert!([200, 404].contains(&renamed.status), "{}", renamed.text());
        }
        server.kill_and_launch().await;
        let cursor = view.begin().expect("a cursor").to_owned();
        let mut socket = stays.dial().cursor(&cursor).open().await;
        while view.take(&socket.message().await) != Folded::Ready {}
    }
    for (job, user_id) in jobs {
        let ended = ends_within(JOBS_END, &operator, &job).await;
        assert_eq!(ended["state"], "done", "{ended}");
        let path = format!("/v1/admin/groups?limit=500&user_id={user_id}");
        assert_eq!(operator.pages(&path, "groups").await, [Value::Null; 0]);
    }
    let cursor = view.begin().expect("a cursor").to_owned();
    let mut socket = stays.dial().cursor(&cursor).open().await;
    while view.take(&socket.message().await) != Folded::Ready {}
    let listed = stays.lists().await;
    view.assert_is(&listed);
    assert_eq!(listed.len(), 60);
    for group in operator.pages("/v1/admin/groups?limit=500", "groups").await {
        is_consistent(&operator, &group).await;
    }
}
