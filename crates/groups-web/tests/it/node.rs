//! The JavaScript's own tests, where there is a Node.js to run them.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// What the tests are written for: `node --test` with its reporter of today.
const NODE_MAJOR_MIN: u32 = 20;

#[test]
fn the_client_passes_its_own_tests() {
    let version = Command::new("node").arg("--version").stdin(Stdio::null()).output();
    let major = version.ok().filter(|output| output.status.success()).and_then(|output| {
        String::from_utf8_lossy(&output.stdout).trim().trim_start_matches('v').split('.').next()?.parse::<u32>().ok()
    });
    if major.is_none_or(|major| major < NODE_MAJOR_MIN) {
        untested::skip(&format!("Node.js {NODE_MAJOR_MIN} or later"));
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = folder
        .join("tests/js")
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    let output =
        Command::new("node").arg("--test").args(&files).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}\n{}", String::from_utf8_lossy(&output.stderr));
}
