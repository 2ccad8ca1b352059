//! axe-core finds no problems in the main states of the page, light and dark.
//!
//! `GROUPS_TEST_NODE_MODULES` is a `node_modules` directory with `axe-core`.

use std::path::PathBuf;

use serde_json::json;

use super::{Person, signs_in_without_page, url};
use crate::support::{Browser, Page, Server, skipped};

/// The axe-core script, if it is installed.
fn axe() -> Option<String> {
    let modules = std::env::var_os("GROUPS_TEST_NODE_MODULES").map(PathBuf::from);
    let script = modules.and_then(|modules| std::fs::read_to_string(modules.join("axe-core/axe.min.js")).ok());
    script.or_else(|| skipped("axe-core"))
}

/// Checks both color schemes once animations have ended, because contrast cannot be judged while
/// elements are translucent.
async fn finds_nothing(page: &Page<'_>, state: &str) {
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
