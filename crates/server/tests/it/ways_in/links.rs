//! Links into a group.

use serde_json::{Value, json};

use super::{Team, both_hear, only_for_admins, token_of, update};
use crate::support::{assert_time, new_id};

#[tokio::test]
async fn everybody_who_has_a_link_can_join() {
    let team = Team::new("closed").await;
    let (mut phone, mut laptop) = (team.eve.connects().await, team.eve.connects().await);
    let (mut ada, mut cat) = (team.ada.connects().await, team.cat.connects().await);
    let created = team.bob.post(&team.path("links"), json!({"expires_in_seconds": 60, "uses_max": 10})).await;
    let mut link = created.ok(201);
    assert_eq!(created.header("etag"), Some("\"2\""));
    let token = token_of(&link);
    assert_time(&link["at"]);
    assert_time(&link["expires_at"]);
    assert_eq!(
        (&link["role"], &link["created_by"], &link["uses_max"], &link["uses"], &link["approval"]),
        (&json!("member"), &json!(team.bob.id), &json!(10), &json!(0), &json!(false))
    );
    let told = update(&mut ada, &team.ada, "link_created").await;
    assert_eq!((&told["link_id"], &told["uses_max"]), (&link["link_id"], &json!(10)));
    update(&mut cat, &team.cat, "access_changed").await;
    let id = uuid::Uuid::parse_str(link["link_id"].as_str().unwrap()).unwrap();
    assert_eq!(id.get_version_num(), 8);

    let path = format!("/v1/join/{token}");
    let preview = team.eve.get(&path).await.ok(200);
    assert_eq!(preview, json!({"group": team.preview(3, "closed"), "approval": false}));
    let joined = team.eve.posts(&path).await;
    assert_eq!((joined.group(200)["role"].clone(), joined.header("etag")), (json!("member"), Some("\"3\"")));
    assert_eq!(both_hear(&mut phone, &mut laptop, &team.eve, "added_to_group").await["via"], "link");
    assert_eq!(update(&mut ada, &team.ada, "member_added").await["via"], "link");
    update(&mut cat, &team.cat, "member_added").await;
    // A member stays one, and uses the link no further.
    assert_eq!(team.eve.posts(&path).await.group(200)["version"], 3);
    assert_eq!(team.cat.posts(&path).await.group(200)["version"], 3);

    // The token is never shown again.
    link.as_object_mut().unwrap().remove("token");
    link["uses"] = json!(1);
    let one = team.path(&format!("links/{}", id));
    assert_eq!(team.ada.get(&one).await.ok(200), link);
    assert_eq!(team.ada.get(&team.path("links")).await.ok(200), json!({"links": [link], "next": null}));

    team.ada.delete(&one).await.no_content();
    assert_eq!(update(&mut ada, &team.ada, "link_revoked").await["link_ids"], json!([id.to_string()]));
    for (socket, user) in [(&mut cat, &team.cat), (&mut phone, &team.eve), (&mut laptop, &team.eve)] {
        update(socket, user, "access_changed").await;
    }
    team.ada.delete(&one).await.problem(404, "link_not_found");
    team.ada.get(&one).await.problem(404, "link_not_found");
    for socket in [&mut phone, &mut laptop, &mut ada, &mut cat] {
        socket.hears_nothing().await;
    }
}

#[tokio::test]
async fn a_link_that_asks_leads_to_a_request_with_its_role() {
    let team = Team::new("closed").await;
    let link =
        team.ada.post(&team.path("links"), json!({"approval": true, "role": "admin", "uses_max": 1})).await.ok(201);
    let path = format!("/v1/join/{}", token_of(&link));
    assert_eq!(team.eve.get(&path).await.ok(200)["approval"], true);
    let mut phone = team.eve.connects().await;
    let asked = team.eve.post(&path, json!({"message": "Hello"})).await;
    assert_eq!(asked.ok(202), json!({"state": "requested"}));
    assert_eq!(phone.event(&team.eve.id, "join_requested").await["message"], "Hello");
    // Again, although it is used up.
    assert_eq!(team.eve.posts(&path).await.ok(202), json!({"state": "requested"}));
    team.server.user().posts(&path).await.problem(404, "link_not_found");
    let listed = team.bob.get(&team.path("requests")).await.ok(200);
    assert_eq!(listed["requests"][0]["role"], "admin");
    let approve = team.path(&format!("requests/{}/approve", team.eve.id));
    team.bob.posts(&approve).await.problem(403, "forbidden");
    assert_eq!(team.ada.posts(&approve).await.ok(200)["role"], "admin");
}

