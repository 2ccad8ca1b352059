//! Names that could reorder, hide or overflow the text beside them.

use serde_json::json;

use super::{Person, signs_in_without_page, url};
use crate::support::{Browser, Server};

/// Whether the characters of a text are displayed in the order in which they are written: each
/// starts to the right of the previous one, or on a later line.
const IN_ORDER: &str = r#"
globalThis.inOrder = (selector, text) => {
  const root = test.shown(selector).find((element) => element.innerText.includes(text));
  if (!root) return `${text}: not shown in ${selector}`;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const at = node.data.indexOf(text);
    if (at < 0) continue;
    let before = null;
    for (let index = at; index < at + text.length; index += 1) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + 1);
      const box = range.getBoundingClientRect();
      if (box.width === 0) continue;
      if (before && box.top < before.bottom && box.left < before.left) return `${text}: ${index} is left of what is before it`;
      before = box;
    }
    return "";
  }
  return `${text}: in pieces`;
};
"#;

/// An override, an isolate closed too often, an unclosed isolate, and Hebrew.
const NASTY: [&str; 4] = ["abc\u{202E}def", "a\u{2069}\u{202E}evil", "\u{2067}open", "צוות\u{202E}"];

#[tokio::test]
async fn no_name_reorders_the_text_beside_it() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let (ada, bobs) =
        (signs_in_without_page(&server, "Ada\u{2069}\u{202E}").await, signs_in_without_page(&server, "Bob").await);
    let bob = Person::signs_in(&browser, &url(&server), "Bob").await;
    bob.page.value(IN_ORDER).await;
    let is_in_order = async |selector: &str, text: &str| {
        let order = format!("inOrder({}, {})", json!(selector), json!(text));
        bob.page.sees(text, &format!("!{order}.includes('not shown')")).await;
        assert_eq!(bob.page.value(&order).await, "", "{selector}");
    };
    for name in NASTY {
        let group = ada.creates(name, &[&bobs]).await;
        is_in_order("[data-testid=toast]", " added you to ").await;
        is_in_order("[part~=meta] [part~=count]", "2 members").await;
        ada.removes(&group, &bobs).await.no_content();
        is_in_order("[data-testid=toast]", " removed you from ").await;
        bob.page.clicks("[data-testid=toast] [aria-label=Dismiss]").await;
        bob.page.sees("no toast", "test.shown('[data-testid=toast]').length === 0").await;
        ada.deletes(&group).await.no_content();
    }
    let group = ada.creates("Team", &[&bobs]).await;
    ada.makes(&group, &bobs, "admin").await.ok(200);
    is_in_order("[data-testid=toast]", " made you ").await;
    bob.opens("Team").await;
    is_in_order("[data-testid=member]", "joined ").await;
    bob.page.was_not_reloaded().await;
}

#[tokio::test]
async fn long_and_unbreakable_names_stay_within_the_page() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let (ada, bobs) = (signs_in_without_page(&server, "Ada").await, signs_in_without_page(&server, "Bob").await);
    let names = ["W".repeat(100), "👨\u{200D}👩\u{200D}👧\u{200D}👦".repeat(14), "\u{202E}".repeat(99) + "x"];
    for name in &names {
        ada.creates(name, &[&bobs]).await;
    }
    let bob = Person::signs_in(&browser, &url(&server), "Bob").await;
    bob.sees_groups(names.len()).await;
    let fits = "document.documentElement.scrollWidth <= innerWidth
        && test.shown('[role=option]').every((row) => row.scrollWidth <= row.parentElement.clientWidth)";
    bob.page.sees("all fits", fits).await;
    for name in &names {
        bob.opens(name).await;
        bob.page.sees("all fits", fits).await;
    }
    bob.page.was_not_reloaded().await;
}
