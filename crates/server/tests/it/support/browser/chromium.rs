//! Chromium, controlled with the DevTools protocol
//! (<https://chromedevtools.github.io/devtools-protocol/>).

use std::{cell::RefCell, collections::BTreeMap, path::PathBuf, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    HELPERS, Window,
    messages::Messages,
    process::{Process, installed},
};

/// A running Chromium with an empty profile.
pub(crate) struct Chromium {
    messages: Messages,
    /// Errors in the pages, by session.
    complaints: RefCell<BTreeMap<String, Vec<String>>>,
    _process: Process,
    // Removed after the process has exited.
    _profile: TempDir,
}

impl Chromium {
    pub(super) async fn start() -> Option<Self> {
        let Some(program) = program() else {
            return crate::support::skipped("Chromium");
        };
        let profile = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new(program);
        command
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-extensions", "--disable-default-apps", "--no-proxy-server", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env("HOME", profile.path());
        let (process, url) = Process::start(command, |line| line.strip_prefix("DevTools listening on ")).await;
        let messages = Messages::connect(&url).await;
        Some(Self { messages, complaints: RefCell::default(), _process: process, _profile: profile })
    }

    /// Opens a blank window, in a new profile if none is given.
    pub(super) async fn open(&self, profile: Option<&str>) -> Window {
        let profile = match profile {
            Some(profile) => profile.to_owned(),
            None => text(&self.call(None, "Target.createBrowserContext", json!({})).await["browserContextId"]),
        };
        let target =
            json!({"url": "about:blank", "browserContextId": profile, "newWindow": true, "width": 1280, "height": 800});
        let target = text(&self.call(None, "Target.createTarget", target).await["targetId"]);
        let attach = json!({"targetId": target, "flatten": true});
        let id = text(&self.call(None, "Target.attachToTarget", attach).await["sessionId"]);
        for method in ["Runtime.enable", "Log.enable", "Page.enable"] {
            self.call(Some(&id), method, json!({})).await;
        }
        self.call(Some(&id), "Page.addScriptToEvaluateOnNewDocument", json!({"source": HELPERS})).await;
        Window { id, profile, target }
    }

    pub(super) async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        let mut request = json!({"method": method, "params": params});
        if let Some(session) = session {
            request["sessionId"] = json!(session);
        }
        let answer = self.messages.call(method, request, |message| self.note(message)).await;
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

    pub(super) async fn navigate(&self, window: &Window, url: &str) {
        let gone = self.call(Some(&window.id), "Page.navigate", json!({"url": url})).await;
        assert!(gone.get("errorText").is_none(), "{url}: {}", gone["errorText"]);
    }

    pub(super) async fn evaluate(&self, window: &Window, expression: &str) -> Result<Value, String> {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call(Some(&window.id), "Runtime.evaluate", params).await;
        match answer.get("exceptionDetails") {
            None => Ok(answer["result"]["value"].clone()),
            Some(details) => Err(details.to_string()),
        }
    }

    pub(super) async fn click(&self, window: &Window, place: &Value) {
        for kind in ["mousePressed", "mouseReleased"] {
            let params = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.call(Some(&window.id), "Input.dispatchMouseEvent", params).await;
        }
    }

    pub(super) async fn insert(&self, window: &Window, text: &str) {
        self.call(Some(&window.id), "Input.insertText", json!({"text": text})).await;
    }

    pub(super) async fn close(&self, window: Window) {
        self.call(None, "Target.closeTarget", json!({"targetId": window.target})).await;
    }

    pub(super) fn complaints(&self, window: &Window) -> Vec<String> {
        self.complaints.borrow().get(&window.id).cloned().unwrap_or_default()
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn program() -> Option<PathBuf> {
    installed("GROUPS_TEST_CHROMIUM", &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])
}
