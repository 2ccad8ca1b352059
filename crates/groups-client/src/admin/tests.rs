//! Requests and responses of `/v1/admin`, as the contract describes them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use groups_domain::{GroupId, NewMember, Role, UserId, Uuid};
use serde_json::{Value, json};

use super::*;
use crate::body::NewGroup;
use crate::client::Client;

const GROUP: GroupId = GroupId::new(Uuid::from_u128(1));
const ADA: UserId = UserId::new(Uuid::from_u128(2));

fn client() -> Client {
    Client::builder("http://127.0.0.1:1").token("t").build().unwrap()
}

/// Method, path and body of a call.
fn sent<T>(call: &Call<'_, T>) -> (String, Option<Value>) {
    let (method, path, body) = call.parts();
    (format!("{method} {path}"), body.map(|body| serde_json::from_slice(body).unwrap()))
}

#[test]
fn a_group_is_created_for_its_owner() {
    let client = client();
    let group = NewGroup::new("Team").member(NewMember::plain(ADA));
    let call = client.admin().create_group(NewOwnedGroup { owner_id: ADA, group_id: Some(GROUP), group });
    let members = json!([{"user_id": ADA, "role": "member"}]);
    let body = json!({"owner_id": ADA, "group_id": GROUP, "name": "Team", "members": members});
    assert_eq!(sent(&call), ("POST /v1/admin/groups".to_owned(), Some(body)));
}

#[test]
fn groups_are_found_by_name_or_user() {
    let client = client();
    let page = Page { limit: Some(5), after: Some("a b".to_owned()) };
    let call = client.admin().find_groups(GroupQuery { name: Some("Te".to_owned()), user_id: None }, page);
    assert_eq!(sent(&call), ("GET /v1/admin/groups?query=Te&limit=5&after=a%20b".to_owned(), None));
    let call = client.admin().find_groups(GroupQuery { name: None, user_id: Some(ADA) }, Page::default());
    assert_eq!(sent(&call), (format!("GET /v1/admin/groups?user_id={ADA}"), None));
    let found: FoundGroups = serde_json::from_value(json!({"groups": [], "next": null, "cursor": "c"})).unwrap();
    assert_eq!(found, FoundGroups { groups: Vec::new(), next: None });
}

#[test]
fn a_group_has_the_same_calls_as_for_members() {
    let client = client();
    let group = client.admin().group(GROUP);
    assert_eq!(sent(&group.get()).0, format!("GET /v1/admin/groups/{GROUP}"));
    assert_eq!(sent(&group.remove(ADA)).0, format!("DELETE /v1/admin/groups/{GROUP}/members/{ADA}"));
    let transfer = (format!("PATCH /v1/admin/groups/{GROUP}/members/{ADA}"), Some(json!({"role": "owner"})));
    assert_eq!(sent(&group.set_role(ADA, Role::Owner)), transfer);
    assert_eq!(sent(&group.history(Page::default())).0, format!("GET /v1/admin/groups/{GROUP}/changes"));
}

#[test]
fn a_user_leaves_or_is_erased_by_a_job() {
    let client = client();
    assert_eq!(
        sent(&client.admin().remove_user(ADA, Removal::Leave)).0,
        format!("DELETE /v1/admin/users/{ADA}?mode=leave")
    );
    assert_eq!(
        sent(&client.admin().remove_user(ADA, Removal::Erase)).0,
        format!("DELETE /v1/admin/users/{ADA}?mode=erase")
    );
    let job: JobRef = serde_json::from_value(json!({"job_id": "j-1"})).unwrap();
    assert_eq!(sent(&client.admin().job(&job.job_id)).0, "GET /v1/admin/jobs/j-1");
    let job: Job = serde_json::from_value(json!({"state": "failed", "done": 1, "total": 3})).unwrap();
    assert_eq!(job, Job { state: JobState::Failed, done: 1, total: 3, reason: None });
}

#[test]
fn the_id_of_a_job_cannot_change_the_path() {
    for id in ["", ".", "..", "a/b", "a?b", "a#b", "a%2fb", "a b", "é"] {
        assert!(id.parse::<JobId>().is_err(), "{id}");
    }
}

#[test]
fn a_user_is_disconnected_named_and_found() {
    let client = client();
    let path = format!("POST /v1/admin/users/{ADA}/disconnect");
    assert_eq!(sent(&client.admin().disconnect(ADA, None)), (path.clone(), Some(json!({}))));
    let at = Timestamp::from_unix_millis(0);
    let body = json!({"not_before": "1970-01-01T00:00:00.000Z"});
    assert_eq!(sent(&client.admin().disconnect(ADA, Some(at))), (path, Some(body)));
    let named = (format!("PUT /v1/admin/users/{ADA}"), Some(json!({"name": "Ada"})));
    assert_eq!(sent(&client.admin().set_name(ADA, "Ada")), named);
    let found = sent(&client.admin().find_user("ada@example", Some("https://id.example"))).0;
    assert_eq!(found, "GET /v1/admin/users?subject=ada%40example&issuer=https%3A%2F%2Fid.example");
}

