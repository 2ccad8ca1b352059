//! The pictures in the README, taken of the current page. `UPDATE_SCREENSHOTS=1` (`just
//! screenshots`) writes them to `docs/images`.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{Person, signs_in_without_page, url};
use crate::support::{Browser, Page, Server, User};

/// Every reader of the README loads the pictures. The random colours of a run change their size by up to a tenth.
const PICTURE_BYTES_MAX: u64 = 180_000;
/// Each PNG begins with this, and then says its size (<https://www.w3.org/TR/png-3/>).
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images")
}

/// Sets the color scheme and the window size, and disables animations.
async fn looks(page: &Page<'_>, scheme: &str, (width, height): (u32, u32)) {
    let features = json!([
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]);
    page.call("Emulation.setEmulatedMedia", json!({"features": features})).await;
    let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
    page.call("Emulation.setDeviceMetricsOverride", metrics).await;
    page.value("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))))").await;
}

async fn takes(page: &Page<'_>, name: &str, size: (u32, u32)) {
    let picture = STANDARD.decode(page.picture().await).expect("base64");
    assert!(picture.starts_with(PNG), "{name}");
    let edge = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().expect("four bytes"));
    assert_eq!((edge(16), edge(20)), size, "{name}");
    assert!(picture.len() > 20_000, "{name} is almost empty");
    if std::env::var_os("UPDATE_SCREENSHOTS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(folder()).expect("docs/images");
        std::fs::write(folder().join(name), picture).expect("the picture is written");
    }
}

/// Several pictures side by side, each with a caption.
async fn beside_each_other(browser: &Browser, pictures: &[(&str, String)], name: &str, size: (u32, u32)) {
    let page = browser.window("data:text/html,<meta charset=utf-8><body>").await;
    looks(&page, "light", size).await;
    let pictures: Vec<_> = pictures.iter().map(|(caption, data)| json!({"caption": caption, "data": data})).collect();
    let shown = page
        .value(&format!(
            "Promise.all({}.map(({{ caption, data }}) => {{
               const figure = document.body.appendChild(document.createElement('figure'));
               const image = figure.appendChild(new Image());
               figure.appendChild(document.createElement('figcaption')).textContent = caption;
               image.src = 'data:image/png;base64,' + data;
               return image.decode();
             }})).then(() => {{
               const style = document.head.appendChild(document.createElement('style'));
               style.textContent = `
                 body {{ margin: 0; height: 100vh; display: flex; justify-content: center; align-items: center; gap: 28px; background: #eef1f5; }}
                 figure {{ margin: 0; }}
                 img {{ display: block; border-radius: 10px; box-shadow: 0 1px 2px #0002, 0 8px 24px #1232; }}
                 figcaption {{ margin-top: 14px; text-align: center; font: 15px system-ui, sans-serif; color: #5a6372; }}`;
               return true;
             }})",
            json!(pictures)
        ))
        .await;
    assert_eq!(shown, true);
    takes(&page, name, size).await;
}

/// A few users with a few groups.
async fn town(server: &Server) -> (User, User) {
    let mut people = Vec::new();
    for name in ["Ada", "Bob", "Eve", "Grace", "Linus", "Margaret", "Barbara", "Ken"] {
        people.push(signs_in_without_page(server, name).await);
    }
    let [ada, bob, eve, grace, linus, margaret, barbara, ken] = &people[..] else { panic!("eight people") };
    grace.creates("Compiler Reading Circle", &[ada, linus, barbara]).await;
    ada.creates("Choir on Thursdays", &[eve, margaret]).await;
    margaret
        .creates_with("Moon Landing", &[(ada, "admin"), (ken, "member"), (grace, "member"), (linus, "member")])
        .await;
    bob.creates_with("Bicycle Repair", &[(eve, "admin"), (ken, "member")]).await;
    ada.creates("Summer Party", &[grace, ken, barbara, linus, eve]).await;
    barbara.creates("Abstract Data Types", &[ada]).await;
    ada.creates_with("Project Team", &[(grace, "admin"), (linus, "member"), (margaret, "member")]).await;
    (ada.clone(), bob.clone())
}

#[tokio::test]
async fn the_pictures_in_the_readme_match_the_page() {
    const WHOLE: (u32, u32) = (1200, 720);
    const LOWER: (u32, u32) = (1120, 600);
    const HALF: (u32, u32) = (820, 520);
    const BOTH: (u32, u32) = (1740, 650);
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    town(&server).await;

    let ada = Person::signs_in(&browser, &url(&server), "Ada").await;
    looks(&ada.page, "light", WHOLE).await;
    ada.opens("Project Team").await;
    ada.page.sees("the members", "test.text('[data-testid=member]').length === 4").await;
    takes(&ada.page, "group-light.png", WHOLE).await;
    looks(&ada.page, "dark", WHOLE).await;
    takes(&ada.page, "group-dark.png", WHOLE).await;

    looks(&ada.page, "light", HALF).await;
    let bob = Person::signs_in(&browser, &url(&server), "Bob").await;
    looks(&bob.page, "light", HALF).await;
    looks(&ada.page, "light", WHOLE).await;
    ada.adds(&["Bob"]).await;
    bob.sees("Project Team", 5, "member").await;
    bob.page.sees("a toast", "test.shown('[data-testid=toast]').length === 1").await;
    ada.page.clicks("[data-testid=toast] [aria-label=Dismiss]").await;
    looks(&ada.page, "light", HALF).await;
    ada.page.sees("five members", "test.text('[data-testid=member]').length === 5").await;
    let pictures =
        [("Ada adds Bob …", ada.page.picture().await), ("… and Bob has the group", bob.page.picture().await)];
    beside_each_other(&browser, &pictures, "two-windows.png", BOTH).await;

    looks(&ada.page, "dark", WHOLE).await;
    ada.page.clicks("[data-testid=inspector-toggle]").await;
    ada.page.clicks("[data-testid=cut]").await;
    ada.page.sees("it is cut", &super::shows_state("reconnecting")).await;
    ada.is("live").await;
    let ada_elsewhere = signs_in_without_page(&server, "Ada").await;
    ada_elsewhere.renames(&ada.open_group().await, "Project Team 2").await.group(200);
    ada.sees("Project Team 2", 5, "owner").await;
    ada.page
        .sees("its frame", "test.shown('[data-testid=frame]').some((frame) => frame.dataset.type === 'group_updated')")
        .await;
    ada.page.clicks_on("[data-testid=frame] summary", "group_updated").await;
    looks(&ada.page, "dark", LOWER).await;
    takes(&ada.page, "inspector-dark.png", LOWER).await;
}

#[test]
fn the_readme_shows_every_picture() {
    let readme = std::fs::read_to_string(folder().join("../../README.md")).expect("the README");
    let pictures = std::fs::read_dir(folder()).expect("docs/images");
    let pictures: Vec<_> =
        pictures.map(|entry| entry.expect("a file").file_name().into_string().expect("a name")).collect();
    assert!((1..=4).contains(&pictures.len()), "{pictures:?}");
    for picture in &pictures {
        let bytes = std::fs::metadata(folder().join(picture)).expect("its size").len();
        assert!(bytes <= PICTURE_BYTES_MAX, "{picture} has {bytes} bytes");
        assert!(readme.contains(&format!("docs/images/{picture}")), "{picture} is not shown");
    }
    assert_eq!(readme.matches("docs/images/").count(), pictures.len());
}
