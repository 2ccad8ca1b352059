//! Invitations: made, listed, accepted, declined and withdrawn.

use serde_json::{Value, json};

use super::{Team, both_hear, only_for_admins, update};
use crate::support::{assert_group, assert_time, new_id};

#[tokio::test]
async fn an_invited_user_accepts_and_everybody_hears_what_they_must() {
    let team = Team::new("closed").await;
    let (mut phone, mut laptop) = (team.eve.connects().await, team.eve.connects().await);
    let (mut ada, mut cat) = (team.ada.connects().await, team.cat.connects().await);

    let body = json!({"user_id": team.eve.id, "role": "member", "expires_in_seconds": 3_600});
    let made = team.bob.post(&team.path("invitations"), body).await;
    let invitation = made.ok(201);
    assert_eq!(made.header("etag"), Some("\"2\""));
    assert_eq!(
        (&invitation["user_id"], &invitation["role"], &invitation["invited_by"]),
        (&json!(team.eve.id), &json!("member"), &json!(team.bob.id))
    );
    assert_time(&invitation["at"]);
    assert_time(&invitation["expires_at"]);

    let told = both_hear(&mut phone, &mut laptop, &team.eve, "invited_to_group").await;
    assert_eq!(told["group"], team.preview(3, "closed"));
    assert_eq!((&told["role"], &told["expires_at"]), (&json!("member"), &invitation["expires_at"]));
    let invited = update(&mut ada, &team.ada, "invited").await;
    assert_eq!((&invited["user_id"], &invited["expires_at"]), (&json!(team.eve.id), &invitation["expires_at"]));
    update(&mut cat, &team.cat, "access_changed").await;

    let own = team.eve.get("/v1/invitations").await.ok(200);
    let expected = json!([{
        "group": team.preview(3, "closed"), "role": "member", "invited_by": team.bob.id, "at": invitation["at"],
        "expires_at": invitation["expires_at"], "version": 2,
    }]);
    assert_eq!((&own["invitations"], &own["next"]), (&expected, &Value::Null));
    let snapshot = team.eve.connects().await.opening;
    let last = snapshot.iter().rfind(|message| message["type"] == "snapshot").unwrap();
    assert_eq!((&last["invitations"], &last["requests"]), (&expected, &json!([])));

    let accepted = team.eve.posts(&team.path("invitations/me/accept")).await;
    assert_eq!(accepted.header("etag"), Some("\"3\""));
    assert_eq!(accepted.group(200)["role"], "member");
    let added = both_hear(&mut phone, &mut laptop, &team.eve, "added_to_group").await;
    assert_eq!((&added["via"], &added["version"]), (&json!("invitation"), &json!(3)));
    for (socket, user) in [(&mut ada, &team.ada), (&mut cat, &team.cat)] {
        let added = update(socket, user, "member_added").await;
        assert_eq!((&added["user_id"], &added["via"]), (&json!(team.eve.id), &json!("invitation")));
    }
    // Once more is no change.
    assert_eq!(team.eve.posts(&team.path("invitations/me/accept")).await.group(200)["version"], 3);
    for socket in [&mut phone, &mut laptop, &mut ada, &mut cat] {
        socket.hears_nothing().await;
    }
    assert_eq!(team.standings().await, [0, 0, 0]);
    assert_eq!(team.eve.get("/v1/invitations").await.ok(200)["invitations"], json!([]));
}

#[tokio::test]
async fn an_invitation_is_declined_by_the_user_or_withdrawn_by_an_admin() {
    let team = Team::new("closed").await;
    let (mut phone, mut laptop) = (team.eve.connects().await, team.eve.connects().await);
    let (mut ada, mut cat) = (team.ada.connects().await, team.cat.connects().await);
    let own = team.path("invitations/me");
    let by_id = team.path(&format!("invitations/{}", team.eve.id));
    for (path, user, reason) in
        [(&own, &team.eve, "declined"), (&by_id, &team.bob, "withdrawn"), (&by_id, &team.eve, "declined")]
    {
        team.invites(&team.eve).await.ok(201);
        both_hear(&mut phone, &mut laptop, &team.eve, "invited_to_group").await;
        update(&mut ada, &team.ada, "invited").await;
        update(&mut cat, &team.cat, "access_changed").await;
        user.delete(path).await.no_content();
        let ended = both_hear(&mut phone, &mut laptop, &team.eve, "invitation_ended").await;
        assert_eq!((&ended["reason"], &ended["actor_id"]), (&json!(reason), &json!(user.id)));
        assert_eq!(update(&mut ada, &team.ada, "invitation_ended").await["reason"], reason);
        update(&mut cat, &team.cat, "access_changed").await;
        user.delete(path).await.problem(404, "invitation_not_found");
    }
    team.eve.posts(&team.path("invitations/me/accept")).await.problem(404, "invitation_not_found");
    for socket in [&mut phone, &mut laptop, &mut ada, &mut cat] {
        socket.hears_nothing().await;
    }
}

