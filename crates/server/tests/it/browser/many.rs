//! Large numbers of groups, events, and elements that are added and removed.

use futures_util::future::join_all;
use serde_json::json;

use super::{Person, signs_in_without_page, url};
use crate::support::{Browser, Page, Server};

/// Concurrent requests.
const AT_ONCE: usize = 100;

/// The memory of a page after garbage collection.
#[derive(Debug)]
struct Held {
    nodes: f64,
    listeners: f64,
    heap_bytes: f64,
}

impl Held {
    async fn by(page: &Page<'_>) -> Self {
        page.call("Performance.enable", json!({})).await;
        page.call("HeapProfiler.collectGarbage", json!({})).await;
        let metrics = page.call("Performance.getMetrics", json!({})).await;
        let metric = |name: &str| {
            let metrics = metrics["metrics"].as_array().expect("metrics");
            metrics.iter().find(|metric| metric["name"] == name).expect(name)["value"].as_f64().expect("a number")
        };
        Self { nodes: metric("Nodes"), listeners: metric("JSEventListeners"), heap_bytes: metric("JSHeapUsedSize") }
    }
}

#[tokio::test]
async fn only_visible_rows_of_five_thousand_groups_are_in_the_document() {
    const GROUPS: usize = 5_000;
    const ROWS_MAX: usize = 50;
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let ada = signs_in_without_page(&server, "Ada").await;
    for first in (0..GROUPS).step_by(AT_ONCE) {
        join_all((first..first + AT_ONCE).map(async |number| ada.creates(&format!("Group {number:04}"), &[]).await))
            .await;
    }

    let window = Person::signs_in(&browser, &url(&server), "Ada").await;
    window.page.sees("all are counted", "test.text('[part~=total]').includes('5,000')").await;
    let few = format!("test.all('[role=option]').length > 5 && test.all('[role=option]').length <= {ROWS_MAX}");
    window.page.sees("few rows", &few).await;
    // To the end and back with the keyboard.
    window.page.value("test.all('[role=listbox]')[0].focus()").await;
    let at = |position: usize| format!("test.shown('[role=option]').some((row) => row.ariaPosInSet === '{position}')");
    window.page.presses("End", 35).await;
    window.page.sees("the last one", &at(GROUPS)).await;
    window.page.sees("few rows", &few).await;
    window.page.presses("Home", 36).await;
    window.page.sees("the first one", &at(1)).await;
    // A change updates its row, and a search finds its group, among all of them.
    window.page.types("[part~=filter]", "group 0042").await;
    window.sees_groups(1).await;
    window.sees("Group 0042", 1, "owner").await;
    window.page.types("[part~=filter]", "").await;
    ada.creates("The newest", &[]).await;
    window.sees("The newest", 1, "owner").await;
    window.page.sees("few rows", &few).await;
    window.page.was_not_reloaded().await;
}

#[tokio::test]
async fn events_and_remounting_the_element_do_not_leak_memory() {
    const GROUPS: usize = 10;
    const TIMES: usize = 1_000;
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let (ada, bobs) = (signs_in_without_page(&server, "Ada").await, signs_in_without_page(&server, "Bob").await);
    let mut groups = Vec::new();
    for number in 0..GROUPS {
        groups.push(ada.creates(&format!("Group {number}"), &[&bobs]).await);
    }
    let bob = Person::signs_in(&browser, &url(&server), "Bob").await;
    bob.sees_groups(GROUPS).await;

    let much = async |round: usize| {
        for step in 0..TIMES / GROUPS {
            join_all(
                groups.iter().map(async |group| ada.renames(group, &format!("Round {round}.{step}")).await.group(200)),
            )
            .await;
        }
        let last = format!("Round {round}.{}", TIMES / GROUPS - 1);
        let shown = format!("test.text('[part~=name]').filter((name) => name === '{last}').length === {GROUPS}");
        bob.page.sees("the last name of each", &shown).await;
        let again = format!(
            "(async () => {{
               const sidebar = document.querySelector('groups-sidebar');
               const {{ parentNode: place, nextSibling: next }} = sidebar;
               for (let time = 0; time < {TIMES}; time += 1) {{
                 sidebar.remove();
                 if (time % 100 === 0) await new Promise(requestAnimationFrame);
                 place.insertBefore(sidebar, next);
               }}
               return sidebar.isConnected;
             }})()"
        );
        assert_eq!(bob.page.value(&again).await, true);
        bob.page.sees("it still lives", &shown).await;
    };
    // Objects that are created once and kept are created in the first round.
    much(1).await;
    let before = Held::by(&bob.page).await;
    much(2).await;
    let after = Held::by(&bob.page).await;
    assert!(after.nodes - before.nodes < 100.0, "{before:?} {after:?}");
    assert!(after.listeners - before.listeners < 10.0, "{before:?} {after:?}");
    assert!(after.heap_bytes - before.heap_bytes < 500_000.0, "{before:?} {after:?}");
    bob.is("live").await;
    bob.sees_groups(GROUPS).await;
    bob.page.was_not_reloaded().await;
}
