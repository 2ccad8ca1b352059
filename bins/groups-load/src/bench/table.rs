//! The output of a benchmark for people: Markdown tables.

use serde::Serialize;

use super::figures::Figures;
use crate::report::Report;

/// All figures of a benchmark.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Table {
    pub(super) machine: String,
    pub(super) sections: Vec<Section>,
    /// Measurements that were not completed, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) missing: Vec<String>,
}

/// The figures of one measurement.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Section {
    pub(super) title: String,
    #[serde(flatten)]
    pub(super) figures: Figures,
}

impl Table {
    pub(super) fn new(machine: String) -> Self {
        Self { machine, sections: Vec::new(), missing: Vec::new() }
    }

    pub(super) fn violations(&self) -> u64 {
        self.sections.iter().map(|section| section.figures.violations).sum()
    }

    fn markdown(&self) -> String {
        let mut text = format!("{}\n", self.machine);
        for Section { title, figures } in &self.sections {
            text.push_str(&format!("\n| {title} | | compared |\n|---|--:|---|\n"));
            for figure in &figures.figures {
                let compared = figure.compared.as_ref();
                let compared = compared.map(|compared| format!("{} {}", number(compared.value), compared.with));
                let value = number(figure.value);
                text.push_str(&format!(
                    "| {} | {value} {} | {} |\n",
                    figure.what,
                    figure.unit,
                    compared.unwrap_or_default()
                ));
            }
        }
        text.push_str(&format!("\nViolations of the promise, and wrong answers: {}\n", self.violations()));
        let examples = self.sections.iter().flat_map(|section| &section.figures.examples);
        for line in examples.chain(&self.missing) {
            text.push_str(&format!("- {line}\n"));
        }
        text
    }
}

impl Report for Table {
    fn is_good(&self) -> bool {
        self.violations() == 0
    }

    fn text(&self) -> Result<String, serde_json::Error> {
        Ok(self.markdown())
    }
}

/// Formats a number with about three digits and thousands separators.
pub(super) fn number(value: f64) -> String {
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
    use super::*;

    #[test]
    fn numbers_are_short_and_readable() {
        let shown = [0.0, 0.126, 9.994, 12.34, 123.4, 1_234_567.8, -1_000.0].map(number);
        assert_eq!(shown, ["0", "0.13", "9.99", "12.3", "123", "1,234,568", "-1,000"]);
    }

    #[test]
    fn a_figure_is_a_row_beside_what_it_is_compared_with() {
        let mut figures = Figures::new("changes.sqlite".to_owned());
        figures.add("per_second", "changes", 1_500.0, "1/s").compare_to(1_000.0, "of a raw commit");
        figures.check_answers(2, "wrong groups");
        let mut table = Table::new("A machine.".to_owned());
        table.sections.push(Section { title: "changes, sqlite".to_owned(), figures });
        let expected = "A machine.\n\n| changes, sqlite | | compared |\n|---|--:|---|\n\
            | changes | 1,500 1/s | 1.50 of a raw commit |\n\n\
            Violations of the promise, and wrong answers: 2\n- 2 wrong groups\n";
        assert_eq!((table.markdown().as_str(), table.is_good()), (expected, false));
    }
}
