//! The operator view of the page, for a token with the scope `groups:admin`.
//!
//! With `GROUPS_TEST_PICTURES=FOLDER`, screenshots of it are written there.

use std::path::PathBuf;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::accessible::{axe, finds_nothing};
use super::url;
use crate::support::{Browser, Page, Server, User, new_id};

/// Signs in with the token of a user.
async fn signs_in_with_token(page: &Page<'_>, user: &User) {
    page.types("[data-testid=sign-in-token]", &user.token).await;
    page.clicks("[data-testid=sign-in-submit]").await;
    page.sees("the page of the user", "test.shown('[data-testid=me]').length === 1").await;
}

/// Writes screenshots in both color schemes, if they are asked for.
async fn pictures(page: &Page<'_>, name: &str) {
    let Some(folder) = std::env::var_os("GROUPS_TEST_PICTURES").map(PathBuf::from) else { return };
    for scheme in ["light", "dark"] {
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        page.call("Emulation.setEmulatedMedia", json!({"features": features})).await;
        let picture = STANDARD.decode(page.picture().await).expect("base64");
        std::fs::write(folder.join(format!("{name}-{scheme}.png")), picture).expect("the picture is written");
    }
}

async fn opens_operator_view(page: &Page<'_>) {
    page.clicks("[data-testid=operator-toggle]").await;
    page.sees("the operator view", "test.shown('[data-testid=operator]').length === 1").await;
}

async fn finds(page: &Page<'_>, kind: &str, query: &str) {
    page.value(&format!("document.querySelector('[data-testid=operator-kind]').value = {}", json!(kind))).await;
    page.types("[data-testid=operator-query]", query).await;
    page.clicks("button[data-testid=operator-find]").await;
}

async fn chooses(page: &Page<'_>, member: &User, role: &str) {
    let select = format!("[data-user-id=\"{}\"] [data-testid=operator-role]", member.id);
    let change = format!(
        "(() => {{ const select = document.querySelector({});
           select.value = {}; select.dispatchEvent(new Event('change', {{bubbles: true}})); }})()",
        json!(select),
        json!(role)
    );
    page.value(&change).await;
}

/// Submits the open dialog and waits until it has closed.
async fn submits(page: &Page<'_>) {
    page.clicks("dialog [data-testid=dialog-submit]").await;
    page.sees("the dialog closes", "test.all('dialog').length === 0").await;
}

async fn sees_member(page: &Page<'_>, member: &User, role: &str) {
    let row = format!("test.all('[data-testid=operator-member][data-user-id=\"{}\"][data-role={role}]')", member.id);
    page.sees(&format!("a member who is {role}"), &format!("{row}.length === 1")).await;
}