#[tokio::test]
async fn a_second_invitation_changes_nothing_and_members_and_banned_users_cannot_be_invited() {
    let team = Team::new("closed").await;
    let first = team.invites(&team.eve).await.ok(201);
    let body = json!({"user_id": team.eve.id, "expires_in_seconds": 1});
    let second = team.ada.post(&team.path("invitations"), body).await;
    assert_eq!((second.ok(200), second.header("etag")), (first, Some("\"2\"")));

    team.invites(&team.cat).await.problem(409, "already_member");
    team.invites(&team.bob).await.problem(409, "already_member");
    let fay = team.server.user();
    team.bans(&fay).await.ok(200);
    team.invites(&fay).await.problem(409, "banned");
    team.ada.adds(&team.group, &fay).await.problem(409, "banned");
    // Only admins are told so.
    team.cat.post(&team.path("invitations"), json!({"user_id": fay.id})).await.problem(403, "forbidden");
    team.cat.adds(&team.group, &fay).await.problem(403, "forbidden");
    assert_eq!(team.version().await, 3);
}

#[tokio::test]
async fn a_user_who_has_asked_is_in_once_they_are_invited() {
    let team = Team::new("request").await;
    let mut phone = team.eve.connects().await;
    team.eve.posts(&team.path("join")).await.ok(202);
    let body = json!({"user_id": team.eve.id, "role": "admin"});
    let answer = team.ada.post(&team.path("invitations"), body).await;
    let both = answer.ok(200);
    assert_group(&both["group"], true);
    assert_eq!((&both["member"]["user_id"], &both["member"]["role"]), (&json!(team.eve.id), &json!("admin")));
    assert_eq!(answer.header("etag"), Some("\"4\""));
    phone.event(&team.eve.id, "join_requested").await;
    assert_eq!(phone.event(&team.eve.id, "added_to_group").await["via"], "request");
    assert_eq!(team.standings().await, [0, 0, 0]);
}

#[tokio::test]
async fn only_admins_see_and_end_invitations() {
    let team = Team::new("open").await;
    let (fay, ida) = (team.server.user(), team.server.user());
    team.invites(&fay).await.ok(201);
    team.invites(&ida).await.ok(201);
    only_for_admins(&team, "GET", "invitations").await;
    only_for_admins(&team, "DELETE", &format!("invitations/{}", fay.id)).await;
    // Neither do the invited themselves, who see no more than outsiders.
    ida.get(&team.path("invitations")).await.problem(404, "group_not_found");
    ida.delete(&team.path(&format!("invitations/{}", fay.id))).await.problem(404, "group_not_found");
    ida.get(&team.path("members")).await.problem(404, "group_not_found");
    ida.get(&format!("/v1/groups/{}", team.group)).await.problem(404, "group_not_found");
    team.eve.post(&team.path("invitations"), json!({"user_id": ida.id})).await.problem(404, "group_not_found");
    // An admin cannot give the role of an admin.
    let as_admin = json!({"user_id": team.eve.id, "role": "admin"});
    team.bob.post(&team.path("invitations"), as_admin.clone()).await.problem(403, "forbidden");
    assert_eq!(team.ada.post(&team.path("invitations"), as_admin).await.ok(201)["role"], "admin");
    assert_eq!(team.standings().await, [3, 0, 0]);
}

#[tokio::test]
async fn an_invalid_invitation_is_refused() {
    let team = Team::new("closed").await;
    let path = team.path("invitations");
    let id = new_id();
    for (body, status, code) in [
        (json!({}), 400, "malformed_request"),
        (json!([]), 400, "malformed_request"),
        (json!({"user_id": "x"}), 400, "malformed_request"),
        (json!({"user_id": "00000000-0000-0000-0000-000000000000"}), 400, "malformed_request"),
        (json!({"user_id": id, "expires_in_seconds": "1"}), 400, "malformed_request"),
        (json!({"user_id": id, "role": "boss"}), 422, "invalid_role"),
        (json!({"user_id": id, "role": "owner"}), 422, "invalid_role"),
        (json!({"user_id": id, "expires_in_seconds": 0}), 422, "invalid_expiry"),
        (json!({"user_id": id, "expires_in_seconds": -1}), 422, "invalid_expiry"),
        (json!({"user_id": id, "expires_in_seconds": 1.5}), 422, "invalid_expiry"),
        (json!({"user_id": id, "expires_in_seconds": 366 * 86_400 + 1}), 422, "invalid_expiry"),
        (json!({"user_id": id, "expires_in_seconds": u64::MAX}), 422, "invalid_expiry"),
        (json!({"user_id": id, "expires_in_seconds": 1e300}), 422, "invalid_expiry"),
    ] {
        team.ada.post(&path, body).await.problem(status, code);
    }
    let longest = json!({"user_id": id, "expires_in_seconds": 366 * 86_400});
    assert_time(&team.ada.post(&path, longest).await.ok(201)["expires_at"]);
    for path in ["invitations/x", "invitations/00000000-0000-0000-0000-000000000000"] {
        team.ada.delete(&team.path(path)).await.problem(400, "malformed_request");
    }
    assert_eq!(team.version().await, 2);
}

