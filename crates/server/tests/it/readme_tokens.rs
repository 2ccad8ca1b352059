//! The server accepts the tokens that the examples in the README of groups-web sign.

#[expect(unreachable_pub, reason = "readers of the README put it where they like")]
mod example;

use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{SECRET, Server, new_id, seconds_from_now};

const README: &str = include_str!("../../../groups-web/README.md");

/// The only code block of the section "The token" in this language.
fn example(language: &str) -> &'static str {
    let section = README.split("\n## ").find(|section| section.starts_with("The token\n")).expect("the section");
    let blocks: Vec<_> = section.split(&format!("```{language}\n")).skip(1).collect();
    let [block] = blocks[..] else { panic!("{} blocks in {language}", blocks.len()) };
    block.split("```").next().expect("the end of the block")
}

/// The output of a program; `None` if its interpreter is not installed.
fn output(interpreter: &str, arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new(interpreter).args(arguments).stdin(Stdio::null()).output() else {
        untested::skip(interpreter);
        return None;
    };
    assert!(output.status.success(), "{interpreter}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("text").trim().to_owned())
}

async fn is_accepted(token: String, user_id: String) {
    let server = Server::start().await;
    let me = server.user_with(user_id.clone(), token).get("/v1/me").await.ok(200);
    assert_eq!((&me["user_id"], &me["name"], &me["access"]), (&json!(user_id), &json!("Zoë"), &json!("write")));
}

#[tokio::test]
async fn the_example_for_node_signs_a_token_that_the_server_accepts() {
    let id = new_id();
    let program = format!("{}console.log(groupsToken('{SECRET}', '{id}', 'Zoë'));", example("js"));
    let Some(token) = output("node", &["--input-type=module", "--eval", &program]) else { return };
    is_accepted(token, id).await;
}

#[tokio::test]
async fn the_example_for_python_signs_a_token_that_the_server_accepts() {
    let id = new_id();
    let program = format!("{}\nprint(groups_token('{SECRET}', '{id}', 'Zoë'))", example("python"));
    let Some(token) = output("python3", &["-c", &program]) else { return };
    is_accepted(token, id).await;
}

#[tokio::test]
async fn the_example_for_rust_signs_a_token_that_the_server_accepts() {
    let file = include_str!("readme_tokens/example.rs");
    assert_eq!(file.split_once("\n\n").map(|(_, code)| code), Some(example("rust")));
    let id = new_id();
    let now = u64::try_from(seconds_from_now(0)).expect("after 1970");
    is_accepted(example::groups_token(SECRET, &id, "Zoë", now), id).await;
}
