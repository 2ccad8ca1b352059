//! The page where proxies block WebSockets, and then also streams.

use super::{Person, signs_in_without_page};
use crate::support::{Balancer, Browser, Server};

/// The path of the requests for events that the page has made: `fetch` only, a WebSocket is not listed.
const ASKED: &str = "performance.getEntriesByType('resource').some(({ name }) => name.includes('/v1/events'))";
const POLLED: &str = "performance.getEntriesByType('resource').some(({ name }) => /v1.events.*wait=/u.test(name))";

async fn creates_and_sees(browser: &Browser, proxy: &Balancer, server: &Server, transport: &str) {
    let address = format!("http://{}/", proxy.address());
    let ada = Person::signs_in(browser, &address, "Ada").await;
    let bob = Person::signs_in(browser, &address, "Bob").await;
    ada.creates("Project Team").await;
    ada.opens("Project Team").await;
    ada.adds(&["Bob"]).await;
    bob.sees("Project Team", 2, "member").await;
    let polled = bob.page.value(POLLED).await;
    assert_eq!(polled, transport == "polling", "{}", bob.page.value(ASKED).await);
    let program = signs_in_without_page(server, "Ada").await;
    program.creates("Second", &[&signs_in_without_page(server, "Bob").await]).await;
    bob.sees("Second", 2, "member").await;
    // The browser reports the refused requests as errors, which are expected here.
    bob.page.still_there().await;
}

#[tokio::test]
async fn the_page_uses_a_stream_where_upgrades_are_blocked() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let Some(proxy) = Balancer::nginx_without_upgrades(&[server.address()]).await else { return };
    creates_and_sees(&browser, &proxy, &server, "sse").await;
}

#[tokio::test]
async fn the_page_polls_where_streams_are_blocked_as_well() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let Some(proxy) = Balancer::nginx_without_streams(&[server.address()]).await else { return };
    creates_and_sees(&browser, &proxy, &server, "polling").await;
}
