//! A real browser, controlled with the DevTools protocol
//! (<https://chromedevtools.github.io/devtools-protocol/>).

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    ffi::OsString,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    sync::{Mutex, oneshot},
};
use tokio_tungstenite::{WebSocketStream, client_async_with_config, tungstenite::Message};

use super::{PATIENCE, within};

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
pub(crate) struct Browser {
    process: Child,
    // Removed after the process has exited.
    _profile: TempDir,
    socket: Mutex<WebSocketStream<TcpStream>>,
    last_id: Cell<u64>,
    /// Errors in the pages, by session.
    complaints: RefCell<BTreeMap<String, Vec<String>>>,
}

impl Browser {
    /// Starts a browser. If none is installed, reports that, and panics if
    /// `GROUPS_TEST_REQUIRE_ALL` is 1.
    pub(crate) async fn start() -> Option<Self> {
        let Some(program) = program() else {
            return super::skipped("Chromium");
        };
        let profile = tempfile::tempdir().expect("a temporary directory");
        let mut process = Command::new(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-extensions", "--disable-default-apps", "--no-proxy-server", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env("HOME", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Chromium starts");
        let (sender, url) = oneshot::channel();
        let stderr = process.stderr.take().expect("standard error");
        std::thread::spawn(move || {
            let mut sender = Some(sender);
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some((_, url)) = line.split_once("DevTools listening on ") {
                    let Some(sender) = sender.take() else { continue };
                    sender.send(url.trim().to_owned()).ok();
                }
            }
        });
        let url = within("Chromium starts", url).await.expect("Chromium prints its address");
        let address = url.trim_start_matches("ws://").split('/').next().expect("an address");
        let stream = TcpStream::connect(address).await.expect("Chromium listens");
        let (socket, _) = client_async_with_config(url.as_str(), stream, None).await.expect("Chromium answers");
        Some(Self {
            process,
            _profile: profile,
            socket: Mutex::new(socket),
            last_id: Cell::new(0),
            complaints: RefCell::default(),
        })
    }

    /// Opens a new window with an isolated profile.
    pub(crate) async fn window(&self, url: &str) -> Page<'_> {
        let context = self.call(None, "Target.createBrowserContext", json!({})).await;
        let context = context["browserContextId"].as_str().expect("a context").to_owned();
        self.window_in(&context, url).await
    }

    async fn window_in(&self, context: &str, url: &str) -> Page<'_> {
        let target =
            json!({"url": "about:blank", "browserContextId": context, "newWindow": true, "width": 1280, "height": 800});
        let target = self.call(None, "Target.createTarget", target).await["targetId"].clone();
        let attach = json!({"targetId": target, "flatten": true});
        let session = self.call(None, "Target.attachToTarget", attach).await;
        let session = session["sessionId"].as_str().expect("a session").to_owned();
        let page = Page { browser: self, session, context: context.to_owned(), target };
        page.call("Runtime.enable", json!({})).await;
        page.call("Log.enable", json!({})).await;
        page.call("Page.enable", json!({})).await;
        page.call("Page.addScriptToEvaluateOnNewDocument", json!({"source": HELPERS})).await;
        page.goes_to(url).await;
        page
    }

    async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let mut request = json!({"id": id, "method": method, "params": params});
        if let Some(session) = session {
            request["sessionId"] = json!(session);
        }
        let answer = within(method, async {
            let mut socket = self.socket.lock().await;
            socket.send(Message::text(request.to_string())).await.expect("the call is sent");
            loop {
                let message = match socket.next().await {
                    Some(Ok(Message::Text(text))) => serde_json::from_str::<Value>(&text).expect("JSON"),
                    Some(Ok(_)) => continue,
                    other => panic!("Chromium is gone: {other:?}"),
                };
                if message["id"] == id {
                    return message;
                }
                self.note(&message);
            }
        })
        .await;
        assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    /// Records the errors that a page reports.
    fn note(&self, message: &Value) {
        let params = &message["params"];
        let complaint = match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => params["exceptionDetails"].to_string(),
            Some("Log.entryAdded") if params["entry"]["level"] == "error" => params["entry"].to_string(),
            Some("Runtime.consoleAPICalled") if params["type"] == "error" => params["args"].to_string(),
            _ => return,
        };
        let session = message["sessionId"].as_str().unwrap_or_default().to_owned();
        self.complaints.borrow_mut().entry(session).or_default().push(complaint);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have exited already if that made the test fail.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A window that shows a page.
pub(crate) struct Page<'a> {
    browser: &'a Browser,
    session: String,
    context: String,
    target: Value,
}

impl<'a> Page<'a> {
    /// Sends a protocol command to this page.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        self.browser.call(Some(&self.session), method, params).await
    }

    /// Opens another window with the same profile.
    pub(crate) async fn second_window(&self, url: &str) -> Page<'a> {
        self.browser.window_in(&self.context, url).await
    }

    /// Loads a page and waits until it is loaded.
    pub(crate) async fn goes_to(&self, url: &str) {
        let gone = self.call("Page.navigate", json!({"url": url})).await;
        assert!(gone.get("errorText").is_none(), "{url}: {}", gone["errorText"]);
        self.sees("the page is loaded", "document.readyState === 'complete' && location.href !== 'about:blank'").await;
    }

    /// Evaluates an expression.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", params).await;
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
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
            panic!("never seen: {what}; there is {text}, and the page says {:#?}", self.complaints());
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
        for kind in ["mousePressed", "mouseReleased"] {
            let params = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", params).await;
        }
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
        self.call("Input.insertText", json!({"text": text})).await;
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
        self.browser.call(None, "Target.closeTarget", json!({"targetId": self.target})).await;
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
        let complaints = self.complaints();
        assert!(complaints.is_empty(), "the page complains: {complaints:#?}");
    }

    /// Errors and exceptions since the page was opened.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.browser.complaints.borrow().get(&self.session).cloned().unwrap_or_default()
    }
}

/// An expression for the first visible element that matches and has this text.
fn element(selector: &str, text: &str) -> String {
    let (selector, text) = (json!(selector), json!(text));
    format!("test.shown({selector}).find((element) => (element.innerText ?? '').includes({text}))")
}

fn program() -> Option<PathBuf> {
    if let Some(program) = std::env::var_os("GROUPS_TEST_CHROMIUM") {
        return Some(program.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/bin"));
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    std::env::split_paths(&path)
        .flat_map(|directory| names.map(|name| directory.join(name)))
        .find(|file| file.is_file())
}
