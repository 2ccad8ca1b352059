//! Receivers verify messages with the libraries of Standard Webhooks.
//!
//! `GROUPS_TEST_PYTHON` is a Python interpreter with `standardwebhooks`; `GROUPS_TEST_NODE_MODULES` a
//! `node_modules` directory with `standardwebhooks`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use super::{path, register, server};
use crate::support::{Received, Receiver, skipped};

/// The scripts of these tests.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/webhooks");

/// Whether the library accepts a message.
fn verifies(verifier: &mut Command, secret: &str, message: &Received) -> bool {
    let input = json!({"secret": secret, "headers": message.headers, "body": message.body}).to_string();
    let mut child = verifier.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the verifier starts");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{verifier:?}");
    match String::from_utf8_lossy(&output.stdout).trim() {
        "valid" => true,
        "invalid" => false,
        other => panic!("{other}"),
    }
}

/// Messages signed with the first secret, with both while it rotates, and their secrets.
async fn messages() -> ([String; 2], [Received; 2]) {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let receiver = Receiver::start();
    let webhook = register(&operator, &receiver).await;
    let group = ada.creates("Gr\u{fc}\u{df}e, \u{1f600}", &[]).await;
    receiver.accepts_versions(&group, [1]).await;
    let rotated = operator.patch(&path(&webhook), json!({"rotate_secret": true})).await.ok(200);
    assert!(rotated["previous_secret_until"].is_string(), "{rotated}");
    let test = operator.posts(&format!("{}/test", path(&webhook))).await.ok(200);
    assert_eq!(test["delivered"], true);
    let secret = |webhook: &Value| webhook["secret"].as_str().expect("a secret").to_owned();
    let received = receiver.received();
    let [first, .., last] = &received[..] else { panic!("two messages") };
    assert_eq!(first.headers["webhook-signature"].split(' ').count(), 1);
    assert_eq!(last.headers["webhook-signature"].split(' ').count(), 2);
    ([secret(&webhook), secret(&rotated)], [first.clone(), last.clone()])
}

async fn check(verifier: impl Fn() -> Command) {
    let ([old, new], [first, rotating]) = messages().await;
    let verifies = |secret: &str, message: &Received| verifies(&mut verifier(), secret, message);
    assert!(verifies(&old, &first));
    assert!(!verifies(&new, &first), "another secret");
    assert!(verifies(&old, &rotating) && verifies(&new, &rotating), "both are valid while it rotates");
    let altered = Received { body: rotating.body.replace("webhook.test", "webhook.hack"), ..rotating.clone() };
    assert!(!verifies(&new, &altered), "another body");
    let mut repeated = rotating;
    repeated.headers.insert("webhook-id".to_owned(), "test.other".to_owned());
    assert!(!verifies(&new, &repeated), "another id");
}

#[tokio::test]
async fn the_python_library_verifies_messages() {
    let python = std::env::var_os("GROUPS_TEST_PYTHON").map(PathBuf::from);
    let Some(python) = python.or_else(|| skipped("Python with standardwebhooks in GROUPS_TEST_PYTHON")) else {
        return;
    };
    check(|| {
        let mut command = Command::new(&python);
        command.arg(Path::new(SCRIPTS).join("verify.py"));
        command
    })
    .await;
}

#[tokio::test]
async fn the_library_for_node_verifies_messages() {
    let modules = std::env::var_os("GROUPS_TEST_NODE_MODULES").map(PathBuf::from);
    let modules = modules.filter(|modules| modules.join("standardwebhooks/package.json").is_file());
    let Some(modules) = modules.or_else(|| skipped("standardwebhooks in GROUPS_TEST_NODE_MODULES")) else { return };
    check(|| {
        let mut command = Command::new("node");
        command.arg(Path::new(SCRIPTS).join("verify.mjs")).arg(&modules);
        command
    })
    .await;
}
