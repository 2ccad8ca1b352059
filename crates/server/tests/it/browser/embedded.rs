//! The sidebar in a third-party page at another origin, built only from what its README shows.

use std::{net::SocketAddr, path::Path};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{Page, shows_state};
use crate::support::{Browser, Server};

/// A third-party server: one page, and tokens for it.
pub(super) struct Site {
    listener: TcpListener,
    address: SocketAddr,
}

impl Site {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        Self { listener, address }
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves the page until the test ends.
    pub(super) fn serves(self, page: String, token: String) {
        tokio::spawn(async move {
            while let Ok((stream, _)) = self.listener.accept().await {
                tokio::spawn(answer(stream, page.clone(), token.clone()));
            }
        });
    }
}

/// One request per connection.
async fn answer(stream: TcpStream, page: String, token: String) {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        if stream.read_line(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let (status, kind, body) = match request.split_whitespace().nth(1) {
        Some("/") => ("200 OK", "text/html; charset=utf-8", page),
        Some("/my/groups-token") => ("200 OK", "text/plain", token),
        _ => ("204 No Content", "text/plain", String::new()),
    };
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    // The browser may have disconnected.
    stream.write_all(answer.as_bytes()).await.ok();
}

/// The first page in the README that has this element, with the server's own address.
pub(super) fn readme(server: &Server, element: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../groups-web/README.md");
    let readme = std::fs::read_to_string(path).expect("the README");
    let snippets = readme.split("```html\n").skip(1).map(|rest| rest.split("```").next().expect("its end"));
    let snippet = snippets.into_iter().find(|snippet| snippet.contains(element)).expect("a snippet");
    assert!(snippet.contains("https://groups.example/") && snippet.contains("/my/groups-token"));
    snippet.replace("https://groups.example/", &format!("http://{}/", server.address()))
}

async fn sees_row(page: &Page<'_>, name: &str) {
    let shown = format!("test.text('[part~=name]').includes('{name}')");
    page.sees(name, &shown).await;
}

#[tokio::test]
async fn the_snippet_in_the_readme_gives_a_live_sidebar_in_a_page_of_another_origin() {
    let Some(browser) = Browser::start().await else { return };
    let site = Site::new().await;
    let server = Server::with(&[("GROUPS_ALLOWED_ORIGINS", &site.origin())]).await;
    let (ada, bob) = (server.user_named("Ada"), server.user_named("Bob"));
    ada.creates("Before", &[&bob]).await;
    let url = format!("{}/", site.origin());
    site.serves(readme(&server, "<groups-sidebar"), bob.token.clone());

    let page = browser.window(&url).await;
    page.marks().await;
    page.sees("it is live", &shows_state("live")).await;
    sees_row(&page, "Before").await;
    let group = ada.creates("Project Team", &[&bob]).await;
    sees_row(&page, "Project Team").await;
    let told = "test.all('groups-sidebar >>> [aria-live=polite]').some(({ textContent }) => textContent === 'Ada added you to Project Team')";
    page.sees("screen readers are told who did it", told).await;
    page.value("document.addEventListener('group-selected', ({ detail }) => (globalThis.selected = detail.group_id))")
        .await;
    page.clicks_on("[role=option]", "Project Team").await;
    page.sees("the page receives the event", &format!("globalThis.selected === '{group}'")).await;
    // The calls work in that page as well.
    let created = "document.querySelector('groups-sidebar').client.createGroup({ name: 'From afar' }).then(({ version }) => version)";
    assert_eq!(page.value(created).await, 1);
    sees_row(&page, "From afar").await;
    page.was_not_reloaded().await;
}

#[tokio::test]
async fn a_page_of_an_origin_that_is_not_allowed_gets_no_data_and_shows_that_it_is_not_connected() {
    let Some(browser) = Browser::start().await else { return };
    let site = Site::new().await;
    let server = Server::start().await;
    let bob = server.user_named("Bob");
    bob.creates("Secret", &[]).await;
    let url = format!("{}/", site.origin());
    site.serves(readme(&server, "<groups-sidebar"), bob.token.clone());

    let page = browser.window(&url).await;
    page.sees("there is a way to try again", "test.shown('[part~=retry]').length === 1").await;
    let text = "test.all('groups-sidebar')[0].shadowRoot.textContent";
    assert_eq!(page.value(&format!("{text}.includes('Secret')")).await, false);
}

#[tokio::test]
async fn styles_of_the_host_page_do_not_change_the_sidebar() {
    const GROUPS: usize = 60;
    let Some(browser) = Browser::start().await else { return };
    let site = Site::new().await;
    let server = Server::with(&[("GROUPS_ALLOWED_ORIGINS", &site.origin())]).await;
    let bob = server.user_named("Bob");
    for number in 0..GROUPS {
        bob.creates(&format!("Group {number}"), &[]).await;
    }
    let url = format!("{}/", site.origin());
    let style = "<style>html { font-size: 62.5%; } body { text-transform: uppercase; text-align: center; }</style>";
    let snippet = readme(&server, "<groups-sidebar").replacen(" style=\"height: 32rem; width: 20rem\"", "", 1);
    assert!(!snippet.contains("32rem"));
    site.serves(format!("<!doctype html>{style}{snippet}"), bob.token.clone());

    let page = browser.window(&url).await;
    page.sees("all are counted", &format!("test.text('[part~=total]').includes('{GROUPS}')")).await;
    page.sees("only those in sight", "test.all('[role=option]').length > 5 && test.all('[role=option]').length < 40")
        .await;
    let shown = "(() => { const style = (part) => getComputedStyle(test.all(`[part~=${part}]`)[0]);
        return [style('name').fontSize, style('name').textTransform, style('avatar').width]; })()";
    assert_eq!(page.value(shown).await, serde_json::json!(["15px", "none", "36px"]));
    let height = page.value("document.querySelector('groups-sidebar').offsetHeight <= innerHeight").await;
    assert_eq!(height, true);
}
