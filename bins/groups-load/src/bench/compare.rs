//! `compare`: measures two builds of the server alternately, and prints the ratio of each figure.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::bed::Bed;
use super::figures::Figure;
use super::machine::Machine;
use super::results::Results;
use super::setting::Setting;
use super::statistics::Range;
use super::table::number;
use super::{Selection, stop};
use crate::failure::Failure;
use crate::report::{Report, per};

/// Measure two builds alternately (base, new, base, new, …), and print the ratio new / base of each
/// figure with its spread
#[derive(Args, Clone, Debug)]
pub(crate) struct Compare {
    #[command(flatten)]
    selection: Selection,
    /// Path of the server program to compare with
    #[arg(long, value_name = "PATH")]
    base: PathBuf,
    /// Path of the server program
    #[arg(long, value_name = "PATH", default_value = "target/release/groups-server")]
    server: PathBuf,
    /// How often each build is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    rounds: u64,
    #[command(flatten)]
    results: Results,
}

/// The ratios of all figures.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Comparison {
    machine: String,
    rounds: u64,
    ratios: Vec<Ratio>,
    /// Violations of the delivery guarantee, and wrong answers, of both builds.
    violations: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    examples: Vec<String>,
}

/// A figure of both builds.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Ratio {
    name: String,
    what: String,
    unit: &'static str,
    base: Range,
    new: Range,
    /// Of new / base in each round. `None` if the base was 0.
    ratio: Option<Range>,
}

/// The values of one figure, one for each round.
#[derive(Clone, Debug, Default)]
struct Values {
    base: Vec<f64>,
    new: Vec<f64>,
}

/// The values of all figures, in the order of the first measurement.
#[derive(Default)]
struct Rounds {
    order: Vec<Figure>,
    values: HashMap<String, Values>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Build {
    Base,
    New,
}

impl Compare {
    pub(crate) async fn run(&self) -> Result<Comparison, Failure> {
        let machine = Machine::new();
        let postgres = self.selection.start_postgres().await?;
        let plan = self.selection.size.plan();
        let (base, new) = (Bed::new(&self.base), Bed::new(&self.server));
        let mut rounds = Rounds::default();
        let (mut violations, mut examples) = (0, Vec::new());
        // Both builds are measured close together in time, because the speed of a machine drifts.
        for (measurement, backend) in self.selection.pairs(postgres.is_some()) {
            for round in 1..=self.rounds {
                for (build, bed) in [(Build::Base, &base), (Build::New, &new)] {
                    eprintln!("{build:?}, round {round} of {}", self.rounds);
                    let setting = Setting { bed, backend, postgres: postgres.as_ref(), plan: &plan };
                    let (figures, complete) = measurement.run(setting).await;
                    complete?;
                    violations += figures.violations;
                    examples.extend(figures.examples.iter().map(|example| format!("{build:?}: {example}")));
                    rounds.add(build, figures.figures);
                }
            }
        }
        stop(postgres).await?;
        let comparison = Comparison {
            machine: machine.to_string(),
            rounds: self.rounds,
            ratios: rounds.ratios(),
            violations,
            examples,
        };
        self.results.append("compare", &machine, &comparison)?;
        Ok(comparison)
    }
}

impl Rounds {
    fn add(&mut self, build: Build, figures: Vec<Figure>) {
        for figure in figures {
            if !self.values.contains_key(&figure.name) {
                self.order.push(figure.clone());
            }
            let values = self.values.entry(figure.name).or_default();
            match build {
                Build::Base => values.base.push(figure.value),
                Build::New => values.new.push(figure.value),
            }
        }
    }

    /// Figures that only one build has are left out.
    fn ratios(&self) -> Vec<Ratio> {
        let ratio = |figure: &Figure| {
            let Values { base, new } = self.values.get(&figure.name)?;
            let pairs = base.iter().zip(new).filter(|(base, _)| **base != 0.0);
            let of_rounds: Vec<f64> = pairs.map(|(base, new)| per(*new, *base)).collect();
            Some(Ratio {
                name: figure.name.clone(),
                what: figure.what.clone(),
                unit: figure.unit,
                base: Range::of(base)?,
                new: Range::of(new)?,
                ratio: Range::of(&of_rounds),
            })
        };
        self.order.iter().filter_map(ratio).collect()
    }
}

impl Report for Comparison {
    fn is_good(&self) -> bool {
        self.violations == 0
    }

    fn text(&self) -> Result<String, serde_json::Error> {
        let Self { machine, rounds, ratios, violations, examples } = self;
        let mut text = format!("{machine}\nMedians of {rounds} rounds; ratios new / base of each round.\n\n");
        text.push_str("| figure | base | new | ratio: min | median | max |\n|---|--:|--:|--:|--:|--:|\n");
        for Ratio { name, what, unit, base, new, ratio } in ratios {
            let section = name.rsplitn(2, '.').last().unwrap_or_default();
            let what = format!("{section}: {}", what.trim_start_matches("… "));
            let ratio = ratio.map_or_else(
                || "| | ".to_owned(),
                |ratio| format!("{:.2} | **{:.2}** | {:.2}", ratio.min, ratio.median, ratio.max),
            );
            let (base, new) = (number(base.median), number(new.median));
            text.push_str(&format!("| {what} | {base} {unit} | {new} {unit} | {ratio} |\n"));
        }
        text.push_str(&format!("\nViolations of the promise, and wrong answers: {violations}\n"));
        for example in examples {
            text.push_str(&format!("- {example}\n"));
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::Figures;

    fn figures(value: f64) -> Vec<Figure> {
        let mut figures = Figures::new("changes.sqlite".to_owned());
        figures.add("per_second", "changes", value, "1/s");
        figures.figures
    }

    #[test]
    fn ratios_are_those_of_neighbouring_runs() {
        let mut rounds = Rounds::default();
        for (base, new) in [(100.0, 200.0), (50.0, 150.0), (80.0, 80.0)] {
            rounds.add(Build::Base, figures(base));
            rounds.add(Build::New, figures(new));
        }
        let ratios = rounds.ratios();
        assert_eq!(ratios.len(), 1);
        assert_eq!((ratios[0].base.median, ratios[0].new.median), (80.0, 150.0));
        assert_eq!(ratios[0].ratio, Some(Range { min: 1.0, median: 2.0, max: 3.0 }));
    }

    #[test]
    fn a_base_of_zero_has_no_ratio_and_a_figure_of_one_build_no_row() {
        let mut rounds = Rounds::default();
        rounds.add(Build::Base, figures(0.0));
        assert_eq!(rounds.ratios(), []);
        rounds.add(Build::New, figures(5.0));
        assert_eq!(rounds.ratios()[0].ratio, None);
    }
}
