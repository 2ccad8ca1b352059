//! The figures of one measurement, each with what it is compared with.

use serde::Serialize;

use crate::report::{Promise, per};

/// The figures of one measurement on one database.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Figures {
    /// Begins the names of all figures.
    prefix: String,
    pub(super) figures: Vec<Figure>,
    /// Violations of the delivery guarantee, and wrong answers.
    pub(super) violations: u64,
    pub(super) examples: Vec<String>,
}

/// A measured number.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    /// Identifies the figure in all runs, such as `changes.sqlite.callers_64.per_second`.
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) unit: &'static str,
    /// What was measured, for people.
    pub(super) what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) compared: Option<Compared>,
}

/// A number that depends less on the machine than the figure.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Compared {
    pub(super) value: f64,
    pub(super) with: String,
}

impl Figures {
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix, ..Self::default() }
    }

    /// Adds a figure, and names it on standard error, because a benchmark takes a while.
    pub(super) fn add(&mut self, name: &str, what: &str, value: f64, unit: &'static str) -> &mut Figure {
        eprintln!("… {}: {what}", self.prefix);
        let name = format!("{}.{name}", self.prefix);
        self.figures.push(Figure { name, value: per(value, 1.0), unit, what: what.to_owned(), compared: None });
        let last = self.figures.len() - 1;
        &mut self.figures[last]
    }

    /// Adds a figure if it is known.
    pub(super) fn add_known(
        &mut self,
        name: &str,
        what: &str,
        value: Option<f64>,
        unit: &'static str,
    ) -> Option<&mut Figure> {
        value.map(|value| self.add(name, what, value, unit))
    }

    /// Counts what a run found.
    pub(super) fn check(&mut self, promise: &Promise) {
        self.violations += promise.violations;
        self.examples.extend(promise.examples.iter().cloned());
    }

    /// Counts wrong answers.
    pub(super) fn check_answers(&mut self, wrong: u64, what: &str) {
        self.violations += wrong;
        if wrong > 0 {
            self.examples.push(format!("{wrong} {what}"));
        }
    }
}

impl Figure {
    pub(super) fn compare(&mut self, value: f64, with: &str) {
        self.compared = Some(Compared { value: per(value, 1.0), with: with.to_owned() });
    }

    /// Shows the figure as a multiple of a yardstick.
    pub(super) fn compare_to(&mut self, yardstick: f64, of: &str) {
        let ratio = per(self.value, yardstick);
        self.compare(ratio, of);
    }
}
