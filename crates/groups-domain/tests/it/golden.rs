//! Golden files: compared by the tests, rewritten if `UPDATE_GOLDEN=1`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Compares a text with `tests/golden/<file>`.
pub(crate) fn compare(file: &str, text: &str) {
    let path = here().join("tests/golden").join(file);
    if updating() {
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert_same(&golden, text, &path);
}

/// Compares texts with those between `<!-- <section>: … -->` and `<!-- end of <section> -->` in a document of `docs/`.
pub(crate) fn compare_sections(document: &str, sections: &[(&str, String)]) {
    let path = here().join("../../docs").join(document);
    let whole = fs::read_to_string(&path).unwrap();
    let fresh = sections.iter().fold(whole.clone(), |whole, (section, text)| with_section(&whole, section, text));
    if updating() {
        fs::write(&path, &fresh).unwrap();
    } else {
        assert_same(&whole, &fresh, &path);
    }
}

fn with_section(whole: &str, section: &str, text: &str) -> String {
    let (before, rest) = whole.split_once(&format!("<!-- {section}:")).expect("the section begins");
    let (mark, rest) = rest.split_once("-->").expect("its mark ends");
    let end = format!("<!-- end of {section} -->");
    let (_, after) = rest.split_once(&end).expect("the section ends");
    format!("{before}<!-- {section}:{mark}-->\n{text}{end}{after}")
}

fn assert_same(golden: &str, text: &str, path: &Path) {
    let path = path.file_name().unwrap_or_default().display();
    for (number, (golden, text)) in golden.lines().zip(text.lines()).enumerate() {
        assert_eq!(text, golden, "line {} of {path}; UPDATE_GOLDEN=1 rewrites it", number + 1);
    }
    assert!(golden == text, "{path} is shorter or longer than it was; UPDATE_GOLDEN=1 rewrites it");
}

fn updating() -> bool {
    env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1")
}

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