#[tokio::test]
async fn an_operator_finds_and_repairs_groups_and_people_on_the_page() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::start().await;
    let (operator, ada, bob) = (server.operator(), server.user(), server.user());
    for (user, name) in [(&ada, "Ada Lovelace"), (&bob, "Bob Andrews")] {
        let path = format!("/v1/admin/users/{}", user.id);
        operator.call("PUT", &path).json(&json!({"name": name})).send().await.ok(200);
    }
    let group = ada.creates("Project Team", &[&bob]).await;
    ada.creates("Private Choir", &[]).await;
    let page = browser.window(&url(&server)).await;
    signs_in_with_token(&page, &operator).await;
    opens_operator_view(&page).await;
    page.sees("the counts", "test.text('[data-testid=operator-stats]').some((text) => text.includes('Memberships'))")
        .await;
    page.sees("the focus", "document.activeElement.textContent === 'Operator view'").await;

    finds(&page, "groups", "proj").await;
    page.sees("one group", "test.text('[data-testid=operator-result]').length === 1").await;
    page.clicks_on("[data-testid=operator-result]", "Project Team").await;
    sees_member(&page, &ada, "owner").await;
    page.sees("the history", "test.text('[data-testid=operator-change]').length === 1").await;

    chooses(&page, &bob, "admin").await;
    sees_member(&page, &bob, "admin").await;
    chooses(&page, &bob, "owner").await;
    submits(&page).await;
    sees_member(&page, &bob, "owner").await;
    sees_member(&page, &ada, "admin").await;
    page.clicks(&format!("[data-user-id=\"{}\"] [data-testid=operator-remove]", ada.id)).await;
    submits(&page).await;
    page.sees("one member", "test.all('[data-testid=operator-member]').length === 1").await;
    page.clicks("[data-testid=operator-add]").await;
    page.types("[data-testid=operator-user-id]", "nobody").await;
    page.clicks("dialog [data-testid=dialog-submit]").await;
    page.sees("the problem", "test.text('[data-testid=dialog-problem]').some((text) => text.includes('UUID'))").await;
    page.types("[data-testid=operator-user-id]", &ada.id).await;
    submits(&page).await;
    sees_member(&page, &ada, "member").await;
    page.clicks("[data-testid=operator-edit]").await;
    page.types("dialog [data-testid=group-name]", "The Whole Team").await;
    submits(&page).await;
    page.sees("the new name", "test.text('[data-testid=operator-group] h2')[0] === 'The Whole Team'").await;
    assert_eq!(bob.sees(&group).await["name"], "The Whole Team");

    finds(&page, "people", "ada").await;
    page.clicks_on("[data-testid=operator-result]", "Ada Lovelace").await;
    page.sees("the person", "test.text('[data-testid=operator-user] h2')[0] === 'Ada Lovelace'").await;
    let mut socket = ada.connects().await;
    page.clicks("[data-testid=operator-disconnect]").await;
    assert_eq!(socket.goodbye().await.0, 4500);
    page.clicks("[data-testid=operator-leave]").await;
    page.types("[data-testid=operator-confirmation]", "leaf").await;
    page.clicks("dialog [data-testid=dialog-submit]").await;
    page.sees("the problem", "test.text('[data-testid=dialog-problem]').some((text) => text.includes('leave'))").await;
    page.types("[data-testid=operator-confirmation]", "leave").await;
    submits(&page).await;
    page.sees("the job is done", "test.shown('[data-testid=operator-job][data-state=done]').length === 1").await;
    assert_eq!(ada.lists().await, Vec::<serde_json::Value>::new());

    finds(&page, "subject", &bob.id).await;
    page.clicks_on("[data-testid=operator-user] [data-testid=operator-result]", "The Whole Team").await;
    page.clicks("[data-testid=operator-delete]").await;
    submits(&page).await;
    finds(&page, "group", &group).await;
    page.sees("the problem", "test.text('[data-testid=operator-problem]').some((text) => text.length > 10)").await;
    page.clicks("[data-testid=operator-toggle]").await;
    page.sees("the own groups", "test.shown('[data-testid=groups-sidebar]').length === 1").await;
}

#[tokio::test]
async fn an_operator_sees_and_ends_the_ways_into_a_group() {
    let Some(axe) = axe() else { return };
    let Some(browser) = Browser::start().await else { return };
    let server = Server::start().await;
    let [ada, asks, also_asks, invited, banned] = std::array::from_fn(|_| server.user());
    let group = ada.creates("Project Team", &[]).await;
    let path = |rest: &str| format!("/v1/groups/{group}{rest}");
    ada.patch(&path(""), json!({"join_policy": "request"})).await.ok(200);
    asks.post(&path("/join"), json!({"message": "I know Ada."})).await.ok(202);
    also_asks.post(&path("/join"), json!({})).await.ok(202);
    ada.post(&path("/invitations"), json!({"user_id": invited.id})).await.ok(201);
    ada.call("PUT", &path(&format!("/bans/{}", banned.id)))
        .json(&json!({"reason": "Advertising"}))
        .send()
        .await
        .ok(200);
    ada.post(&path("/links"), json!({"uses_max": 5})).await.ok(201);

    let page = browser.window(&url(&server)).await;
    page.value(&format!("{axe};undefined")).await;
    signs_in_with_token(&page, &server.operator()).await;
    opens_operator_view(&page).await;
    finds(&page, "group", &group).await;
    let count = |kind: &str, count: usize| format!("test.shown('[data-testid=operator-{kind}]').length === {count}");
    for (kind, rows) in [("request", 2), ("invitation", 1), ("ban", 1), ("link", 1)] {
        page.sees(kind, &count(kind, rows)).await;
    }
    page.sees("the message", "test.text('[data-testid=operator-request]')[0].includes('I know Ada.')").await;
    finds_nothing(&page, "the ways into a group").await;
    pictures(&page, "access").await;

    page.clicks(&format!("[data-user-id=\"{}\"] [data-testid=operator-approve]", asks.id)).await;
    sees_member(&page, &asks, "member").await;
    page.clicks("[data-testid=operator-decline]").await;
    page.sees("no request", &count("request", 0)).await;
    page.clicks("[data-testid=operator-withdraw]").await;
    page.sees("no invitation", &count("invitation", 0)).await;
    page.clicks("[data-testid=operator-unban]").await;
    page.sees("no ban", &count("ban", 0)).await;
    page.clicks("[data-testid=operator-revoke-links]").await;
    submits(&page).await;
    page.sees("no link", &count("link", 0)).await;
    page.sees("that there is nothing", "test.text('[data-testid=operator-access]')[0].includes('There are no')").await;
    page.clicks("[data-testid=operator-edit]").await;
    page.value("document.querySelector('[data-testid=operator-join-policy]').value = 'open'").await;
    submits(&page).await;
    page.sees("the policy", "test.text('[data-testid=operator-group]')[0].includes('join policy open')").await;
    assert_eq!(ada.sees(&group).await["join_policy"], "open");
}

