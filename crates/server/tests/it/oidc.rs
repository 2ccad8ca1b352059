//! A real OpenID Connect provider: `oidc-provider` on Node.js (`tests/oidc/provider.mjs`).
//!
//! `GROUPS_TEST_NODE_MODULES` is a `node_modules` directory with `oidc-provider`.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{PATIENCE, Server};

/// A provider, and the app and the backend that get tokens from it. Stopped on drop.
struct Provider {
    child: Child,
    commands: ChildStdin,
    answers: Receiver<String>,
    issuer: String,
    keys: String,
}

impl Provider {
    /// `None` if Node.js or `oidc-provider` is not installed.
    fn start() -> Option<Self> {
        let modules = std::env::var_os("GROUPS_TEST_NODE_MODULES").map(PathBuf::from);
        let Some(modules) = modules.filter(|modules| modules.join("oidc-provider/package.json").is_file()) else {
            untested::skip("oidc-provider in GROUPS_TEST_NODE_MODULES");
            return None;
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc/provider.mjs");
        let (stdin, stdout) = (Stdio::piped(), Stdio::piped());
        // Its warnings are about using it in production.
        let node =
            Command::new("node").args([script, modules]).stdin(stdin).stdout(stdout).stderr(Stdio::null()).spawn();
        let Ok(mut child) = node else {
            untested::skip("Node.js");
            return None;
        };
        let (commands, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.map_while(|line| sender.send(line).ok()).for_each(drop);
        });
        let mut provider = Self { child, commands, answers, issuer: String::new(), keys: String::new() };
        let started = provider.answer();
        provider.issuer = started["issuer"].as_str().unwrap().to_owned();
        provider.keys = started["jwks"].as_str().unwrap().to_owned();
        Some(provider)
    }

    fn answer(&self) -> Value {
        let line = self.answers.recv_timeout(PATIENCE).expect("an answer of the provider");
        serde_json::from_str(&line).unwrap()
    }

    fn executes(&mut self, command: &str) -> Value {
        writeln!(self.commands, "{command}").unwrap();
        self.answer()
    }

    fn token(&mut self, command: &str) -> String {
        self.executes(command)["token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have exited already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test]
async fn users_of_an_openid_connect_provider_sign_in_and_stay_connected_when_its_keys_change() {
    let Some(mut provider) = Provider::start() else { return };
    let settings = [
        ("GROUPS_JWKS", provider.keys.clone()),
        ("GROUPS_JWT_ISSUER", provider.issuer.clone()),
        ("GROUPS_JWT_AUDIENCE", "groups".to_owned()),
        ("GROUPS_JWT_SUBJECT", "any".to_owned()),
    ];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = Server::with_exactly(&settings).await;
    let id = |name: &str, issuer: &str| {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{issuer}\n{name}").as_bytes()).to_string()
    };
    let (ada_id, bob_id) = (id("ada", &provider.issuer), id("bob", &provider.issuer));

    // Users, by the authorization code flow.
    let ada = server.user_with(ada_id.clone(), provider.token("login ada 600"));
    let bob = server.user_with(bob_id.clone(), provider.token("login bob 600"));
    let me = ada.get("/v1/me").await.ok(200);
    assert_eq!((&me["user_id"], &me["subject"]), (&json!(ada_id), &json!("ada")));
    assert_eq!(me["name"], "ada of the provider");
    let group = ada.creates("Team", &[&bob]).await;
    assert_eq!(bob.sees(&group).await["role"], "member");

    // A backend, by client credentials.
    let backend = server.user_with(String::new(), provider.token("client groups:admin"));
    assert_eq!(backend.get("/v1/admin/users?subject=ada").await.ok(200)["user_id"], ada_id);
    let reader = server.user_with(String::new(), provider.token("client groups:read"));
    reader.get("/v1/groups").await.ok(200);
    reader.post("/v1/groups", json!({"name": "x"})).await.problem(403, "forbidden");

    // New keys: a connection is renewed with a token that only the new ones verify.
    let mut socket = ada.connects().await;
    provider.executes("rotate");
    let renewed = provider.token("login ada 600");
    socket.send(json!({"type": "authenticate", "token": renewed})).await;
    socket.expect("authenticated").await;
    let renewed = server.user_with(ada_id.clone(), renewed);
    renewed.renames(&group, "Renamed").await.group(200);
    socket.event(&ada_id, "group_updated").await;
    // The keys of the earlier tokens are no longer published.
    bob.get("/v1/me").await.problem(401, "unauthenticated");

    // A token that expires ends its connection.
    let short = server.user_with(bob_id, provider.token("login bob 8"));
    let mut socket = short.connects().await;
    socket.expect("token_expiring").await;
    assert_eq!(socket.goodbye().await.0, 4003);
    short.get("/v1/me").await.problem(401, "unauthenticated");
}
