//! Documents, sources, tests and browser files avoid phrases that a native-speaking engineer would not write, and names of tests
//! read as sentences. `CONTRIBUTING.md` says why.

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
    "crates/groups-client",
    "crates/groups-domain/README.md",
    "crates/groups-domain/src",
    "crates/groups-fuzz/README.md",
    "crates/groups-protocol/README.md",
    "crates/groups-protocol/src",
    "crates/groups-protocol/tests/it",
    "crates/groups-store/README.md",
    "crates/groups-store/src",
    "crates/groups-store/tests/it",
    "crates/groups-supervisor",
    "crates/groups-web/README.md",
    "crates/groups-web/assets",
    "crates/groups-web/src",
    "crates/groups-web/tests/it/conversations",
    "crates/groups-web/tests/it/conversations.rs",
    "crates/groups-web/tests/frameworks",
    "crates/groups-web/tests/it/frameworks.rs",
    "crates/groups-web/tests/it/npm_package.rs",
    "crates/groups-web/tests/it/recipes.rs",
    "crates/groups-web/tests/it/typescript.rs",
    "crates/groups-web/tests/js",
    "crates/groups-web/tests/recipes",
    "crates/groups-web/types/elements.d.ts",
    "crates/groups-web/types/react-elements.d.ts",
    "crates/groups-web/types/wire.d.ts",
    "crates/groups-web/types/wire",
    "crates/groups-web/types/sidebar.d.ts",
    "crates/groups-web/types/vue-elements.d.ts",
    "crates/notify/README.md",
    "crates/notify/src",
    "crates/notify/tests/it",
    "crates/server/README.md",
    "crates/server/src",
    "crates/server/tests/it",
    "crates/turnstile",
    "crates/untested",
];

/// Folders in which the names of functions are checked too, because names of tests are sentences.
const CHECKED_NAMES: &[&str] = &[
    "bins",
    "crates/groups-client",
    "crates/groups-domain",
    "crates/groups-protocol",
    "crates/groups-store",
    "crates/groups-supervisor",
    "crates/groups-web/src",
    "crates/groups-web/tests",
    "crates/notify",
    "crates/server",
    "crates/turnstile",
    "crates/untested",
];

/// A name that starts with one of these words hides its subject in a clause: `who_leaves_…` is "a member who leaves …".
const NAMES_DO_NOT_START_WITH: &[&str] = &["what", "whatever", "where", "who", "whoever"];

const EXTENSIONS: &[&str] = &["md", "rs", "js", "mjs", "ts", "html", "css"];

/// Phrases in lower case, and what to write instead.
const AVOIDED: &[(&str, &str)] = &[
    ("anew", "again"),
    ("besides", "also; in addition"),
    ("by way of", "through; with"),
    ("carried out", "executed"),
    ("carries out", "executes"),
    ("carry out", "execute"),
    ("comes again", "returns; reconnects"),
    ("for ever", "permanently; indefinitely"),
    ("given on", "passed to the next"),
    ("good-bye", "a close frame; graceful shutdown"),
    ("heed", "check; respect"),
    ("heeds", "checks; respects"),
    ("hear of", "receive; learn about"),
    ("hears of", "receives; learns about"),
    ("held up", "delayed"),
    ("holds up", "delays"),
    ("in due form", "well-formed"),
    ("is none of", "is not a; is invalid"),
    ("is so already", "is a no-op"),
    ("lets nobody in", "refuses new ones"),
    ("makes no sense", "is invalid"),
    ("oneself", "yourself; the caller"),
    ("passed over", "ignored; skipped"),
    ("passes over", "ignores; skips"),
    ("said to be", "reported as"),
    ("tears nothing", "is cancellation-safe"),
    ("to be had", "available"),
    ("to the letter", "exactly; byte for byte"),
    ("told apart", "distinguished"),
    ("unless set", "default:"),
    ("unless told", "default:"),
    ("whoever", "a client that; users who"),
    ("without end", "without limit"),
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

/// The names of functions that contain an avoided phrase or start with a relative clause, each with its line number.
fn names_found_in(text: &str) -> Vec<(usize, &str)> {
    let names = text.lines().enumerate().filter_map(|(index, line)| {
        let (before, rest) = line.split_once("fn ")?;
        let is_item = before.split_whitespace().all(|word| word == "async" || word.starts_with("pub"));
        is_item.then(|| (index + 1, rest.split(['(', '<']).next().unwrap_or_default()))
    });
    let is_odd = |name: &str| {
        let first = name.split('_').next().unwrap_or_default();
        NAMES_DO_NOT_START_WITH.contains(&first) || !found_in(&name.replace('_', " ")).is_empty()
    };
    names.filter(|(_, name)| is_odd(name)).collect()
}

fn files_in(paths: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        let path = workspace().join(path);
        assert!(path.exists(), "{} does not exist", path.display());
        if path.is_file() { files.push(path) } else { collect(&path, &mut files) }
    }
    files
}

#[test]
fn avoided_phrases_are_found_in_any_case_across_lines_and_not_within_words() {
    let text = "# Whoever\n/** It is carried\n * out anew. */\nfn whoever_comes() { heedless }\n";
    let found: Vec<_> = found_in(text).into_iter().map(|(line, phrase, _)| (line, phrase)).collect();
    assert_eq!(found, [(1, "whoever"), (2, "carried out"), (3, "anew")]);
}

#[test]
fn names_are_found_by_their_first_word_and_by_avoided_phrases() {
    let text = "fn who_leaves() {}\n    pub(crate) async fn it_begins_anew() {}\n// a fn whoever_calls()\nfn a_member_leaves() {}\n";
    assert_eq!(names_found_in(text), [(1, "who_leaves"), (2, "it_begins_anew")]);
}

#[test]
fn documents_sources_and_browser_files_are_in_plain_english() {
    let files = files_in(CHECKED);
    assert!(files.len() > 350, "only {} files were found", files.len());
    let mut report = String::new();
    for file in &files {
        for (line, phrase, better) in found_in(&fs::read_to_string(file).unwrap()) {
            report.push_str(&format!("{}:{line}: \"{phrase}\": write \"{better}\"\n", file.display()));
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn names_of_tests_are_in_plain_english() {
    let mut files = files_in(CHECKED_NAMES);
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    assert!(files.len() > 150, "only {} files were found", files.len());
    let mut report = String::new();
    for file in &files {
        for (line, name) in names_found_in(&fs::read_to_string(file).unwrap()) {
            report.push_str(&format!(
                "{}:{line}: {name}: start with the subject, and see the list of avoided phrases\n",
                file.display()
            ));
        }
    }
    assert!(report.is_empty(), "\n{report}");
}
