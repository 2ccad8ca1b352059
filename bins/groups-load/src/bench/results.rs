//! Results for programs: one JSON object on one line for each run, appended to a file.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::machine::Machine;
use crate::failure::Failure;

/// Where results are kept, and what they are results of.
#[derive(Args, Clone, Debug)]
pub(super) struct Results {
    /// File to which the results are appended as one line of JSON
    #[arg(long = "results", value_name = "PATH")]
    file: Option<PathBuf>,
    /// Commit of the server program, for the results
    #[arg(long, value_name = "TEXT", default_value = "unknown")]
    commit: String,
    /// Date of the run, for the results
    #[arg(long, value_name = "TEXT", default_value = "unknown")]
    date: String,
}

#[derive(Serialize)]
struct Line<'a, T> {
    kind: &'a str,
    commit: &'a str,
    date: &'a str,
    generator: &'a str,
    machine: &'a Machine,
    results: &'a T,
}

impl Results {
    /// Does nothing without a file.
    pub(super) fn append(&self, kind: &str, machine: &Machine, results: &impl Serialize) -> Result<(), Failure> {
        let Some(file) = &self.file else { return Ok(()) };
        let (commit, date, generator) = (&*self.commit, &*self.date, env!("CARGO_PKG_VERSION"));
        let line = Line { kind, commit, date, generator, machine, results };
        let append = || {
            fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
            let mut text = serde_json::to_string(&line)?;
            text.push('\n');
            // One write, so that lines of concurrent runs do not mix.
            OpenOptions::new().create(true).append(true).open(file)?.write_all(text.as_bytes())
        };
        append().map_err(Failure::io("the file of results"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_appends_one_line() -> Result<(), Box<dyn std::error::Error>> {
        let directory = tempfile::tempdir()?;
        let file = directory.path().join("new").join("results.jsonl");
        let (commit, date) = ("abc".to_owned(), "2026-01-01".to_owned());
        let results = Results { file: Some(file.clone()), commit, date };
        for number in [1, 2] {
            results.append("bench", &Machine::new(), &number)?;
        }
        let text = fs::read_to_string(file)?;
        let lines: Vec<serde_json::Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        assert_eq!((lines.len(), &lines[1]["results"], &lines[0]["commit"]), (2, &2.into(), &"abc".into()));
        assert!(lines[0]["machine"]["processors"].as_u64() > Some(0));
        Ok(())
    }
}
