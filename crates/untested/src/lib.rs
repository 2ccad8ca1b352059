//! Collects what the tests skip because something is not installed, and lists it at the end of `cargo test --workspace`.
//!
//! Libtest hides the output of tests that pass, and a test that skips its work passes. So each skip is also written to a file of
//! this run of Cargo, and the test target `list`, which Cargo runs last, prints that file. The test fails instead if
//! `GROUPS_TEST_REQUIRE_ALL` is `1`, as in CI.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Records that the calling test skips something because `what` is not available, such as `"PostgreSQL"`.
///
/// # Panics
/// If `GROUPS_TEST_REQUIRE_ALL` is `1`, or if the record cannot be written.
#[expect(clippy::panic, reason = "a test fails by panicking")]
#[expect(clippy::print_stdout, reason = "the output of a test that is run alone")]
pub fn skip(what: &str) {
    assert!(!is_all_required(), "{what} is required (GROUPS_TEST_REQUIRE_ALL=1) but is not available");
    println!("skipped: {what} is not available");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    if let Err(error) = record().and_then(|file| append(&file, what, &test)) {
        panic!("the skipped test cannot be recorded: {error}");
    }
}

/// Whether everything that tests need must be installed: `GROUPS_TEST_REQUIRE_ALL` is `1`.
pub fn is_all_required() -> bool {
    std::env::var_os("GROUPS_TEST_REQUIRE_ALL").is_some_and(|value| value == "1")
}

/// Takes the summary of what was skipped so far in this run of Cargo: a line for each thing that is missing.
///
/// # Errors
/// If the record exists and cannot be read or removed.
pub fn take_summary() -> io::Result<String> {
    let file = record()?;
    let lines = match fs::read_to_string(&file) {
        Ok(lines) => lines,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    fs::remove_file(&file)?;
    Ok(summary(&lines))
}

/// The record of this run: test programs are children of one Cargo.
fn record() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    // `target/debug/deps/it-0123456789abcdef`
    let folder = program.parent().unwrap_or(Path::new(".")).join("untested");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(std::os::unix::process::parent_id().to_string()))
}

/// Appends one line in one write, so that lines of several threads and programs do not mix.
fn append(file: &Path, what: &str, test: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    file.write_all(format!("{what}\t{test}\n").as_bytes())
}

fn summary(lines: &str) -> String {
    let mut tests: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (what, test) in lines.lines().filter_map(|line| line.split_once('\t')) {
        let tests = tests.entry(what).or_default();
        if !tests.contains(&test) {
            tests.push(test);
        }
    }
    let mut text = String::new();
    for (what, tests) in tests {
        let first = tests.first().copied().unwrap_or_default();
        let more = if tests.len() > 1 { format!(" and {} more", tests.len() - 1) } else { String::new() };
        text.push_str(&format!("  {what}: {first}{more}\n"));
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn each_missing_tool_has_one_line_with_its_number_of_tests() {
        let file = std::env::temp_dir().join(format!("untested-{}", std::process::id()));
        for (what, test) in [("PostgreSQL", "a"), ("NATS", "b"), ("PostgreSQL", "a"), ("PostgreSQL", "c")] {
            append(&file, what, test).unwrap();
        }
        let lines = fs::read_to_string(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert_eq!(summary(&lines), "  NATS: b\n  PostgreSQL: a and 1 more\n");
        assert_eq!(summary(""), "");
    }
}