#[tokio::test]
async fn invitations_are_paged() {
    let team = Team::new("closed").await;
    let mut invited = Vec::new();
    for _ in 0..5 {
        let user = team.server.user_named("Somebody");
        // So that the name is known.
        user.get("/v1/me").await.ok(200);
        team.invites(&user).await.ok(201);
        invited.push(user.id);
    }
    let listed = team.bob.pages(&team.path("invitations?limit=2"), "invitations").await;
    let ids: Vec<_> = listed.iter().map(|entry| entry["user_id"].as_str().unwrap()).collect();
    assert_eq!(ids, invited, "oldest first");
    for after in ["x", "1", "-", "1-2", "x-01a206fc-a2ba-74e0-b762-1f02155aaf9f"] {
        let path = team.path(&format!("invitations?after={after}"));
        team.bob.get(&path).await.problem(400, "malformed_request");
    }

    let mut groups = Vec::new();
    for number in 0..5 {
        let group = team.ada.creates(&format!("Group {number}"), &[]).await;
        let path = format!("/v1/groups/{group}/invitations");
        team.ada.post(&path, json!({"user_id": team.eve.id})).await.ok(201);
        groups.insert(0, group);
    }
    let own = team.eve.pages("/v1/invitations?limit=2", "invitations").await;
    let ids: Vec<_> = own.iter().map(|entry| entry["group"]["group_id"].as_str().unwrap()).collect();
    assert_eq!(ids, groups, "newest group first");
    team.eve.get("/v1/invitations?after=x").await.problem(400, "malformed_request");
}

#[tokio::test]
async fn a_repeated_step_with_the_same_key_has_the_first_answer() {
    let team = Team::new("closed").await;
    let invite = async || {
        let call = team.bob.call("POST", &team.path("invitations")).header("Idempotency-Key", "invite");
        call.json(&json!({"user_id": team.eve.id})).send().await
    };
    let accept = async || {
        let call = team.eve.call("POST", &team.path("invitations/me/accept"));
        call.header("Idempotency-Key", "accept").send().await
    };
    let invited = invite().await;
    let first = invited.ok(201);
    assert_eq!(invited.header("idempotency-replayed"), None);
    let accepted = accept().await.group(200);
    team.ada.removes(&team.group, &team.eve).await.no_content();

    let again = invite().await;
    assert_eq!((again.ok(201), again.header("idempotency-replayed")), (first, Some("true")));
    let again = accept().await;
    assert_eq!((again.group(200), again.header("idempotency-replayed")), (accepted, Some("true")));
    assert_eq!((team.version().await, team.role_of(&team.eve).await), (4, None));
}

#[tokio::test]
async fn an_expected_version_is_checked_and_reveals_nothing_to_outsiders() {
    let team = Team::new("closed").await;
    let stale = |user: &crate::support::User, method: &str, rest: &str| {
        let path = team.path(rest);
        let user = user.clone();
        let method = method.to_owned();
        async move { user.call(&method, &path).header("If-Match", "\"7\"").send().await }
    };
    team.invites(&team.eve).await.ok(201);
    stale(&team.eve, "POST", "invitations/me/accept").await.problem(412, "version_mismatch");
    stale(&team.eve, "DELETE", "invitations/me").await.problem(412, "version_mismatch");
    stale(&team.bob, "PUT", &format!("bans/{}", team.eve.id)).await.problem(412, "version_mismatch");
    let fay = team.server.user();
    stale(&fay, "POST", "invitations/me/accept").await.problem(404, "invitation_not_found");
    stale(&fay, "POST", "join").await.problem(404, "group_not_found");
    stale(&fay, "DELETE", "join").await.problem(404, "request_not_found");
    let call = team.eve.call("POST", &team.path("invitations/me/accept")).header("If-Match", "\"1\", \"2\"");
    call.send().await.group(200);
}

#[tokio::test]
async fn a_group_has_a_limited_number_of_open_invitations() {
    let server = crate::support::Server::with(&[("GROUPS_MAX_INVITATIONS", "2")]).await;
    let team = Team::at(server, "closed").await;
    for _ in 0..2 {
        team.invites(&team.server.user()).await.ok(201);
    }
    team.invites(&team.eve).await.problem(422, "too_many_invitations");
}

#[tokio::test]
async fn a_user_who_has_blocked_an_admin_is_not_invited_by_them() {
    let team = Team::new("closed").await;
    team.eve.call("PUT", &format!("/v1/me/blocks/{}", team.bob.id)).send().await.no_content();
    team.invites(&team.eve).await.problem(403, "forbidden");
    assert_eq!(team.standings().await, [0, 0, 0]);
}
