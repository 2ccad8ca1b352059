//! The page in a restricted browser: no storage, a small screen, no mouse.

use serde_json::json;

use super::{Person, signs_in_without_page, url};
use crate::support::{Browser, Server};

#[tokio::test]
async fn the_page_works_in_a_browser_without_storage() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let page = browser.window(&url(&server)).await;
    let refused = "for (const area of ['localStorage', 'sessionStorage']) {
        Object.defineProperty(window, area, { get() { throw new DOMException('refused', 'SecurityError'); } });
    }";
    page.call("Page.addScriptToEvaluateOnNewDocument", json!({"source": refused})).await;
    page.goes_to(&url(&server)).await;
    let ada = Person::signs_in_on(page, "Ada").await;
    ada.page.clicks("[data-testid=theme]").await;
    ada.creates("Project Team").await;
    ada.sees("Project Team", 1, "owner").await;
    ada.page.was_not_reloaded().await;
}

#[tokio::test]
async fn everything_can_be_reached_in_a_zoomed_page() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let ada = Person::signs_in(&browser, &url(&server), "Ada").await;
    // The equivalent of 1100 by 720 at 200 % zoom.
    let size = json!({"width": 550, "height": 360, "deviceScaleFactor": 1, "mobile": false});
    ada.page.call("Emulation.setDeviceMetricsOverride", size).await;
    let reached = |selector: &str| {
        format!(
            "(() => {{ const [element] = test.all('{selector}'); element.scrollIntoView();
               const box = element.getBoundingClientRect();
               const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
               return box.top >= 0 && box.bottom <= innerHeight && element.contains(top); }})()"
        )
    };
    ada.page.clicks("[data-testid=new-group]").await;
    ada.page.types("[data-testid=group-name]", &"W".repeat(100)).await;
    ada.page.sees("the last button of the dialog", &reached("[data-testid=dialog-submit]")).await;
    ada.page.clicks("[data-testid=dialog-submit]").await;
    ada.page.sees("it is open", "test.shown('[data-testid=group]').length === 1").await;
    ada.describes(&"A long description. ".repeat(50)).await;
    ada.page.sees("its member", &reached("[data-testid=member] .name")).await;
    ada.page.sees("the line to type in", &reached("[data-testid=typing-input]")).await;
}

#[tokio::test]
async fn keyboard_focus_is_never_lost() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let (ada, bobs) = (signs_in_without_page(&server, "Ada").await, signs_in_without_page(&server, "Bob").await);
    for name in ["First", "Second"] {
        bobs.creates(name, &[]).await;
    }
    let taken = ada.creates("Third", &[&bobs]).await;
    let bob = Person::signs_in(&browser, &url(&server), "Bob").await;
    bob.sees_groups(3).await;
    let focus = |what: &str| format!("document.activeElement.matches('{what}')");

    // Deleted by himself in a dialog.
    bob.page.value("document.querySelector('groups-sidebar').focus()").await;
    bob.page.sees("the list", "test.all('[role=listbox]')[0].matches(':focus')").await;
    bob.page.presses("s", 83).await;
    bob.page.presses("Enter", 13).await;
    bob.page.sees("it is open", "test.text('[data-testid=group-title]').includes('Second')").await;
    let works =
        |what: &str| format!("(() => {{ const [it] = test.all('[data-testid={what}]'); it.focus(); it.click(); }})()");
    bob.page.value(&works("delete")).await;
    bob.page.sees("it is asked", &focus("[data-testid=dialog-cancel]")).await;
    bob.page.value(&works("dialog-submit")).await;
    bob.page.sees("a place", &focus("#main h1")).await;

    // Removed by others while he types.
    bob.opens("Third").await;
    bob.page.types("[data-testid=typing-input]", "hello").await;
    ada.removes(&taken, &bobs).await.no_content();
    bob.page.sees("a place", &focus("#main h1")).await;
    bob.sees_groups(1).await;

    // On a narrow screen the focus moves to the list, because the open group is no longer visible.
    let narrow = json!({"width": 360, "height": 700, "deviceScaleFactor": 1, "mobile": false});
    bob.page.call("Emulation.setDeviceMetricsOverride", narrow).await;
    bob.opens("First").await;
    bob.page.types("[data-testid=typing-input]", "hello").await;
    let first = bob.open_group().await;
    bobs.deletes(&first).await.no_content();
    bob.sees_groups(0).await;
    bob.page.sees("a place", &focus("groups-sidebar")).await;
    bob.page.was_not_reloaded().await;
}
