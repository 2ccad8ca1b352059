//! The page that a link leads to.

use server::{Groups, Settings};

use crate::support::{Answer, Application, Http, SECRET, Server};

/// Checks the page at this path, and that its files are found from there.
async fn assert_page(http: &Http, prefix: &str) -> Answer {
    let answer = http.get(&format!("{prefix}/join/{}", "A".repeat(32))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("base-uri 'self'") && policy.contains("default-src 'none'"), "{policy}");
    let html = answer.text();
    // One level up, where the page at `/` is.
    let (before, after) = html.split_once("<base href=\"../\">").expect("a base");
    assert!(!before.contains("href="), "the base comes before every URL");
    let (_, script) = after.split_once("<script type=\"module\" src=\"").unwrap();
    let (script, _) = script.split_once('"').unwrap();
    assert_eq!(http.get(&format!("{prefix}/{script}")).await.status, 200, "{script}");
    answer
}

#[tokio::test]
async fn the_page_is_served_where_links_lead() {
    let server = Server::start().await;
    let page = assert_page(server.http(), "").await;
    assert!(!page.text().contains("data-development"));
    for path in ["/join", "/join/", "/join/a/b"] {
        assert_eq!(server.http().get(path).await.status, 404, "{path}");
    }
    server.http().call("POST", "/join/x").send().await.problem(405, "method_not_allowed");
    let page = assert_page(Server::in_development().await.http(), "").await;
    assert!(page.text().contains("data-development"));
}

#[tokio::test]
async fn the_page_works_below_a_prefix_and_is_absent_without_the_other_pages() {
    for page in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings {
            database_url: format!("sqlite://{}", directory.path().join("groups.db").display()),
            jwt_secret: Some(SECRET.into()),
            ..Settings::default()
        };
        let application = Application::start(Groups::builder(settings).prefix("/realtime").page(page)).await;
        if page {
            assert_page(&application.http, "/realtime").await;
        } else {
            assert_eq!(application.http.get("/realtime/join/x").await.status, 404);
        }
        application.stop().await;
    }
}