#[tokio::test]
async fn an_operator_creates_tests_pauses_and_deletes_a_webhook() {
    let Some(axe) = axe() else { return };
    let Some(browser) = Browser::start().await else { return };
    let server = Server::start().await;
    let page = browser.window(&url(&server)).await;
    page.value(&format!("{axe};undefined")).await;
    signs_in_with_token(&page, &server.operator()).await;
    opens_operator_view(&page).await;
    page.clicks("[data-testid=operator-open-webhooks]").await;
    page.sees(
        "an empty list",
        "test.text('[data-testid=operator-webhooks]').some((text) => text.includes('There are no webhooks'))",
    )
    .await;

    page.clicks("[data-testid=operator-new-webhook]").await;
    page.types("[data-testid=webhook-url]", "https://receiver.invalid/hook").await;
    page.types("[data-testid=webhook-types]", "group.nothing").await;
    page.clicks("dialog [data-testid=dialog-submit]").await;
    page.sees("the problem", "test.text('[data-testid=dialog-problem]').some((text) => text.length > 10)").await;
    page.types("[data-testid=webhook-types]", "group.member_added, group.member_left").await;
    page.types("[data-testid=webhook-description]", "Billing").await;
    page.clicks("[data-testid=operator-webhook-dialog] [data-testid=dialog-submit]").await;
    let secret = "test.all('[data-testid=webhook-secret]')[0]?.value ?? ''";
    page.sees("the secret", &format!("({secret}).startsWith('whsec_')")).await;
    let first = page.value(secret).await;
    finds_nothing(&page, "the secret of a webhook").await;
    pictures(&page, "webhook-secret").await;
    submits(&page).await;

    let has_state =
        |state: &str| format!("test.shown('[data-testid=operator-webhook][data-state={state}]').length === 1");
    page.sees("the webhook", &has_state("active")).await;
    page.clicks("[data-testid=operator-webhook-test]").await;
    page.sees(
        "the result",
        "test.text('[data-testid=operator-test-result]').some((text) => text.startsWith('Not delivered'))",
    )
    .await;
    finds_nothing(&page, "a webhook").await;
    pictures(&page, "webhook").await;
    page.clicks("[data-testid=operator-webhook-pause]").await;
    page.sees("that it is paused", &has_state("paused")).await;
    page.sees(
        "why",
        "test.text('[data-testid=operator-webhook]').some((text) => text.includes('paused: by an operator'))",
    )
    .await;
    page.clicks("[data-testid=operator-webhook-pause]").await;
    page.sees("that it is active", &has_state("active")).await;
    page.clicks("[data-testid=operator-webhook-edit]").await;
    page.types("[data-testid=webhook-description]", "Invoices").await;
    submits(&page).await;
    page.sees("the new text", "test.text('[data-testid=operator-webhook] h2').some((text) => text === 'Invoices')")
        .await;
    page.clicks("[data-testid=operator-webhook-replay]").await;
    page.types("[data-testid=webhook-after]", "nonsense").await;
    page.clicks("dialog [data-testid=dialog-submit]").await;
    page.sees("the problem", "test.text('[data-testid=dialog-problem]').some((text) => text.length > 10)").await;
    page.clicks("dialog [data-testid=dialog-cancel]").await;
    page.sees("the dialog closes", "test.all('dialog').length === 0").await;
    page.clicks("[data-testid=operator-webhook-rotate]").await;
    page.clicks("[data-testid=operator-rotate-dialog] [data-testid=dialog-submit]").await;
    page.sees("the new secret", &format!("({secret}).startsWith('whsec_')")).await;
    assert_ne!(page.value(secret).await, first);
    submits(&page).await;

    page.clicks("[data-testid=operator-open-webhooks]").await;
    page.clicks("[data-testid=operator-webhook-row]").await;
    page.sees("the webhook", &has_state("active")).await;
    page.call(
        "Emulation.setDeviceMetricsOverride",
        json!({"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": false}),
    )
    .await;
    page.sees("no scrolling to the side", "document.documentElement.scrollWidth <= innerWidth").await;
    finds_nothing(&page, "a webhook on a narrow screen").await;
    page.value("document.querySelector('[data-testid=operator-webhook]').scrollIntoView()").await;
    pictures(&page, "webhook-390").await;
    page.clicks("[data-testid=operator-webhook-delete]").await;
    submits(&page).await;
    page.sees(
        "an empty list",
        "test.text('[data-testid=operator-webhooks]').some((text) => text.includes('There are no webhooks'))",
    )
    .await;
}