#[tokio::test]
async fn links_that_cannot_be_used_all_look_alike() {
    let team = Team::new("open").await;
    let used_up = team.creates_link(json!({"uses_max": 1})).await;
    let revoked = team.creates_link(json!({})).await;
    let expired = team.creates_link(json!({"expires_in_seconds": 1})).await;
    let valid = team.creates_link(json!({})).await;
    team.server.user().posts(&format!("/v1/join/{}", token_of(&used_up))).await.group(200);
    team.bob.delete(&team.path(&format!("links/{}", revoked["link_id"].as_str().unwrap()))).await.no_content();
    let banned = team.server.user();
    team.bans(&banned).await.ok(200);
    let gone = team.ada.creates("Other", &[]).await;
    let of_gone = team.ada.post(&format!("/v1/groups/{gone}/links"), json!({})).await.ok(201);
    team.ada.deletes(&gone).await.no_content();
    // Until it has expired, it is shown.
    let path = format!("/v1/join/{}", token_of(&expired));
    crate::support::within("the link expires", async {
        while team.eve.get(&path).await.status == 200 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;

    let unknown = "A".repeat(32);
    let missing = team.eve.get(&format!("/v1/join/{unknown}")).await.problem(404, "link_not_found");
    let tokens = [
        (&team.eve, unknown),
        (&team.eve, "x".to_owned()),
        (&team.eve, "%20".to_owned()),
        (&team.eve, token_of(&used_up)),
        (&team.eve, token_of(&revoked)),
        (&team.eve, token_of(&expired)),
        (&team.eve, token_of(&of_gone)),
        (&banned, token_of(&valid)),
    ];
    for (user, token) in tokens {
        for method in ["GET", "POST"] {
            let answer = user.call(method, &format!("/v1/join/{token}")).send().await;
            assert_eq!(answer.problem(404, "link_not_found"), missing, "{method} {token}");
        }
    }
    // The admins still see those that have expired and are used up.
    let listed = team.bob.pages(&team.path("links?limit=1"), "links").await;
    let ids: Vec<_> = listed.iter().map(|link| &link["link_id"]).collect();
    assert_eq!(ids, [&used_up["link_id"], &expired["link_id"], &valid["link_id"]], "oldest first");
    assert_eq!(listed[0]["uses"], 1);

    team.bob.delete(&team.path("links")).await.no_content();
    team.bob.delete(&team.path("links")).await.no_content();
    assert_eq!(team.bob.get(&team.path("links")).await.ok(200)["links"], json!([]));
    team.eve.posts(&format!("/v1/join/{}", token_of(&valid))).await.problem(404, "link_not_found");
}

#[tokio::test]
async fn only_admins_manage_links() {
    let team = Team::new("open").await;
    let link = team.creates_link(json!({})).await;
    let one = format!("links/{}", link["link_id"].as_str().unwrap());
    only_for_admins(&team, "GET", "links").await;
    only_for_admins(&team, "POST", "links").await;
    only_for_admins(&team, "GET", &one).await;
    only_for_admins(&team, "DELETE", &one).await;
    only_for_admins(&team, "DELETE", "links").await;
    let other = team.bob.creates("Other", &[]).await;
    for path in [format!("/v1/groups/{other}/{one}"), team.path(&format!("links/{}", new_id()))] {
        team.bob.get(&path).await.problem(404, "link_not_found");
        team.bob.delete(&path).await.problem(404, "link_not_found");
    }
    team.bob.get(&team.path("links/x")).await.problem(400, "malformed_request");
    for (body, status, code) in [
        (json!({"role": "admin"}), 403, "forbidden"),
        (json!({"role": "owner"}), 422, "invalid_role"),
        (json!({"role": "x"}), 422, "invalid_role"),
        (json!({"expires_in_seconds": 0}), 422, "invalid_expiry"),
        (json!({"expires_in_seconds": 1e9}), 422, "invalid_expiry"),
        (json!({"uses_max": 0}), 422, "invalid_uses_max"),
        (json!({"uses_max": -1}), 422, "invalid_uses_max"),
        (json!({"uses_max": 1.5}), 422, "invalid_uses_max"),
        (json!({"uses_max": 4_294_967_296_u64}), 422, "invalid_uses_max"),
        (json!({"uses_max": "1"}), 400, "malformed_request"),
        (json!({"approval": 1}), 400, "malformed_request"),
        (json!([]), 400, "malformed_request"),
    ] {
        team.bob.post(&team.path("links"), body).await.problem(status, code);
    }
    let most = team.creates_link(json!({"uses_max": u32::MAX, "expires_in_seconds": 366 * 86_400})).await;
    assert_eq!(most["uses_max"], u32::MAX);
}

#[tokio::test]
async fn a_repeated_creation_with_the_same_key_has_the_same_token() {
    let team = Team::new("closed").await;
    let create = async |user: &crate::support::User, key: &str, body: Value| {
        user.call("POST", &team.path("links")).header("Idempotency-Key", key).json(&body).send().await
    };
    let first = create(&team.bob, "one", json!({})).await.ok(201);
    let path = format!("/v1/join/{}", token_of(&first));
    let use_it = async |key: &str| team.eve.call("POST", &path).header("Idempotency-Key", key).send().await;
    let joined = use_it("enter").await.group(200);
    let again = create(&team.bob, "one", json!({})).await;
    assert_eq!((again.ok(201), again.header("idempotency-replayed")), (first.clone(), Some("true")));
    create(&team.bob, "one", json!({"uses_max": 1})).await.problem(422, "idempotency_key_reused");
    for (user, key) in [(&team.bob, "two"), (&team.ada, "one")] {
        let other = create(user, key, json!({})).await.ok(201);
        assert!(other["token"] != first["token"] && other["link_id"] != first["link_id"]);
    }
    // The first answer is repeated even after the link is gone.
    team.ada.delete(&team.path("links")).await.no_content();
    team.ada.removes(&team.group, &team.eve).await.no_content();
    let again = use_it("enter").await;
    assert_eq!((again.group(200), again.header("idempotency-replayed")), (joined, Some("true")));
    use_it("later").await.problem(404, "link_not_found");
    assert_eq!(team.role_of(&team.eve).await, None);
}

#[tokio::test]
async fn an_invited_user_who_follows_a_link_takes_the_invitation() {
    let team = Team::new("closed").await;
    let link = team.creates_link(json!({"uses_max": 1, "approval": true})).await;
    team.ada.post(&team.path("invitations"), json!({"user_id": team.eve.id, "role": "admin"})).await.ok(201);
    let path = format!("/v1/join/{}", token_of(&link));
    assert_eq!(team.eve.posts(&path).await.group(200)["role"], "admin");
    let one = team.path(&format!("links/{}", link["link_id"].as_str().unwrap()));
    assert_eq!(team.bob.get(&one).await.ok(200)["uses"], 0);
}

#[tokio::test]
async fn a_group_has_a_limited_number_of_links() {
    let server = crate::support::Server::with(&[("GROUPS_MAX_LINKS", "1")]).await;
    let team = Team::at(server, "closed").await;
    team.creates_link(json!({})).await;
    team.bob.posts(&team.path("links")).await.problem(422, "too_many_links");
}
