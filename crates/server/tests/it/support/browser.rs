//! Real browsers: Chromium for all tests, Firefox and WebKit for those that every browser must pass.

mod chromium;
mod firefox;
mod messages;
mod process;
mod webkit;

use std::time::Duration;

use serde_json::{Value, json};

use self::{chromium::Chromium, firefox::Firefox, webkit::WebKit};
use super::PATIENCE;

/// Makes each case, a function of a browser, a test in each browser.
macro_rules! in_each_browser {
    ($($case:ident)*) => {
        in_each_browser!(@ chromium start $($case)*);
        in_each_browser!(@ firefox firefox $($case)*);
        in_each_browser!(@ webkit webkit $($case)*);
    };
    (@ $engine:ident $start:ident $($case:ident)*) => {
        mod $engine {
            use crate::support::Browser;

            $(#[tokio::test]
            async fn $case() {
                let Some(browser) = Browser::$start().await else { return };
                super::$case(&browser).await;
            })*
        }
    };
}
pub(crate) use in_each_browser;

/// Interval at which pages are polled.
const GLANCE: Duration = Duration::from_millis(20);

/// Script helpers that find elements, also in shadow trees. `host >>> selector` finds those in the
/// shadow tree of a host.
const HELPERS: &str = r#"
globalThis.test = {
  all(selector, root = document) {
    const [host, inner] = selector.split(" >>> ");
    if (inner) return test.all(host, root).flatMap(({ shadowRoot }) => test.all(inner, shadowRoot));
    const found = [...root.querySelectorAll(selector)];
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) found.push(...test.all(selector, element.shadowRoot));
    }
    return found;
  },
  visible(element) {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== "hidden";
  },
  shown(selector) { return test.all(selector).filter(test.visible); },
  text(selector) { return test.shown(selector).map((element) => element.innerText.trim()); },
};
"#;

/// A browser with an empty profile. Closed on drop.
pub(crate) enum Browser {
    Chromium(Chromium),
    Firefox(Firefox),
    WebKit(WebKit),
}

/// A window of a browser.
struct Window {
    /// The name under which the browser knows the page.
    id: String,
    /// Windows with the same profile share storage.
    profile: String,
    /// The name under which the browser closes the window.
    target: String,
}

/// Calls the method of whichever browser it is.
macro_rules! delegate {
    ($browser:expr, $own:ident => $call:expr) => {
        match $browser {
            Browser::Chromium($own) => $call,
            Browser::Firefox($own) => $call,
            Browser::WebKit($own) => $call,
        }
    };
}

impl Browser {
    /// Starts Chromium. If it is not installed, reports that, and panics if
    /// `GROUPS_TEST_REQUIRE_ALL` is 1.
    pub(crate) async fn start() -> Option<Self> {
        Chromium::start().await.map(Self::Chromium)
    }

    /// The same for Firefox, which has no [`Page::call`].
    pub(crate) async fn firefox() -> Option<Self> {
        Firefox::start().await.map(Self::Firefox)
    }

    /// The same for WebKit, which has no [`Page::call`].
    pub(crate) async fn webkit() -> Option<Self> {
        WebKit::start().await.map(Self::WebKit)
    }

    /// Opens a new window with an isolated profile.
    pub(crate) async fn window(&self, url: &str) -> Page<'_> {
        self.window_in(None, url).await
    }

    async fn window_in(&self, profile: Option<&str>, url: &str) -> Page<'_> {
        let window = delegate!(self, browser => browser.open(profile).await);
        let page = Page { browser: self, window };
        page.goes_to(url).await;
        page
    }
}

/// A window that shows a page.
pub(crate) struct Page<'a> {
    browser: &'a Browser,
    window: Window,
}

