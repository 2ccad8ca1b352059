//! Documents, sources and browser files avoid phrases that a native-speaking engineer would not write. `CONTRIBUTING.md` says why.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The checked paths, relative to the workspace. In folders, all files below them with one of the [`EXTENSIONS`].
const CHECKED: &[&str] = &[
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "justfile",
    "docs",
    "bins",
    "crates/groups-domain/README.md",
    "crates/groups-domain/src",
    "crates/groups-protocol/README.md",
    "crates/groups-protocol/src",
    "crates/groups-store/README.md",
    "crates/groups-store/src",
    "crates/groups-supervisor",
    "crates/groups-web/README.md",
    "crates/groups-web/assets",
    "crates/groups-web/src",
    "crates/groups-web/tests/js",
    "crates/groups-web/types/wire.d.ts",
    "crates/groups-web/types/wire",
    "crates/groups-web/types/sidebar.d.ts",
    "crates/notify/README.md",
    "crates/notify/src",
    "crates/server/README.md",
    "crates/server/src",
    "crates/turnstile",
];

const EXTENSIONS: &[&str] = &["md", "rs", "js", "mjs", "ts", "html", "css"];

/// Phrases in lower case, and what to write instead.
const AVOIDED: &[(&str, &str)] = &[
    ("anew", "again"),
    ("besides", "also; in addition"),
    ("carried out", "executed"),
    ("carries out", "executes"),
    ("carry out", "execute"),
    ("for ever", "permanently; indefinitely"),
    ("good-bye", "a close frame; graceful shutdown"),
    ("heed", "check; respect"),
    ("heeds", "checks; respects"),
    ("is none of", "is not a; is invalid"),
    ("is so already", "is a no-op"),
    ("oneself", "yourself; the caller"),
    ("passed over", "ignored; skipped"),
    ("passes over", "ignores; skips"),
    ("tears nothing", "is cancellation-safe"),
    ("to be had", "available"),
    ("unless set", "default:"),
    ("unless told", "default:"),
    ("whoever", "a client that; users who"),
    ("with a sentence about", "with an explanation"),
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), files);
        }
    } else if path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known)) {
        files.push(path.to_owned());
    }
}

/// The avoided phrases in a text, each with its line number. Finds phrases across line breaks, also in comments.
fn found_in(text: &str) -> Vec<(usize, &'static str, &'static str)> {
    let mut prose = String::new();
    let mut starts = Vec::new();
    for line in text.lines() {
        starts.push(prose.len());
        prose.push_str(line.trim().trim_start_matches(['*', '/', '#', '>', '-']).trim_start());
        prose.push(' ');
    }
    let prose = prose.to_ascii_lowercase();
    let mut found = Vec::new();
    for (phrase, better) in AVOIDED {
        for (at, _) in prose.match_indices(phrase) {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let before = prose.get(..at).and_then(|text| text.chars().next_back());
            let after = prose.get(at + phrase.len()..).and_then(|text| text.chars().next());
            if !before.is_some_and(is_word) && !after.is_some_and(is_word) {
                found.push((starts.partition_point(|start| *start <= at), *phrase, *better));
            }
        }
    }
    found.sort_unstable();
    found
}

#[test]
fn avoided_phrases_are_found_in_any_case_across_lines_and_not_within_words() {
    let text = "# Whoever\n/** It is carried\n * out anew. */\nfn whoever_comes() { heedless }\n";
    let found: Vec<_> = found_in(text).into_iter().map(|(line, phrase, _)| (line, phrase)).collect();
    assert_eq!(found, [(1, "whoever"), (2, "carried out"), (3, "anew")]);
}

#[test]
fn documents_sources_and_browser_files_are_in_plain_english() {
    let root = workspace();
    let mut files = Vec::new();
    for path in CHECKED {
        let path = root.join(path);
        assert!(path.exists(), "{} does not exist", path.display());
        if path.is_file() { files.push(path) } else { collect(&path, &mut files) }
    }
    assert!(files.len() > 250, "only {} files were found", files.len());
    let mut report = String::new();
    for file in &files {
        for (line, phrase, better) in found_in(&fs::read_to_string(file).unwrap()) {
            let name = file.strip_prefix(&root).unwrap().display();
            report.push_str(&format!("{name}:{line}: \"{phrase}\": write \"{better}\"\n"));
        }
    }
    assert!(report.is_empty(), "\n{report}");
}
