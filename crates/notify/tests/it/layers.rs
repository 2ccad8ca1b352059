//! Checks which modules may depend on each other, by their source text.

use std::fs;
use std::path::{Path, PathBuf};

/// The crate's source files without tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.file_name().unwrap() != "tests.rs" {
            files.push(path);
        }
    }
    files
}

/// The files, relative to `src`, in which a line of code contains one of these words.
fn that_name(words: &[&str]) -> Vec<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let names = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap();
        let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.any(|line| words.iter().any(|word| line.contains(word)))
    };
    let relative = |file: PathBuf| file.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<String> = sources(&src).into_iter().filter(names).map(relative).collect();
    files.sort_unstable();
    files
}

#[test]
fn actix_ws_is_used_in_one_file_and_actix_only_in_the_transport() {
    assert_eq!(that_name(&["actix_ws"]), ["transport/handshake.rs"]);
    let transport = |file: &String| file.starts_with("transport");
    let others: Vec<String> = that_name(&["actix_"]).into_iter().filter(|file| !transport(file)).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn only_the_hub_reads_the_clock() {
    // The echo has no hub.
    assert_eq!(that_name(&["Instant", "SystemTime"]), ["hub/shared.rs", "transport/echo.rs"]);
}

#[test]
fn shard_and_session_spawn_no_tasks() {
    // The simulation is a test, with a model of the store.
    let is_test = |file: &String| file.starts_with("shard/simulation");
    let pure = |file: &String| (file.starts_with("shard") || file.starts_with("session")) && !is_test(file);
    let impure: Vec<String> = that_name(&["tokio", "async", "std::net"]).into_iter().filter(pure).collect();
    assert!(impure.is_empty(), "{impure:?}");
}
