//! The output of a benchmark: figures with reference figures.

use serde::Serialize;

use crate::report::per;

/// All figures of a benchmark.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Table {
    machine: String,
    lines: Vec<Line>,
    /// Violations of all measurements.
    pub(crate) violations: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) examples: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    what: String,
    value: f64,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Compared>,
}

#[derive(Clone, Debug, Serialize)]
struct Compared {
    value: f64,
    with: &'static str,
}

impl Table {
    pub(crate) fn new(machine: String) -> Self {
        Self { machine, lines: Vec::new(), violations: 0, examples: Vec::new() }
    }

    /// Adds a line, and prints it to standard error immediately, because a benchmark takes a while.
    pub(crate) fn add(&mut self, what: &str, value: f64, unit: &'static str) -> &mut Line {
        eprintln!("… {}", what.trim());
        let line = Line { what: what.to_owned(), value: per(value, 1.0), unit, compared: None };
        self.lines.push(line);
        let last = self.lines.len() - 1;
        &mut self.lines[last]
    }

    /// The table as Markdown, in the format of docs/performance.md.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("{}\n\n| measured | | compared |\n|---|--:|---|\n", self.machine);
        for Line { what, value, unit, compared } in &self.lines {
            let compared = compared.as_ref().map(|compared| format!("{} {}", number(compared.value), compared.with));
            let what = what.replacen("  ", "… ", 1);
            text.push_str(&format!("| {what} | {} {unit} | {} |\n", number(*value), compared.unwrap_or_default()));
        }
        text.push_str(&format!("\nViolations of the promise, and wrong answers: {}\n", self.violations));
        for example in &self.examples {
            text.push_str(&format!("- {example}\n"));
        }
        text
    }
}

impl Line {
    pub(crate) fn compare(&mut self, value: f64, with: &'static str) {
        self.compared = Some(Compared { value: per(value, 1.0), with });
    }
}

/// Formats a number with about three digits and thousands separators.
fn number(value: f64) -> String {
    if value.abs() >= 100.0 || value == value.trunc() {
        let digits = format!("{:.0}", value.abs());
        let parts: Vec<&str> =
            digits.as_bytes().rchunks(3).rev().filter_map(|part| str::from_utf8(part).ok()).collect();
        format!("{}{}", if value < 0.0 { "-" } else { "" }, parts.join(","))
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_short_and_readable() {
        let shown = [0.0, 0.126, 9.994, 12.34, 123.4, 1_234_567.8, -1_000.0].map(number);
        assert_eq!(shown, ["0", "0.13", "9.99", "12.3", "123", "1,234,568", "-1,000"]);
    }
}