#[test]
fn the_log_is_read_with_a_wait_of_at_most_30_seconds() {
    let client = client();
    let page = Page { limit: None, after: Some("c".to_owned()) };
    let call = client.admin().changes(page, Some(Duration::from_secs(90)));
    assert_eq!(sent(&call).0, "GET /v1/admin/changes?after=c&wait=30");
    let change = json!({"version": 2, "at": "2026-11-23T05:59:10.065Z", "actor_id": ADA, "action": "member_added",
        "user_id": ADA, "role": "member", "group_id": GROUP, "cursor": "c2"});
    let page: LogPage = serde_json::from_value(json!({"changes": [change], "next": "c2"})).unwrap();
    let first = page.changes.first().unwrap();
    assert_eq!((first.group_id, &*first.cursor, first.change.version.get()), (GROUP, "c2", 2));
    assert_eq!(json!(first), change, "nothing is lost when it is written again");
}

#[test]
fn questions_about_memberships_are_answered_in_order() {
    let client = client();
    let checks = [
        Check { group_id: GROUP, user_id: ADA, role: None },
        Check { group_id: GROUP, user_id: ADA, role: Some(Role::Admin) },
    ];
    let asked = json!([{"group_id": GROUP, "user_id": ADA}, {"group_id": GROUP, "user_id": ADA, "role": "admin"}]);
    let call = client.admin().check(&checks, Some("c"));
    let path = "POST /v1/admin/check".to_owned();
    assert_eq!(sent(&call), (path, Some(json!({"checks": asked, "at_least": "c"}))));
    let results = json!([{"member": true, "role": "member", "version": 3}, {"member": false, "version": null}]);
    let checks: Checks = serde_json::from_value(json!({"results": results, "cursor": "c"})).unwrap();
    let versions: Vec<_> =
        checks.results.iter().map(|result| (result.member, result.version.map(|v| v.get()))).collect();
    assert_eq!(versions, [(true, Some(3)), (false, None)]);
}

#[test]
fn webhooks_are_created_changed_tested_and_replayed() {
    let client = client();
    let webhooks = client.admin().webhooks();
    let id = Uuid::from_u128(3);
    let path = format!("/v1/admin/webhooks/{id}");
    let new = NewWebhook::new("https://billing.example/hook");
    let body = json!({"url": "https://billing.example/hook"});
    assert_eq!(sent(&webhooks.create(new.clone())), ("POST /v1/admin/webhooks".to_owned(), Some(body)));
    let body = json!({"url": "https://billing.example/hook", "types": ["user.catch_up"], "description": "Phones"});
    assert_eq!(json!(new.types(["user.catch_up"]).description("Phones")), body);
    assert_eq!(sent(&webhooks.page(Page { limit: Some(2), after: None })).0, "GET /v1/admin/webhooks?limit=2");
    assert_eq!(sent(&webhooks.get(id)).0, format!("GET {path}"));
    assert_eq!(sent(&webhooks.delete(id)).0, format!("DELETE {path}"));
    assert_eq!(sent(&webhooks.test(id)).0, format!("POST {path}/test"));
    assert_eq!(sent(&webhooks.deliveries(id, Page::default())).0, format!("GET {path}/deliveries"));
    assert_eq!(sent(&webhooks.replay(id, "c")), (format!("POST {path}/replay"), Some(json!({"after": "c"}))));
    let changed = |settings| sent(&webhooks.update(id, settings)).1.unwrap();
    assert_eq!(changed(WebhookSettings::default()), json!({}));
    let settings = WebhookSettings { rotate_secret: true, types: Some(WebhookTypes::Changes), ..Default::default() };
    assert_eq!(changed(settings), json!({"rotate_secret": true, "types": null}));
    let settings = WebhookSettings { state: Some(WebhookState::Paused), ..Default::default() };
    assert_eq!(changed(settings), json!({"state": "paused"}));
}

#[test]
fn debug_output_does_not_show_the_secret_of_a_webhook() {
    let created: CreatedWebhook = serde_json::from_value(json!({"webhook_id": Uuid::nil(), "version": 1,
        "url": "https://a.example/", "description": "", "state": "active", "cursor": "c",
        "created_at": "2026-11-23T05:59:10.065Z", "updated_at": "2026-11-23T05:59:10.065Z", "secret": "whsec_x"}))
    .unwrap();
    assert_eq!(created.secret.as_deref(), Some("whsec_x"));
    assert!(!format!("{created:?}").contains("whsec_x"));
}
