//! The descriptions of the interface for programs, `/openapi.json` and `/asyncapi.json`, are true.
//!
//! `GROUPS_TEST_PYTHON` is a Python interpreter with `jsonschema`, `openapi-spec-validator` and `schemathesis`;
//! `GROUPS_TEST_NODE_MODULES` a `node_modules` directory with `@asyncapi/parser`, `openapi-fetch`, `openapi-typescript` and
//! `typescript`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::{SECRET, Server, claims, new_id, signed, skipped};

const OPENAPI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
const ASYNCAPI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/asyncapi.json");
/// The scripts and settings of these tests.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/documents");

/// The Python interpreter, if it is configured.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("GROUPS_TEST_PYTHON").map(PathBuf::from);
    python.or_else(|| skipped("Python with schemathesis in GROUPS_TEST_PYTHON"))
}

/// The folder with this npm package.
fn node_modules(package: &str) -> Option<PathBuf> {
    let modules = std::env::var_os("GROUPS_TEST_NODE_MODULES").map(PathBuf::from);
    let modules = modules.filter(|modules| modules.join(package).join("package.json").is_file());
    modules.or_else(|| skipped(&format!("{package} in GROUPS_TEST_NODE_MODULES")))
}

/// What a successful command printed.
#[track_caller]
fn printed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "{command:?}:\n{stdout}\n{}", String::from_utf8_lossy(&stderr));
    stdout
}

fn openapi() -> Value {
    serde_json::from_slice(&std::fs::read(OPENAPI).unwrap()).unwrap()
}

#[test]
fn the_documents_are_valid_and_every_example_matches_its_schema() {
    let Some(python) = python() else { return };
    let script = Path::new(SCRIPTS).join("examples.py");
    let examples: u32 = printed(Command::new(python).arg(script).args([OPENAPI, ASYNCAPI])).trim().parse().unwrap();
    assert!(examples > 50, "{examples} examples");
}

#[test]
fn the_asyncapi_parser_finds_nothing_wrong() {
    let Some(modules) = node_modules("@asyncapi/parser") else { return };
    let script = Path::new(SCRIPTS).join("asyncapi.mjs");
    assert_eq!(printed(Command::new("node").arg(script).arg(modules).arg(ASYNCAPI)), "");
}

#[tokio::test]
async fn each_path_has_exactly_the_methods_of_the_document() {
    let server = Server::start().await;
    let operator = server.operator();
    let document = openapi();
    let paths = document["paths"].as_object().unwrap();
    for (path, operations) in paths {
        let methods: BTreeSet<_> = operations.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        let url = path.replace("{path}", "page.js").replace("{group_id}", &new_id());
        let url = url.replace("{user_id}", &new_id()).replace("{job_id}", &new_id());
        let url = url.replace("{link_id}", &new_id()).replace("{token}", &"A".repeat(32));
        let url = url.replace("{webhook_id}", &new_id());
        let answer = server.http().call("TRACE", &url).bearer(&operator.token).send().await;
        answer.problem(405, "method_not_allowed");
        let allowed = answer.header("allow").unwrap().split(", ").map(str::to_owned).collect();
        assert_eq!(methods, allowed, "{path}");
        // A documented method is not rejected as unknown.
        for method in &methods {
            let answer = server.http().call(method, &url).bearer(&operator.token).send().await;
            let documented = &operations[method.to_lowercase()]["responses"][answer.status.to_string()];
            assert!(documented.is_object(), "{method} {path}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn the_documents_are_served_as_they_are_in_the_repository() {
    let server = Server::start().await;
    for (path, file) in [("/openapi.json", OPENAPI), ("/asyncapi.json", ASYNCAPI)] {
        let answer = server.http().get(path).await;
        answer.ok(200);
        assert_eq!(answer.body, std::fs::read(file).unwrap());
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        let etag = answer.header("etag").unwrap();
        let again = server.http().call("GET", path).header("If-None-Match", etag).send().await;
        assert_eq!((again.status, again.body.len()), (304, 0));
        let gzip = server.http().call("GET", path).header("Accept-Encoding", "gzip").send().await;
        assert_eq!(gzip.header("content-encoding"), Some("gzip"));
        assert!(gzip.body.len() < answer.body.len() / 5);
    }
}

/// Runs schemathesis with a token, and returns its summary.
fn schemathesis(python: &Path, server: &Server, token: &str, options: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let settings = Path::new(SCRIPTS).join("schemathesis.toml");
    let mut command = Command::new(python.with_file_name("schemathesis"));
    command.arg("--config-file").arg(settings).arg("run").arg(format!("http://{}/openapi.json", server.address()));
    // The test of a webhook takes up to 15 seconds.
    command.args(["--checks", "all", "--continue-on-failure", "--no-color", "--max-response-time", "20", "--header"]);
    command.arg(format!("Authorization: Bearer {token}")).args(options);
    printed(command.current_dir(directory.path()))
}

#[tokio::test]
async fn schemathesis_finds_nothing() {
    let Some(python) = python() else { return };
    let server = Server::start().await;
    let development = Server::in_development().await;
    let login = development.http().call("POST", "/v1/dev/login").json(&json!({"name": "Ada"})).send().await.ok(200);
    let user = server.user();
    let id = new_id();
    let mut reader = claims(&id);
    reader["scope"] = json!("groups:read");
    let (operator, reader) = (server.operator().token, signed(SECRET, &reader));
    // No operation of it leads to another one.
    let development_only = ["--include-tag", "Development mode", "--phases", "examples,coverage,fuzzing"];
    for (server, token, options) in [
        (&server, operator.as_str(), vec!["--max-examples", "25"]),
        (&server, user.token.as_str(), vec!["--max-examples", "10"]),
        (&server, reader.as_str(), vec!["--max-examples", "3"]),
        (&development, login["token"].as_str().unwrap(), development_only.to_vec()),
    ] {
        let summary = schemathesis(&python, server, token, &options);
        assert!(summary.contains(" passed"), "{summary}");
    }
    // It has not only been refused.
    let stats = server.http().call("GET", "/v1/admin/stats").bearer(&operator).send().await.ok(200);
    assert!(stats["log"]["changes"].as_u64() > Some(50), "{stats}");
}

#[tokio::test]
async fn a_generated_client_compiles_and_works() {
    let packages = ["openapi-fetch", "openapi-typescript", "typescript"];
    let found: Option<Vec<_>> = packages.into_iter().map(node_modules).collect();
    let Some(modules) = found.and_then(|found| found.into_iter().next()) else { return };
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    std::fs::copy(Path::new(SCRIPTS).join("client.ts"), directory.join("client.ts")).unwrap();
    std::fs::write(directory.join("package.json"), r#"{"type":"module"}"#).unwrap();
    std::os::unix::fs::symlink(&modules, directory.join("node_modules")).unwrap();
    let node = |arguments: &[&str]| {
        let script = modules.join(arguments[0]);
        printed(Command::new("node").arg(script).args(&arguments[1..]).current_dir(directory))
    };
    node(&["openapi-typescript/bin/cli.js", OPENAPI, "--output", "api.d.ts"]);
    let strict = ["--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom"];
    assert_eq!(node(&[&["typescript/lib/tsc.js", "client.ts"], &strict[..]].concat()), "");
    let server = Server::start().await;
    let (operator, user) = (server.operator().token, server.user().token);
    let url = format!("http://{}", server.address());
    let client = directory.join("client.js");
    assert_eq!(printed(Command::new("node").arg(client).args([&url, &operator, &user])), "ok\n");
}
