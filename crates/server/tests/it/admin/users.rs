//! `DELETE /v1/admin/users/{user_id}`: jobs that take a user out of every group, or erase the user.

use std::time::Duration;

use serde_json::{Value, json};

use super::groups::servers;
use crate::support::{Answer, PATIENCE, SECRET, Server, User, claims, new_id, signed};

const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// Starts a job. Returns its id.
pub(super) async fn starts(operator: &User, user_id: &str, mode: &str) -> String {
    let started = operator.delete(&format!("/v1/admin/users/{user_id}?mode={mode}")).await;
    started.ok(202)["job_id"].as_str().expect("an id").to_owned()
}

/// Waits until a job has ended. Returns its last state.
pub(super) async fn ends(operator: &User, job_id: &str) -> Value {
    ends_within(PATIENCE, operator, job_id).await
}

/// Waits so long until a job has ended. Returns its last state.
pub(super) async fn ends_within(patience: Duration, operator: &User, job_id: &str) -> Value {
    let ended = async {
        loop {
            let job = operator.get(&format!("/v1/admin/jobs/{job_id}")).await.ok(200);
            if job["state"] != "running" {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(patience, ended).await.expect("the job ends")
}

#[track_caller]
fn roles(members: &[Value]) -> Vec<(&str, &str)> {
    members.iter().map(|member| (member["user_id"].as_str().unwrap(), member["role"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_user_leaves_every_group_and_the_longest_serving_admin_or_member_succeeds() {
    for (server, _postgres) in servers().await {
        let (ada, bob, cat, dan, operator) =
            (server.user(), server.user(), server.user(), server.user(), server.operator());
        let with_admins = ada.creates_with("Admins", &[(&bob, "member")]).await;
        ada.adds_as(&with_admins, &cat, "admin").await.ok(201);
        ada.adds_as(&with_admins, &dan, "admin").await.ok(201);
        let with_members = ada.creates_with("Members", &[(&dan, "member"), (&bob, "member")]).await;
        let alone = ada.creates("Alone", &[]).await;
        let joined = bob.creates("Joined", &[&ada]).await;
        let (mut phone, mut other) = (ada.connects().await, bob.connects().await);

        let job = ends(&operator, &starts(&operator, &ada.id, "leave").await).await;
        assert_eq!(job, json!({"state": "done", "done": 4, "total": 4}));
        assert!(ada.lists().await.is_empty());
        assert_eq!(
            roles(&bob.lists_members(&with_admins).await),
            [(&*bob.id, "member"), (&*cat.id, "owner"), (&*dan.id, "admin")]
        );
        assert_eq!(roles(&bob.lists_members(&with_members).await), [(&*dan.id, "owner"), (&*bob.id, "member")]);
        operator.get(&format!("/v1/admin/groups/{alone}")).await.problem(404, "group_not_found");

        let mut heard = std::collections::BTreeMap::new();
        for _ in 0..6 {
            let event = phone.message().await;
            assert_eq!((&event["operator"], &event["actor_id"]), (&json!(true), &json!(operator.id)), "{event}");
            let (group, kind) = (event["group_id"].as_str().unwrap().to_owned(), event["type"].as_str().unwrap());
            let kind = if kind == "removed_from_group" {
                format!("{kind} {}", event["reason"].as_str().unwrap())
            } else {
                kind.to_owned()
            };
            heard.entry(group).or_insert_with(Vec::new).push(kind);
        }
        let handed_over = vec!["role_changed".to_owned(), "removed_from_group removed".to_owned()];
        assert_eq!(heard[&with_admins], handed_over);
        assert_eq!(heard[&with_members], handed_over);
        assert_eq!(heard[&alone], ["group_deleted"]);
        assert_eq!(heard[&joined], ["removed_from_group removed"]);
        for _ in 0..5 {
            let event = other.event(&bob.id, "group_updated").await;
            assert!(event["action"] == "owner_changed" || event["action"] == "member_removed", "{event}");
        }
    }
}

#[tokio::test]
async fn a_request_for_a_job_can_be_repeated() {
    let server = Server::start().await;
    let (ada, operator) = (server.user(), server.operator());
    ada.creates("Team", &[]).await;
    let path = format!("/v1/admin/users/{}?mode=leave", ada.id);
    let keyed = async |path: &str| operator.call("DELETE", path).header("Idempotency-Key", "one").send().await;
    let first = keyed(&path).await.ok(202);
    ends(&operator, first["job_id"].as_str().unwrap()).await;
    let again: Answer = keyed(&path).await;
    assert_eq!(again.ok(202), first);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    keyed(&format!("/v1/admin/users/{}?mode=leave", new_id())).await.problem(422, "idempotency_key_reused");

    let nobody = ends(&operator, &starts(&operator, &new_id(), "leave").await).await;
    assert_eq!(nobody, json!({"state": "done", "done": 0, "total": 0}));
    for path in [
        format!("/v1/admin/users/{}", ada.id),
        format!("/v1/admin/users/{}?mode=", ada.id),
        format!("/v1/admin/users/{}?mode=LEAVE", ada.id),
        "/v1/admin/users/ada?mode=leave".to_owned(),
        format!("/v1/admin/users/{NIL}?mode=erase"),
    ] {
        operator.delete(&path).await.problem(400, "malformed_request");
    }
    operator.get(&format!("/v1/admin/jobs/{}", new_id())).await.problem(404, "job_not_found");
    operator.get("/v1/admin/jobs/one").await.problem(400, "malformed_request");
    ada.delete(&path).await.problem(403, "forbidden");
}

/// Whether bytes contain a text.
fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// The places where the database still has the user's id, as text or in binary, or the name.
fn traces(server: &Server, id: &str, name: &str) -> Vec<String> {
    let binary = uuid::Uuid::parse_str(id).unwrap().into_bytes();
    let mut traces = Vec::new();
    for suffix in ["", "-wal", "-shm"] {
        let mut path = server.database().into_os_string();
        path.push(suffix);
        let bytes = std::fs::read(&path).unwrap_or_default();
        for (what, text) in [
            ("the id", id.as_bytes()),
            ("the id in binary", &binary[..]),
            ("the name", name.as_bytes()),
            ("the key of the name", name.to_lowercase().as_bytes()),
        ] {
            if contains(&bytes, text) {
                traces.push(format!("{what} in the file{suffix}"));
            }
        }
    }
    traces
}

#[tokio::test]
async fn an_erased_user_is_nowhere_and_the_history_goes_on_without_them() {
    const NAME: &str = "Zoe Erasable-Quux";
    for (server, postgres) in servers().await {
        let (ada, cat, operator) = (server.user(), server.user(), server.operator());
        let zoe = server.user_named(NAME);
        // Enough rows for several pages of each table.
        let mut groups = Vec::new();
        for at in 0..40 {
            let others: Vec<User> = (0..10).map(|_| server.user()).collect();
            let members: Vec<_> = others.iter().chain([&ada, &zoe]).map(|user| json!({"user_id": user.id})).collect();
            let body = json!({"owner_id": if at % 2 == 0 { &cat.id } else { &zoe.id }, "name": format!("Group {at}"), "members": members});
            groups.push(operator.post("/v1/admin/groups", body).await.ok(201)["group_id"].as_str().unwrap().to_owned());
        }
        let own = zoe.creates_with("Own", &[(&ada, "admin")]).await;
        let call = zoe.call("PATCH", &format!("/v1/groups/{own}")).header("Idempotency-Key", "mine");
        call.json(&json!({"name": "Renamed"})).send().await.group(200);
        let call = ada.call("POST", &format!("/v1/groups/{own}/members")).header("Idempotency-Key", "ada's");
        call.json(&json!({"user_id": zoe.id})).send().await.problem(409, "already_member");
        let role = format!("/v1/admin/groups/{}/members/{}", groups[0], zoe.id);
        let call = operator.call("PATCH", &role).header("Idempotency-Key", "operator's");
        call.json(&json!({"role": "admin"})).send().await.ok(200);
        let deleted = zoe.creates("Deleted", &[&ada]).await;
        zoe.deletes(&deleted).await.no_content();
        ada.call("PUT", &format!("/v1/me/blocks/{}", zoe.id)).send().await.no_content();
        zoe.call("PUT", &format!("/v1/me/blocks/{}", cat.id)).send().await.no_content();
        let cursor = |list: Value| list["cursor"].as_str().unwrap().to_owned();
        let (adas, zoes) = (cursor(ada.get("/v1/groups").await.ok(200)), cursor(zoe.get("/v1/groups").await.ok(200)));
        zoe.renames(&own, "Seen by a client that resumes").await.group(200);
        ada.renames(&own, "By somebody else").await.group(200);

        let found = async || match &postgres {
            None => traces(&server, &zoe.id, NAME),
            Some(postgres) => postgres.rows_with(&[&zoe.id, NAME, &NAME.to_lowercase()]).await,
        };
        assert!(found().await.len() > 3, "the search finds what is there: {:?}", found().await);
        let job = ends(&operator, &starts(&operator, &zoe.id, "erase").await).await;
        assert_eq!(job["state"], "done", "{job}");
        assert_eq!(job["done"], job["total"]);

        let history = operator.get(&format!("/v1/admin/groups/{own}/changes")).await.ok(200);
        let changes = history["changes"].as_array().unwrap();
        let versions: Vec<_> = changes.iter().map(|change| change["version"].as_u64().unwrap()).collect();
        assert_eq!(versions, (1..=versions.len() as u64).collect::<Vec<_>>(), "no gaps");
        assert_eq!((&changes[0]["actor_id"], &changes[2]["actor_id"]), (&json!(NIL), &json!(NIL)));
        let last = changes.last().unwrap();
        assert_eq!(
            (&last["action"], &last["user_id"], &last["operator"]),
            (&json!("member_removed"), &json!(NIL), &json!(true))
        );

        let resumed = ada.resumes(&adas).await;
        assert!(resumed.resumed(), "cursors of others keep working");
        let seen: Vec<_> = resumed.missed().iter().filter(|event| event["group_id"] == own.as_str()).collect();
        assert_eq!(seen[0]["actor_id"], NIL);
        assert_eq!(seen.last().unwrap()["group"]["admin_id"], ada.id);
        let missed = format!("{:?}", resumed.missed());
        assert!(!missed.contains(&zoe.id) && !missed.contains(NAME), "{missed}");
        let call = ada.call("POST", &format!("/v1/groups/{own}/members")).header("Idempotency-Key", "ada's");
        let replayed = call.json(&json!({"user_id": zoe.id})).send().await.problem(409, "already_member");
        assert!(replayed["detail"].as_str().unwrap().contains(NIL), "{replayed}");

        assert_eq!(found().await, [""; 0]);
        // The token is still valid, and a device that was offline has an old cursor.
        let old_device = server.user_with(zoe.id.clone(), signed(SECRET, &claims(&zoe.id)));
        let socket = old_device.resumes(&zoes).await;
        assert!(!socket.resumed(), "the user's own cursors are no longer valid");
        assert!(old_device.lists().await.is_empty());
    }
}

#[tokio::test]
async fn a_job_continues_after_the_server_was_killed() {
    let mut server = Server::start().await;
    let (ada, operator) = (server.user_named("Ada Erasable-Quux"), server.operator());
    for at in 0..60 {
        ada.creates(&format!("Group {at}"), &[]).await;
    }
    let job = starts(&operator, &ada.id, "erase").await;
    for _ in 0..3 {
        server.kill_and_launch().await;
    }
    let progress = operator.get(&format!("/v1/admin/jobs/{job}")).await.ok(200);
    assert!(progress["total"].as_u64().unwrap() >= 1, "{progress}");
    // The server waits for the lease of the one that was killed.
    let ended = ends_within(Duration::from_secs(90), &operator, &job).await;
    assert_eq!(ended["state"], "done", "{ended}");
    assert_eq!(traces(&server, &ada.id, "Ada Erasable-Quux"), [""; 0]);
    let listed = operator.get(&format!("/v1/admin/groups?user_id={}", ada.id)).await.ok(200);
    assert_eq!(listed["groups"], json!([]));
}
