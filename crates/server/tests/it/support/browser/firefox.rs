//! Firefox, controlled with WebDriver BiDi (<https://w3c.github.io/webdriver-bidi/>).

use std::{cell::RefCell, collections::BTreeMap, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    HELPERS, Window,
    messages::Messages,
    process::{Process, installed},
};

/// Keeps Firefox from using the network by itself.
const PREFERENCES: &str = r#"
user_pref("app.normandy.enabled", false);
user_pref("app.update.disabledForTesting", true);
user_pref("browser.safebrowsing.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.proxy.type", 0);
user_pref("services.settings.server", "");
user_pref("toolkit.telemetry.server", "");
"#;

/// A running Firefox with an empty profile.
pub(crate) struct Firefox {
    messages: Messages,
    /// Errors in the pages, by window.
    complaints: RefCell<BTreeMap<String, Vec<String>>>,
    _process: Process,
    // Removed after the process has exited.
    _profile: TempDir,
}

impl Firefox {
    pub(super) async fn start() -> Option<Self> {
        let Some(program) = installed("GROUPS_TEST_FIREFOX", &["firefox-esr", "firefox"]) else {
            return crate::support::skipped("Firefox");
        };
        let profile = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(profile.path().join("user.js"), PREFERENCES).expect("the profile is writable");
        let mut command = Command::new(program);
        command
            .args(["--headless", "--no-remote", "--remote-debugging-port=0", "--profile"])
            .arg(profile.path())
            .arg("about:blank")
            .env("HOME", profile.path());
        let (process, url) = Process::start(command, |line| line.strip_prefix("WebDriver BiDi listening on ")).await;
        let messages = Messages::connect(&format!("{url}/session")).await;
        let firefox = Self { messages, complaints: RefCell::default(), _process: process, _profile: profile };
        firefox.call("session.new", json!({"capabilities": {}})).await;
        firefox.call("session.subscribe", json!({"events": ["log.entryAdded"]})).await;
        let helpers = format!("() => {{ {HELPERS} }}");
        firefox.call("script.addPreloadScript", json!({"functionDeclaration": helpers})).await;
        Some(firefox)
    }

    /// Opens a blank window, in a new profile if none is given.
    pub(super) async fn open(&self, profile: Option<&str>) -> Window {
        let profile = match profile {
            Some(profile) => profile.to_owned(),
            None => text(&self.call("browser.createUserContext", json!({})).await["userContext"]),
        };
        let create = json!({"type": "window", "userContext": profile});
        let id = text(&self.call("browsingContext.create", create).await["context"]);
        let size = json!({"context": id, "viewport": {"width": 1280, "height": 800}});
        self.call("browsingContext.setViewport", size).await;
        Window { target: id.clone(), id, profile }
    }

    async fn call(&self, method: &str, params: Value) -> Value {
        let request = json!({"method": method, "params": params});
        let answer = self.messages.call(method, request, |message| self.note(message)).await;
        assert_ne!(answer["type"], "error", "{method}: {answer}");
        answer["result"].clone()
    }

    /// Records the errors that a page reports.
    fn note(&self, message: &Value) {
        let params = &message["params"];
        if message["method"] == "log.entryAdded" && params["level"] == "error" {
            let window = params["source"]["context"].as_str().unwrap_or_default().to_owned();
            self.complaints.borrow_mut().entry(window).or_default().push(params["text"].to_string());
        }
    }

    pub(super) async fn navigate(&self, window: &Window, url: &str) {
        self.call("browsingContext.navigate", json!({"context": window.id, "url": url, "wait": "complete"})).await;
    }

    /// Values are passed on as JSON, because those of the protocol have types.
    pub(super) async fn evaluate(&self, window: &Window, expression: &str) -> Result<Value, String> {
        let expression = format!("(async () => JSON.stringify(await ({expression})) ?? 'null')()");
        let params = json!({"expression": expression, "target": {"context": window.id}, "awaitPromise": true});
        let answer = self.call("script.evaluate", params).await;
        match answer["result"]["value"].as_str() {
            Some(json) => Ok(serde_json::from_str(json).expect("JSON")),
            None => Err(answer.to_string()),
        }
    }

    pub(super) async fn click(&self, window: &Window, place: &Value) {
        let at = |index: usize| place[index].as_f64().expect("a place").round();
        let actions = json!([
            {"type": "pointerMove", "x": at(0), "y": at(1)},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]);
        self.act(window, json!({"type": "pointer", "id": "mouse", "actions": actions})).await;
    }

    pub(super) async fn insert(&self, window: &Window, text: &str) {
        let keys = text.chars().flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key})));
        self.act(window, json!({"type": "key", "id": "keyboard", "actions": keys.collect::<Vec<_>>()})).await;
    }

    async fn act(&self, window: &Window, source: Value) {
        self.call("input.performActions", json!({"context": window.id, "actions": [source]})).await;
    }

    pub(super) async fn close(&self, window: Window) {
        self.call("browsingContext.close", json!({"context": window.id})).await;
    }

    pub(super) fn complaints(&self, window: &Window) -> Vec<String> {
        self.complaints.borrow().get(&window.id).cloned().unwrap_or_default()
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
