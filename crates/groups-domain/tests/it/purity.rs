//! The rules have few dependencies and do no IO.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::golden;

/// The names of all crates that end up in a program with this one, on this platform (Cargo does not download those of others):
/// none of them accesses clocks, randomness, files or sockets. Versions may change; a new name is a deliberate decision.
#[test]
fn the_dependencies_are_those_of_the_golden_list() {
    let golden = format!("plain:\n{}\nwith serde:\n{}", tree(&[]), tree(&["--features", "serde"]));
    golden::compare("dependencies.txt", &golden);
}

fn tree(features: &[&str]) -> String {
    let arguments = ["tree", "--package", "groups-domain", "--edges", "normal", "--prefix", "none", "--offline"];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names: BTreeSet<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(|name| format!("  {name}\n"))
        .collect();
    names.into_iter().collect()
}

/// Without the standard library, the rules cannot access clocks, files, sockets, threads or the environment.
#[test]
fn the_crate_does_not_link_the_standard_library() {
    let mut sources = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        assert!(!source.contains("extern crate std"), "{}", path.display());
        assert_eq!(source.contains("#![no_std]"), path.ends_with("lib.rs"), "{}", path.display());
        sources += 1;
    }
    assert!(sources > 10, "the sources were found");
}
