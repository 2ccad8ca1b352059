//! WebKitGTK, controlled with WebDriver (<https://www.w3.org/TR/webdriver2/>), on a display of its own.

use std::{cell::RefCell, path::PathBuf, process::Command, rc::Rc};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    HELPERS, Window,
    process::{Process, installed},
};
use crate::support::{Http, free_address, within};

/// Where distributions install the browser that the driver starts.
const MINI_BROWSERS: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
    "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
    "/usr/libexec/webkit2gtk-4.1/MiniBrowser",
];

/// Records errors, because the protocol does not report them.
const COMPLAINTS: &str = "
globalThis.complaints = [];
addEventListener('error', ({ message }) => complaints.push(message));
addEventListener('unhandledrejection', ({ reason }) => complaints.push(String(reason)));
console.error = (...words) => complaints.push(words.map(String).join(' '));
";

/// A display with browsers. A driver has one session, so each profile has its own.
pub(crate) struct WebKit {
    driver: PathBuf,
    browser: PathBuf,
    drivers: RefCell<Vec<Driver>>,
    display: String,
    home: TempDir,
    _server: Process,
}

struct Driver {
    session: String,
    _process: Process,
    http: Rc<Http>,
}

impl WebKit {
    pub(super) async fn start() -> Option<Self> {
        let driver = installed("GROUPS_TEST_WEBKIT_DRIVER", &["WebKitWebDriver"]);
        let browser = MINI_BROWSERS.map(PathBuf::from).into_iter().find(|file| file.is_file());
        let (Some(driver), Some(browser), Some(server)) = (driver, browser, installed("GROUPS_TEST_XVFB", &["Xvfb"]))
        else {
            return crate::support::skipped("WebKitWebDriver with MiniBrowser, and Xvfb");
        };
        let home = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new(server);
        command.args(["-displayfd", "2", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]);
        let (server, display) = Process::start(command, |line| line.parse::<u32>().is_ok().then_some(line)).await;
        let drivers = RefCell::default();
        Some(Self { driver, browser, drivers, display: format!(":{display}"), home, _server: server })
    }

    /// Opens a blank window, in a new profile if none is given.
    pub(super) async fn open(&self, profile: Option<&str>) -> Window {
        let (profile, id) = match profile {
            Some(profile) => {
                let opened = self.call(profile, "POST", "window/new", json!({"type": "window"})).await;
                (profile.to_owned(), opened["handle"].clone())
            }
            None => {
                let profile = self.new_profile().await;
                let id = self.call(&profile, "GET", "window", Value::Null).await;
                (profile, id)
            }
        };
        let id = id.as_str().expect("a handle").to_owned();
        Window { target: id.clone(), id, profile }
    }

    /// Starts a browser. Returns its number.
    async fn new_profile(&self) -> String {
        let address = free_address();
        let mut command = Command::new(&self.driver);
        command
            .arg(format!("--port={}", address.port()))
            .env("DISPLAY", &self.display)
            .env("HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.home.path())
            .env_remove("WAYLAND_DISPLAY");
        let process = Process::silent(command);
        within("WebKitWebDriver listens", async {
            while tokio::net::TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(super::GLANCE).await;
            }
        })
        .await;
        let http = Rc::new(Http::new(address));
        let options = json!({"binary": self.browser, "args": ["--automation"]});
        let capabilities = json!({"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}});
        let answer = http.call("POST", "/session").json(&capabilities).send().await.ok(200);
        let session = answer["value"]["sessionId"].as_str().expect("a session").to_owned();
        let mut drivers = self.drivers.borrow_mut();
        drivers.push(Driver { session, _process: process, http });
        (drivers.len() - 1).to_string()
    }

    async fn call(&self, profile: &str, method: &str, path: &str, body: Value) -> Value {
        let number: usize = profile.parse().expect("a number");
        let (http, path) = {
            let driver = &self.drivers.borrow()[number];
            (Rc::clone(&driver.http), format!("/session/{}/{path}", driver.session))
        };
        let call = http.call(method, &path);
        let answer = if body.is_null() { call.send().await } else { call.json(&body).send().await };
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        answer.value()["value"].clone()
    }

    /// Commands apply to the current window of a session.
    async fn call_in(&self, window: &Window, path: &str, body: Value) -> Value {
        self.call(&window.profile, "POST", "window", json!({"handle": window.id})).await;
        self.call(&window.profile, "POST", path, body).await
    }

    pub(super) async fn navigate(&self, window: &Window, url: &str) {
        self.call_in(window, "url", json!({"url": url})).await;
        let prepared = self.evaluate(window, &format!("(() => {{ {HELPERS} {COMPLAINTS} }})()")).await;
        prepared.expect("the helpers run");
    }

    /// Values are passed on as JSON, so that errors can be told from them.
    pub(super) async fn evaluate(&self, window: &Window, expression: &str) -> Result<Value, String> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async () => JSON.stringify([await ({expression})]))().then(done, (error) => done(String(error)));"
        );
        let answer = self.call_in(window, "execute/async", json!({"script": script, "args": []})).await;
        let text = answer.as_str().unwrap_or_default();
        match serde_json::from_str::<Vec<Value>>(text) {
            Ok(values) => Ok(values.into_iter().next().unwrap_or_default()),
            Err(_) => Err(text.to_owned()),
        }
    }

    pub(super) async fn click(&self, window: &Window, place: &Value) {
        let at = |index: usize| place[index].as_f64().expect("a place").round();
        let actions = json!([
            {"type": "pointerMove", "duration": 0, "x": at(0), "y": at(1)},
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
        self.call_in(window, "actions", json!({"actions": [source]})).await;
    }

    pub(super) async fn close(&self, window: Window) {
        self.call(&window.profile, "POST", "window", json!({"handle": window.id})).await;
        self.call(&window.profile, "DELETE", "window", Value::Null).await;
    }

    pub(super) async fn complaints(&self, window: &Window) -> Vec<String> {
        let found = self.evaluate(window, "globalThis.complaints ?? []").await.unwrap_or_else(Value::from);
        found.as_array().into_iter().flatten().map(Value::to_string).collect()
    }
}
