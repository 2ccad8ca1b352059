//! Reports of a run, as text and as JSON.

use std::sync::atomic::Ordering::Relaxed;

use serde::Serialize;

use crate::board::Board;

/// Results of the delivery checks, for every run with connections.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Promise {
    /// Number of checked events.
    pub(crate) events: u64,
    /// Gaps, repeats, reorders, and foreign, lost or malformed events. None is allowed.
    pub(crate) violations: u64,
    /// Events repeated by a resume, which is allowed.
    pub(crate) repeated_on_resume: u64,
    /// Connections closed by the server with a code that asks the client to reconnect, which is
    /// allowed.
    pub(crate) sent_back: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) examples: Vec<String>,
}

impl Promise {
    pub(crate) fn of(board: &Board) -> Self {
        Self {
            events: board.events.load(Relaxed),
            violations: board.violations.count(),
            repeated_on_resume: board.repeated_on_resume.load(Relaxed),
            sent_back: board.sent_back.load(Relaxed),
            examples: board.violations.first(),
        }
    }
}

/// A printable report.
pub(crate) trait Report: Serialize {
    /// Whether the server kept its contract.
    fn is_good(&self) -> bool;

    /// The report as text.
    fn text(&self) -> Result<String, serde_json::Error> {
        Ok(outline(&serde_json::to_string_pretty(self)?))
    }
}

/// Prints a report: one JSON object on one line, or one line per figure.
pub(crate) fn print(report: &impl Report, json: bool) -> Result<(), serde_json::Error> {
    if json {
        println!("{}", serde_json::to_string(report)?);
    } else {
        print!("{}", groups_domain::printable(&report.text()?));
    }
    Ok(())
}

/// Removes the punctuation from JSON; keeps the order of the fields.
fn outline(pretty: &str) -> String {
    let mut text = String::new();
    for line in pretty.lines() {
        let line = line.strip_prefix("  ").unwrap_or(line).trim_end_matches([',', '{', '[', ' ']);
        match line.split_once("\": ") {
            Some((name, value)) => {
                text.push_str(&format!("{}: {}", name.replacen('"', "", 1), value.trim_matches('"')))
            }
            None if line.trim_matches(['}', ']', ' ']).is_empty() => continue,
            None => text.push_str(&line.replace('"', "")),
        }
        text.push('\n');
    }
    text
}

/// `part / whole`, or 0 if `whole` is 0, rounded to the meaningful digits.
pub(crate) fn per(part: f64, whole: f64) -> f64 {
    let ratio = if whole > 0.0 { part / whole } else { 0.0 };
    let digits = if ratio.abs() >= 100.0 { 1.0 } else { 1_000.0 };
    (ratio * digits).round() / digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_report_has_one_line_per_figure() {
        let promise = Promise { events: 7, examples: vec!["gap: 1".to_owned()], ..Promise::default() };
        let pretty = serde_json::to_string_pretty(&promise).unwrap_or_default();
        let lines = "events: 7\nviolations: 0\nrepeated_on_resume: 0\nsent_back: 0\nexamples:\n  gap: 1\n";
        assert_eq!(outline(&pretty), lines);
    }
}
