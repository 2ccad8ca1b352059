//! Successful HTTP requests: responses, headers, pagination, preconditions, repeats.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Server, User, assert_group, assert_time, new_id, seconds_from_now, within};

#[tokio::test]
async fn a_group_has_a_location_and_its_version_as_etag() {
    let server = Server::start().await;
    let ada = server.user();
    let created = ada.post("/v1/groups", json!({"name": "Team"})).await;
    let group = created.group(201);
    let id = group["group_id"].as_str().unwrap();
    assert_eq!(id.as_bytes()[14], b'7', "{id} is a UUIDv7");
    assert_eq!(group["created_at"], group["updated_at"]);
    assert_eq!(group["description"], "");
    assert_eq!(group["member_count"], 1);
    assert_eq!(created.header("etag"), Some("\"1\""));
    let location = created.header("location").unwrap();
    // Relative to the request URL, and so correct below any prefix.
    assert_eq!(location, format!("../v1/groups/{id}"));
    let created = ada.post("/v1/groups/create", json!({"name": "Team"})).await;
    let other = created.group(201)["group_id"].as_str().unwrap().to_owned();
    assert_eq!(created.header("location"), Some(&*format!("../../v1/groups/{other}")));

    let read = ada.get(&format!("/v1/groups/{id}")).await;
    assert_eq!(read.group(200), group);
    assert_eq!(read.header("etag"), Some("\"1\""));
    ada.renames(id, "Renamed").await.group(200);
    assert_eq!(ada.get(&format!("/v1/groups/{id}")).await.header("etag"), Some("\"2\""));
}

#[tokio::test]
async fn the_list_is_paged_newest_first() {
    let server = Server::start().await;
    let ada = server.user();
    let empty = ada.get("/v1/groups").await.ok(200);
    assert_eq!((&empty["groups"], &empty["next"]), (&json!([]), &Value::Null));
    assert!(empty["cursor"].is_string());

    let mut ids = Vec::new();
    for at in 0..7 {
        ids.push(ada.creates(&format!("Group {at}"), &[]).await);
    }
    ids.reverse();
    let id = |group: &Value| group["group_id"].as_str().unwrap().to_owned();
    let all = ada.get("/v1/groups").await.ok(200);
    assert_eq!(all["groups"].as_array().unwrap().iter().map(id).collect::<Vec<_>>(), ids);
    assert_eq!(all["next"], Value::Null);
    all["groups"].as_array().unwrap().iter().for_each(|group| assert_group(group, true));

    let page = ada.get("/v1/groups?limit=3").await.ok(200);
    assert_eq!(page["groups"].as_array().unwrap().len(), 3);
    assert!(page["next"].is_string());
    let paged = ada.pages("/v1/groups?limit=3", "groups").await;
    assert_eq!(paged.iter().map(id).collect::<Vec<_>>(), ids);
    // A page that is exactly full can still be the last one.
    let full = ada.pages("/v1/groups?limit=7", "groups").await;
    assert_eq!(full.len(), 7);
}

#[tokio::test]
async fn a_connection_can_resume_from_the_cursor_of_the_list() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[&bob]).await;
    let list = bob.get("/v1/groups").await.ok(200);
    ada.renames(&group, "Renamed").await.group(200);
    let socket = bob.resumes(list["cursor"].as_str().unwrap()).await;
    assert!(socket.resumed());
    let newer: Vec<_> = socket.missed().iter().filter(|event| event["version"] != 1).collect();
    assert_eq!(newer.len(), 1);
    assert_eq!(newer[0]["group"]["name"], "Renamed");
}