#[tokio::test]
async fn the_operator_view_is_loaded_only_when_an_operator_opens_it() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::start().await;
    let loaded = "performance.getEntriesByType('resource').filter(({name}) => name.includes('operator')).length";
    let page = browser.window(&url(&server)).await;
    signs_in_with_token(&page, &server.user()).await;
    assert_eq!(page.value("test.all('[data-testid=operator-toggle]').length").await, 0);
    let page = browser.window(&url(&server)).await;
    signs_in_with_token(&page, &server.operator()).await;
    assert_eq!(page.value(loaded).await, 0);
    opens_operator_view(&page).await;
    assert!(page.value(loaded).await.as_u64() > Some(3));
}

#[tokio::test]
async fn axe_finds_no_violation_in_the_operator_view_light_and_dark() {
    let Some(axe) = axe() else { return };
    let Some(browser) = Browser::start().await else { return };
    let server = Server::start().await;
    let (operator, ada) = (server.operator(), server.user_named("Ada"));
    let members: Vec<_> = (0..60).map(|_| json!({"user_id": new_id()})).collect();
    let body = json!({"owner_id": ada.id, "name": "Project Team", "description": "We plan.", "members": members});
    operator.post("/v1/admin/groups", body).await.ok(201);
    let page = browser.window(&url(&server)).await;
    page.value(&format!("{axe};undefined")).await;
    signs_in_with_token(&page, &operator).await;
    opens_operator_view(&page).await;
    finds(&page, "groups", "").await;
    page.clicks_on("[data-testid=operator-result]", "Project Team").await;
    page.sees("a page of members", "test.all('[data-testid=operator-member]').length === 50").await;
    finds_nothing(&page, "a group in the operator view").await;
    pictures(&page, "group").await;
    page.clicks("[data-testid=operator-more]").await;
    page.sees("all members", "test.all('[data-testid=operator-member]').length === 61").await;
    finds(&page, "user", &ada.id).await;
    page.clicks("[data-testid=operator-erase]").await;
    page.types("[data-testid=operator-confirmation]", "erase").await;
    finds_nothing(&page, "erasing a person").await;
    submits(&page).await;
    page.sees("the job is done", "test.shown('[data-testid=operator-job][data-state=done]').length === 1").await;
    finds_nothing(&page, "a job that is done").await;
    pictures(&page, "job").await;
}

#[tokio::test]
async fn the_page_offers_sign_in_by_name_only_in_development_mode() {
    let Some(browser) = Browser::start().await else { return };
    let production = Server::start().await;
    let page = browser.window(&url(&production)).await;
    page.sees("a field for the token", "test.shown('[data-testid=sign-in-token]').length === 1").await;
    let offers = "test.all('[data-testid=sign-in-name], [data-testid=sign-in-other]').length";
    assert_eq!(page.value(offers).await, 0);
    page.types("[data-testid=sign-in-token]", "nonsense").await;
    page.clicks("[data-testid=sign-in-submit]").await;
    page.sees("the problem", "test.text('[data-testid=sign-in-problem]').some((text) => text.includes('token'))").await;

    let development = Server::in_development().await;
    let page = browser.window(&url(&development)).await;
    page.sees("a field for the name", "test.shown('[data-testid=sign-in-name]').length === 1").await;
    page.clicks("[data-testid=sign-in-other]").await;
    page.sees("a field for the token", "test.shown('[data-testid=sign-in-token]').length === 1").await;
}
