//! Several tabs of one user, removal from the open group, and a network that fails and recovers.

use serde_json::json;

use super::{Person, shows_state, signs_in_without_page, url};
use crate::support::{Browser, Line, Server, within};

/// Waits until the server has this many WebSocket connections.
async fn has_connections(server: &Server, count: u64) {
    let look = async {
        while server.http().get("/readyz").await.ok(200)["connections"] != count {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    within(&format!("{count} connections"), look).await;
}

#[tokio::test]
async fn two_tabs_share_one_socket_and_stay_correct_when_its_owner_is_closed() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let first = Person::signs_in(&browser, &url(&server), "Bob").await;
    let second = Person::signs_in_on(first.page.second_window(&url(&server)).await, "Bob").await;
    has_connections(&server, 1).await;
    let (ada, bob) = (signs_in_without_page(&server, "Ada").await, signs_in_without_page(&server, "Bob").await);
    let group = ada.creates("Project Team", &[&bob]).await;
    for tab in [&first, &second] {
        tab.sees("Project Team", 2, "member").await;
    }

    first.page.closes().await;
    ada.renames(&group, "While the socket moves").await.group(200);
    second.sees("While the socket moves", 2, "member").await;
    second.is("live").await;
    has_connections(&server, 1).await;
    ada.makes(&group, &bob, "admin").await.ok(200);
    second.sees("While the socket moves", 2, "admin").await;
    second.page.was_not_reloaded().await;
}

#[tokio::test]
async fn a_tab_paused_at_a_breakpoint_does_not_stop_other_tabs() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let first = Person::signs_in(&browser, &url(&server), "Bob").await;
    let second = Person::signs_in_on(first.page.second_window(&url(&server)).await, "Bob").await;
    has_connections(&server, 1).await;
    let (ada, bob) = (signs_in_without_page(&server, "Ada").await, signs_in_without_page(&server, "Bob").await);

    // The first tab has the socket. It is paused at its next line of code, but keeps the socket and
    // the lock.
    first.page.call("Debugger.enable", json!({})).await;
    first.page.call("Debugger.pause", json!({})).await;
    ada.creates("Nobody has told me", &[&bob]).await;
    second.sees("Nobody has told me", 2, "member").await;
    second.is("live").await;
    second.page.was_not_reloaded().await;

    first.page.call("Debugger.resume", json!({})).await;
    first.page.call("Debugger.disable", json!({})).await;
    first.sees("Nobody has told me", 2, "member").await;
    first.is("live").await;
    has_connections(&server, 1).await;
}

#[tokio::test]
async fn a_member_removed_while_viewing_the_group_is_notified_and_leaves_the_view() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let (ada, bobs) = (signs_in_without_page(&server, "Ada").await, signs_in_without_page(&server, "Bob").await);
    let group = ada.creates("Project Team", &[&bobs]).await;
    let other = ada.creates("Another one", &[&bobs]).await;
    let bob = Person::signs_in(&browser, &url(&server), "Bob").await;
    bob.opens("Project Team").await;

    ada.removes(&group, &bobs).await.no_content();
    bob.does_not_see("Project Team").await;
    let told = "test.text('[data-testid=gone]').includes('Ada removed you from Project Team.')";
    bob.page.sees("Bob is told", told).await;
    bob.page.sees("nothing of it is left", "test.all('[data-testid=group]').length === 0").await;
    bob.page.sees("it is reported once", "test.all('[data-testid=toast]').length === 0").await;

    // The same when the group is deleted, and for an open dialog.
    bob.opens("Another one").await;
    ada.deletes(&other).await.no_content();
    bob.page.sees("Bob is told", "test.text('[data-testid=gone]').includes('Ada deleted Another one.')").await;
    bob.sees_groups(0).await;
    bob.page.was_not_reloaded().await;
}

#[tokio::test]
async fn the_page_shows_that_it_is_offline_and_reconnects_immediately_when_online() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let line = Line::to(server.address()).await;
    let bob = Person::signs_in(&browser, &format!("http://{}/", line.address()), "Bob").await;
    let (ada, bobs) = (signs_in_without_page(&server, "Ada").await, signs_in_without_page(&server, "Bob").await);
    bob.page.call("Network.enable", json!({})).await;
    let network =
        |offline: bool| json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});

    bob.page.call("Network.emulateNetworkConditions", network(true)).await;
    line.cut();
    bob.page.sees("Bob is offline", &shows_state("offline")).await;
    ada.creates("While he was offline", &[&bobs]).await;
    // However long the reconnect delay has become, it ends when the browser reports that the
    // network is back.
    line.mend();
    bob.page.call("Network.emulateNetworkConditions", network(false)).await;
    bob.sees("While he was offline", 2, "member").await;
    bob.is("live").await;
    bob.page.still_there().await;
}