#[tokio::test]
async fn members_are_paged_in_joining_order() {
    let server = Server::start().await;
    let ada = server.user_named("Ada Lovelace");
    let people: Vec<_> = (0..7).map(|_| server.user()).collect();
    let group = ada.creates("Team", &[&people[0], &people[1]]).await;
    for person in &people[2..6] {
        ada.adds(&group, person).await.ok(201);
    }
    ada.adds_as(&group, &people[6], "admin").await.ok(201);

    let expected: Vec<_> = std::iter::once(&ada).chain(&people).map(|user| user.id.clone()).collect();
    for limit in [1, 3, 8, 500] {
        let members = ada.pages(&format!("/v1/groups/{group}/members?limit={limit}"), "members").await;
        let ids: Vec<_> = members.iter().map(|member| member["user_id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(ids, expected, "by {limit}");
    }
    let page = people[0].get(&format!("/v1/groups/{group}/members")).await.ok(200);
    assert_eq!((&page["version"], &page["next"]), (&json!(6), &Value::Null));
    let members = page["members"].as_array().unwrap();
    assert_eq!((&members[0]["role"], &members[0]["name"]), (&json!("owner"), &json!("Ada Lovelace")));
    assert_eq!((&members[1]["role"], members[1].get("name")), (&json!("member"), None));
    assert_eq!(members[7]["role"], "admin");
    members.iter().for_each(|member| assert_time(&member["joined_at"]));
}

#[tokio::test]
async fn with_acquainted_visibility_only_acquaintances_see_names() {
    let server = Server::with(&[("GROUPS_NAME_VISIBILITY", "acquainted")]).await;
    let (ada, bob) = (server.user_named("Ada Lovelace"), server.user_named("Bob Kahn"));
    bob.creates("My own", &[]).await;
    let group = ada.creates("Team", &[&bob]).await;
    let path = format!("/v1/groups/{group}/members");
    let names = async |reader: &User| {
        let page = reader.get(&path).await.ok(200);
        let members = page["members"].as_array().unwrap().clone();
        members.iter().map(|member| member.get("name").cloned()).collect::<Vec<_>>()
    };
    let promote = || {
        let call = ada.call("PATCH", &format!("{path}/{}", bob.id)).header("Idempotency-Key", "promote");
        call.json(&json!({"role": "admin"})).send()
    };
    let (ada_name, bob_name) = (Some(json!("Ada Lovelace")), Some(json!("Bob Kahn")));
    // Names are stored in the background.
    within("both names", async {
        while names(&bob).await != [ada_name.clone(), bob_name.clone()] {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for _ in 0..2 {
        let promoted = promote().await.ok(200);
        assert_eq!((&promoted["role"], promoted.get("name")), (&json!("admin"), None));
    }
    assert_eq!(names(&ada).await, [ada_name.clone(), None], "Bob was only added");

    bob.renames(&group, "Our team").await.group(200);
    assert_eq!(names(&ada).await, [ada_name, bob_name.clone()]);
    assert_eq!(promote().await.ok(200).get("name").cloned(), bob_name);
}

#[tokio::test]
async fn the_page_limit_defaults_to_100_and_is_at_most_500() {
    let server = Server::start().await;
    let ada = server.user();
    let group = ada.creates("Team", &[]).await;
    let ids: Vec<_> = (0..600).map(|_| new_id()).collect();
    ada.adds_all(&group, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await.ok(201);
    let path = format!("/v1/groups/{group}/members");
    assert_eq!(ada.get(&path).await.ok(200)["members"].as_array().unwrap().len(), 100);
    assert_eq!(ada.get(&format!("{path}?limit=500")).await.ok(200)["members"].as_array().unwrap().len(), 500);
    for limit in ["501", "100000", "0", "-1", "many", "4294967297", "99999999999999999999"] {
        let answer = ada.get(&format!("{path}?limit={limit}")).await;
        // Rejected or reduced: both respect the limit.
        match answer.status {
            200 => assert!(answer.ok(200)["members"].as_array().unwrap().len() <= 500, "limit={limit}"),
            _ => drop(answer.problem(400, "malformed_request")),
        }
    }
    for list in ["/v1/groups", path.as_str()] {
        ada.get(&format!("{list}?after=not-one-of-ours")).await.problem(400, "malformed_request");
    }
}

#[tokio::test]
async fn the_history_is_for_admins_and_the_owner_oldest_first() {
    let server = Server::start().await;
    let (ada, bob, eve) = (server.user(), server.user(), server.user());
    let group = ada.creates_with("Team", &[(&bob, "admin"), (&eve, "member")]).await;
    ada.renames(&group, "Renamed").await.group(200);
    ada.makes(&group, &eve, "admin").await.ok(200);
    ada.makes(&group, &eve, "member").await.ok(200);
    ada.removes(&group, &eve).await.no_content();

    let path = format!("/v1/groups/{group}/changes");
    for reader in [&ada, &bob] {
        let page = reader.get(&path).await.ok(200);
        let versions: Vec<_> =
            page["changes"].as_array().unwrap().iter().map(|change| change["version"].clone()).collect();
        assert_eq!(versions, [1, 2, 3, 4, 5].map(|version| json!(version)));
        assert_eq!(page["next"], Value::Null);
    }
    let after = ada.get(&format!("{path}?after=3")).await.ok(200);
    assert_eq!(after["changes"][0]["version"], 4);
    let limited = ada.get(&format!("{path}?after=1&limit=2")).await.ok(200);
    assert_eq!(limited["changes"].as_array().unwrap().len(), 2);
    assert_eq!(limited["changes"][0]["version"], 2);
    assert!(!limited["next"].is_null());
    let paged = ada.pages(&format!("{path}?limit=2"), "changes").await;
    assert_eq!(paged.len(), 5);
    for change in &paged {
        assert_eq!(change["actor_id"], ada.id, "{change}");
        assert_time(&change["at"]);
    }

    eve.get(&path).await.problem(404, "group_not_found");
    ada.adds(&group, &eve).await.ok(201);
    eve.get(&path).await.problem(403, "forbidden");
}

#[tokio::test]
async fn me_returns_the_user_of_a_valid_token() {
    let server = Server::start().await;
    let ada = server.user_named("Ada Lovelace");
    let me = ada.get("/v1/me").await.ok(200);
    assert_eq!((&me["user_id"], &me["name"]), (&json!(ada.id), &json!("Ada Lovelace")));
    match &me["expires_at"] {
        Value::Number(seconds) => {
            assert!((seconds_from_now(3590)..=seconds_from_now(3600)).contains(&seconds.as_i64().unwrap()))
        }
        time => assert_time(time),
    }
    assert!(server.user().get("/v1/me").await.ok(200)["name"].is_null());
}

#[tokio::test]
async fn if_match_allows_changing_only_the_expected_version() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[&bob]).await;
    let path = format!("/v1/groups/{group}");
    let member = format!("{path}/members/{}", bob.id);
    ada.renames(&group, "Two").await.group(200);

    let with = |method: &'static str, path: &str, tag: &str, body: Value| {
        let call = ada.call(method, path).header("If-Match", tag);
        let call = if body.is_null() { call } else { call.json(&body) };
        call.send()
    };
    for tag in ["\"1\"", "\"3\"", "\"99999999999\""] {
        with("PATCH", &path, tag, json!({"name": "No"})).await.problem(412, "version_mismatch");
        with("PATCH", &member, tag, json!({"role": "admin"})).await.problem(412, "version_mismatch");
        with("DELETE", &member, tag, Value::Null).await.problem(412, "version_mismatch");
        with("DELETE", &path, tag, Value::Null).await.problem(412, "version_mismatch");
    }
    assert_eq!(ada.sees(&group).await["version"], 2);
    let renamed = with("PATCH", &path, "\"2\"", json!({"name": "Three"})).await;
    assert_eq!(renamed.group(200)["version"], 3);
    with("PATCH", &member, "\"3\"", json!({"role": "admin"})).await.ok(200);
    with("DELETE", &member, "\"4\"", Value::Null).await.no_content();
    with("PATCH", &path, "*", json!({"name": "Any"})).await.group(200);
    // An invalid entity tag never matches.
    for tag in ["7", "\"six\"", "6", "W/\"6\""] {
        let answer = with("PATCH", &path, tag, json!({"name": "No"})).await;
        answer.problem_of(&[(400, "malformed_request"), (412, "version_mismatch")]);
    }
    // Nor does an empty list: a client that has lost its tag changes nothing by accident.
    for tag in ["", " ", ","] {
        with("PATCH", &path, tag, json!({"name": "No"})).await.problem(400, "malformed_request");
    }
    // A rejection reports the current tag, even if none of the given tags is a version.
    for tag in ["W/\"6\"", "\"six\"", "\"a,b\", \"06\"", "\"5\", \"7\""] {
        let problem = with("PATCH", &path, tag, json!({"name": "No"})).await.problem(412, "version_mismatch");
        assert_eq!(problem["detail"], "The group has changed: its entity tag is now `\"6\"`.", "{tag}");
    }
    // A list matches if one of its tags does; a comma within a tag does not separate.
    with("PATCH", &path, "\"a,b\", \"6\"", json!({"name": "Seven"})).await.group(200);
    with("DELETE", &path, "\"1\", \"7\"", Value::Null).await.no_content();
}

#[tokio::test]
async fn a_repeated_key_returns_the_first_answer_and_changes_nothing() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let mut socket = ada.connects().await;
    let keyed = |method: &str, path: &str, key: &str, body: Value| {
        let call = ada.call(method, path).header("Idempotency-Key", key);
        let call = if body.is_null() { call } else { call.json(&body) };
        call.send()
    };

    let first = keyed("POST", "/v1/groups", "create", json!({"name": "Team"})).await;
    let group = first.group(201);
    let id = group["group_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/groups/{id}");
    let members = format!("{path}/members");
    let member = format!("{members}/{}", bob.id);
    let calls = [
        ("POST", members.clone(), "add", json!({"user_id": bob.id})),
        ("PATCH", path.clone(), "rename", json!({"name": "Renamed"})),
        ("PATCH", member.clone(), "promote", json!({"role": "admin"})),
        ("DELETE", member.clone(), "remove", Value::Null),
    ];
    let mut answers = Vec::new();
    for (method, path, key, body) in &calls {
        answers.push(keyed(method, path, key, body.clone()).await);
    }
    assert_eq!(ada.sees(&id).await["version"], 5);

    // The repeats are sent after other changes, and also after a crash.
    for round in 0..2 {
        let again = keyed("POST", "/v1/groups", "create", json!({"name": "Team"})).await;
        assert_eq!(again.group(201), group, "round {round}");
        assert_eq!(again.header("location"), first.header("location"));
        for ((method, path, key, body), answer) in calls.iter().zip(&answers) {
            let again = keyed(method, path, key, body.clone()).await;
            assert_eq!((again.status, again.text()), (answer.status, answer.text()), "round {round}, {key}");
        }
        server.kill_and_launch().await;
    }
    assert_eq!(ada.sees(&id).await["version"], 5);
    assert_eq!(ada.lists().await.len(), 1);

    let deleted = keyed("DELETE", &path, "delete", Value::Null).await;
    deleted.no_content();
    keyed("DELETE", &path, "delete", Value::Null).await.no_content();

    // Idempotency keys are per user.
    let other = bob.call("POST", "/v1/groups").header("Idempotency-Key", "create").json(&json!({"name": "Bob's"}));
    assert_ne!(other.send().await.group(201)["group_id"], group["group_id"]);

    let mut versions = Vec::new();
    while versions.len() < 5 {
        match socket.hear().await {
            crate::support::Heard::Message(event) => versions.push(event["version"].clone()),
            other => panic!("{other:?} after {versions:?}"),
        }
    }
    assert_eq!(versions, [1, 2, 3, 4, 5].map(|version| json!(version)));
}

#[tokio::test]
async fn a_stored_rejection_is_returned_again_for_a_repeated_key() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let group = ada.creates("Team", &[]).await;
    let member = format!("/v1/groups/{group}/members/{}", bob.id);
    let remove = || ada.call("DELETE", &member).header("Idempotency-Key", "remove").send();
    let problem = remove().await.problem(404, "member_not_found");
    ada.adds(&group, &bob).await.ok(201);
    // The id of the request is new; `problem` leaves it out or checks it.
    assert_eq!(remove().await.problem(404, "member_not_found"), problem);
    assert_eq!(ada.sees(&group).await["member_count"], 2);
}

#[tokio::test]
async fn a_key_with_another_request_is_refused() {
    let server = Server::start().await;
    let ada = server.user();
    let with_key = |path: &str, body: Value| ada.call("POST", path).header("Idempotency-Key", "k").json(&body).send();
    with_key("/v1/groups", json!({"name": "Team"})).await.group(201);
    let other = with_key("/v1/groups", json!({"name": "Another"})).await;
    other.problem(422, "idempotency_key_reused");
    assert_eq!(ada.lists().await.len(), 1);
    // A rejection is also replayed as the first response.
    let group = ada.lists().await[0]["group_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/groups/{group}/members/{}", new_id());
    let missing = ada.call("DELETE", &path).header("Idempotency-Key", "gone").send().await;
    missing.problem(404, "member_not_found");
    let again = ada.call("DELETE", &path).header("Idempotency-Key", "gone").send().await;
    again.problem(404, "member_not_found");
}

#[tokio::test]
async fn names_of_every_script_are_kept_and_normalised() {
    let server = Server::start().await;
    let ada = server.user();
    let group = ada.creates("Team", &[]).await;
    let names = [
        "Ünïcödé ñämé",
        "项目团队",
        "プロジェクト",
        "프로젝트 팀",
        "فريق المشروع",
        "צוות הפרויקט",
        "परियोजना दल",
        "குழு",
        "ทีมโครงการ",
        "Ομάδα έργου",
        "Команда проекта",
        "👩‍👩‍👧‍👦 🏳️‍🌈 ✨",
        "𝔐𝔞𝔱𝔥 𝒯𝑒𝒶𝓂",
        "a\u{200d}b",
        "quote \" back\\slash / <script>&amp;</script>",
        "'; DROP TABLE groups; --",
        "null",
    ];
    for name in names {
        let renamed = ada.renames(&group, name).await.group(200);
        assert_eq!(renamed["name"], name);
        assert_eq!(ada.sees(&group).await["name"], name);
    }
    // Two encodings of one name: NFC.
    for (written, kept) in [
        ("Cafe\u{301}", "Caf\u{e9}"),
        ("\u{1112}\u{1161}\u{11ab}", "\u{d55c}"),
        ("\u{212b}ngstro\u{308}m", "\u{c5}ngstr\u{f6}m"),
        (" \u{2003}\u{a0}padded\u{3000} ", "padded"),
    ] {
        assert_eq!(ada.renames(&group, written).await.group(200)["name"], kept);
    }
    // A hundred characters are allowed in any script, counted after normalization.
    for name in ["界".repeat(100), "🦀".repeat(100), "e\u{301}".repeat(100), format!("  {}  ", "x".repeat(100))] {
        ada.renames(&group, &name).await.group(200);
    }
    let description = "ß".repeat(1000);
    let path = format!("/v1/groups/{group}");
    assert_eq!(ada.patch(&path, json!({"description": description})).await.group(200)["description"], description);
    let escaped = ada.call("PATCH", &path).body("application/json", r#"{"name":"\u00e9\ud83e\udd80"}"#).send().await;
    assert_eq!(escaped.group(200)["name"], "é🦀");
}

#[tokio::test]
async fn health_checks_need_no_token() {
    let server = Server::start().await;
    for path in ["/healthz", "/readyz", "/"] {
        let answer = server.http().get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    let page = server.http().get("/").await;
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
}

#[tokio::test]
async fn roles_and_members_are_correct_after_a_sequence_of_changes() {
    let server = Server::start().await;
    let (ada, bob, eve, dan) = (server.user(), server.user(), server.user(), server.user());
    let group = ada.creates_with("Team", &[(&bob, "admin"), (&eve, "member"), (&dan, "member")]).await;
    ada.makes(&group, &dan, "owner").await.ok(200);
    dan.makes(&group, &ada, "member").await.ok(200);
    dan.leaves_to(&group, &eve).await.no_content();
    bob.removes(&group, &ada).await.no_content();
    let roles: BTreeSet<_> = eve
        .lists_members(&group)
        .await
        .iter()
        .map(|member| (member["user_id"].as_str().unwrap().to_owned(), member["role"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(roles, [(bob.id.clone(), "admin".to_owned()), (eve.id.clone(), "owner".to_owned())].into());
    let seen = eve.sees(&group).await;
    assert_eq!((&seen["member_count"], &seen["version"], &seen["admin_id"]), (&json!(2), &json!(5), &json!(eve.id)));
}