impl<'a> Page<'a> {
    /// Sends a command of the DevTools protocol to this page.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let Browser::Chromium(chromium) = self.browser else { panic!("{method} needs Chromium") };
        chromium.call(Some(&self.window.id), method, params).await
    }

    /// Opens another window with the same profile.
    pub(crate) async fn second_window(&self, url: &str) -> Page<'a> {
        self.browser.window_in(Some(&self.window.profile), url).await
    }

    /// Loads a page and waits until it is loaded.
    pub(crate) async fn goes_to(&self, url: &str) {
        delegate!(self.browser, browser => browser.navigate(&self.window, url).await);
        self.sees("the page is loaded", "document.readyState === 'complete' && location.href !== 'about:blank'").await;
    }

    /// Evaluates an expression.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        let value = delegate!(self.browser, browser => browser.evaluate(&self.window, expression).await);
        value.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// Waits until an expression is true.
    pub(crate) async fn sees(&self, what: &str, expression: &str) {
        let look = async {
            while self.value(&format!("Boolean({expression})")).await != true {
                tokio::time::sleep(GLANCE).await;
            }
        };
        if tokio::time::timeout(PATIENCE, look).await.is_err() {
            let text = self.value("document.body.innerText").await;
            panic!("never seen: {what}; there is {text}, and the page says {:#?}", self.complaints().await);
        }
    }

    /// Clicks with the mouse on the first visible element that matches and has this text.
    pub(crate) async fn clicks_on(&self, selector: &str, text: &str) {
        let element = element(selector, text);
        self.sees(&format!("{selector} {text:?}"), &element).await;
        // A list that has just got a row still moves.
        let mut place = self.place_of(&element).await;
        loop {
            let before = std::mem::replace(&mut place, self.place_of(&element).await);
            if before == place {
                break;
            }
        }
        delegate!(self.browser, browser => browser.click(&self.window, &place).await);
    }

    /// The center of an element in the next frame, after it was scrolled into view.
    async fn place_of(&self, element: &str) -> Value {
        self.value(&format!(
            "new Promise((done) => requestAnimationFrame(() => {{
              const element = {element}; element?.scrollIntoView({{block: 'center'}});
              const box = element?.getBoundingClientRect();
              done(box ? [box.x + box.width / 2, box.y + box.height / 2] : null); }}))"
        ))
        .await
    }

    /// Clicks on the first visible element that matches.
    pub(crate) async fn clicks(&self, selector: &str) {
        self.clicks_on(selector, "").await;
    }

    /// Replaces the content of the first visible field that matches.
    pub(crate) async fn types(&self, selector: &str, text: &str) {
        let element = element(selector, "");
        self.sees(selector, &element).await;
        self.value(&format!("(() => {{ const field = {element}; field.focus(); field.select?.(); }})()")).await;
        delegate!(self.browser, browser => browser.insert(&self.window, text).await);
    }

    /// Presses a key on the focused element.
    pub(crate) async fn presses(&self, key: &str, code: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            let params = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", params).await;
        }
    }

    /// A screenshot: a PNG in base64.
    pub(crate) async fn picture(&self) -> String {
        let picture = self.call("Page.captureScreenshot", json!({"format": "png", "optimizeForSpeed": false})).await;
        picture["data"].as_str().expect("a picture").to_owned()
    }

    /// Closes the window, like its user would.
    pub(crate) async fn closes(self) {
        delegate!(self.browser, browser => browser.close(self.window).await);
    }

    /// Sets a mark that a reload would remove.
    pub(crate) async fn marks(&self) {
        self.value("globalThis.notReloaded = true").await;
    }

    /// Asserts that the mark is still set.
    pub(crate) async fn still_there(&self) {
        assert_eq!(self.value("globalThis.notReloaded === true").await, true, "the page was reloaded");
    }

    /// Asserts that the mark is still set and the page has reported no errors.
    pub(crate) async fn was_not_reloaded(&self) {
        self.still_there().await;
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "the page complains: {complaints:#?}");
    }

    /// Errors and exceptions since the page was opened.
    async fn complaints(&self) -> Vec<String> {
        match self.browser {
            Browser::Chromium(chromium) => chromium.complaints(&self.window),
            Browser::Firefox(firefox) => firefox.complaints(&self.window),
            Browser::WebKit(webkit) => webkit.complaints(&self.window).await,
        }
    }
}

/// An expression for the first visible element that matches and has this text.
fn element(selector: &str, text: &str) -> String {
    let (selector, text) = (json!(selector), json!(text));
    format!("test.shown({selector}).find((element) => (element.innerText ?? '').includes({text}))")
}
