//! axe-core finds no problems in the main states of the page, light and dark.
//!
//! `GROUPS_TEST_NODE_MODULES` is a `node_modules` directory with `axe-core`.

use std::path::PathBuf;

use serde_json::json;

use super::{Person, signs_in_without_page, url};
use crate::support::{Browser, Page, Server, skipped};

/// The axe-core script, if it is installed.
pub(super) fn axe() -> Option<String> {
    let modules = std::env::var_os("GROUPS_TEST_NODE_MODULES").map(PathBuf::from);
    let script = modules.and_then(|modules| std::fs::read_to_string(modules.join("axe-core/axe.min.js")).ok());
    script.or_else(|| skipped("axe-core"))
}

/// Checks both color schemes once animations have ended, because contrast cannot be judged while
/// elements are translucent.
pub(super) async fn finds_nothing(page: &Page<'_>, state: &str) {
    // Only contrast depends on the color scheme.
    for (scheme, options) in [("light", json!({})), ("dark", json!({"runOnly": ["color-contrast"]}))] {
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        page.call("Emulation.setEmulatedMedia", json!({"features": features})).await;
        let run = "Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})))
               .then(() => axe.run(document, { resultTypes: ['violations'], ...OPTIONS }))
               .then(({ violations, passes }) => ({
                 violations: violations.map(({ id, nodes }) =>
                   [id, nodes.map(({ html, any }) => [html, any.map(({ message }) => message)])]),
                 passes: passes.length,
               }))";
        let found = page.value(&run.replace("OPTIONS", &options.to_string())).await;
        assert_eq!(found["violations"], json!([]), "{state}, {scheme}");
        assert!(found["passes"].as_u64() > Some(0), "{state}, {scheme}: no element was checked");
    }
}

#[tokio::test]
async fn axe_finds_no_violation_in_the_main_states_light_and_dark() {
    let Some(axe) = axe() else { return };
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let (bob, eve) = (signs_in_without_page(&server, "Bob").await, signs_in_without_page(&server, "Eve").await);

    let page = browser.window(&url(&server)).await;
    page.value(&format!("{axe};undefined")).await;
    page.sees("the sign-in form", "test.shown('[data-testid=sign-in]').length === 1").await;
    finds_nothing(&page, "signing in").await;
    let ada = Person::signs_in_on(page, "Ada").await;
    finds_nothing(&ada.page, "an empty list").await;

    ada.creates("Choir").await;
    ada.page.clicks("[data-testid=inspector-toggle]").await;
    ada.creates("Project Team").await;
    ada.opens("Project Team").await;
    ada.adds(&["Bob", "Eve"]).await;
    ada.page.sees("three members", "test.text('[data-testid=member]').length === 3").await;
    finds_nothing(&ada.page, "an open group, and the inspector").await;
    ada.page.clicks("[data-testid=inspector-toggle]").await;

    for (button, dialog) in [("new-group", "create"), ("add-members", "add"), ("delete", "delete")] {
        ada.page.clicks(&format!("[data-testid={button}]")).await;
        ada.page.sees(dialog, &format!("test.shown('[data-testid={dialog}-dialog]').length === 1")).await;
        finds_nothing(&ada.page, dialog).await;
        ada.page.clicks(&format!("[data-testid={dialog}-dialog] [data-testid=dialog-cancel]")).await;
        ada.page.sees("it closes", &format!("test.all('[data-testid={dialog}-dialog]').length === 0")).await;
    }
    ada.describes(&"We plan the product, week by week. ".repeat(28)).await;
    ada.page.sees("it is scrolled", "test.all('.description').some((text) => text.tabIndex === 0)").await;
    finds_nothing(&ada.page, "a long description").await;

    // Events about the user: a new group in the list with its toast, and the open group deleted.
    bob.creates("From Bob", &[&signs_in_without_page(&server, "Ada").await, &eve]).await;
    ada.sees("From Bob", 3, "member").await;
    signs_in_without_page(&server, "Ada").await.deletes(&ada.open_group().await).await.no_content();
    ada.page.sees("it is gone", "test.shown('[data-testid=gone]').length === 1").await;
    finds_nothing(&ada.page, "the open group is gone").await;
}

#[tokio::test]
async fn the_page_of_the_interface_shows_every_operation_and_message_and_axe_finds_no_violation() {
    let Some(axe) = axe() else { return };
    let Some(browser) = Browser::start().await else { return };
    let server = Server::start().await;
    let page = browser.window(&format!("{}docs#changeRole", url(&server))).await;
    page.value(&format!("{axe};undefined")).await;
    page.sees("the documents", "test.all('[data-testid=docs][data-state=ready]').length === 1").await;
    page.sees("the operation in the URL is open", "test.all('#changeRole[open] table').length === 2").await;
    let operations = page.value("test.all('summary .method').length").await;
    let document = server.http().get("/openapi.json").await.ok(200);
    let documented: usize =
        document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(operations, json!(documented));
    let messages =
        page.value("test.all('[id^=message-]').map((entry) => entry.id.slice('message-'.length)).sort()").await;
    let document = server.http().get("/asyncapi.json").await.ok(200);
    let documented: Vec<_> = document["components"]["messages"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(messages, json!(documented));
    finds_nothing(&page, "the list of operations").await;

    page.value("test.all('details').forEach((entry) => { entry.open = true; })").await;
    let all_open = "test.all('details').every((entry) => entry.open && entry.childElementCount === 2)";
    page.sees("everything is open", all_open).await;
    let broken = "test.all('a[href^=\"#\"]').filter(({ hash }) => !document.getElementById(hash.slice(1))).map(String)";
    assert_eq!(page.value(broken).await, json!([]));
    // Checking all of them would take minutes.
    let some = "['changeRole', 'addMembers', 'adminCheck', 'openWebSocket', 'message-GroupUpdated', 'message-ClientTyping', \
        'http-schema-ChangeRecord', 'http-schema-NewMembers', 'http-schema-Uuid', 'socket-schema-MessageErrorCode']";
    page.value(&format!("test.all('details').forEach((entry) => {{ entry.open = {some}.includes(entry.id); }})")).await;
    page.sees("some are open", &format!("test.all('details[open]').length === {some}.length")).await;
    finds_nothing(&page, "some entries are open").await;

    let types = "const filter = test.all('[data-testid=docs-filter]')[0];
        filter.value = 'patch member'; filter.dispatchEvent(new Event('input')); undefined";
    page.value(&format!("{{ {types} }}")).await;
    page.sees("the count", "test.text('[data-testid=docs-count]')[0] === '2 entries'").await;
    finds_nothing(&page, "a filter").await;
}
