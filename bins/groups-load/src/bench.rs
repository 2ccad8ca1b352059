//! `bench` and `compare`: start their own servers and databases, measure them, and print ratios that
//! are comparable between machines.

mod bed;
mod compare;
mod database;
mod figures;
mod machine;
mod measurement;
mod port;
mod postgres;
mod probe;
mod results;
mod server;
mod setting;
mod size;
mod statistics;
mod table;
mod yardstick;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::Failure;
use bed::Bed;
pub(crate) use compare::Compare;
use database::Backend;
use machine::Machine;
use measurement::Measurement;
use postgres::Postgres;
use results::Results;
use setting::Setting;
use size::Size;
use table::Section;
pub(crate) use table::Table;

/// Start servers on empty databases and measure them, together with reference figures of the
/// machine
#[derive(Args, Clone, Debug)]
pub(crate) struct Bench {
    #[command(flatten)]
    selection: Selection,
    /// Path of the server program
    #[arg(long, value_name = "PATH", default_value = "target/release/groups-server")]
    server: PathBuf,
    #[command(flatten)]
    results: Results,
}

/// What is measured.
#[derive(Args, Clone, Debug)]
struct Selection {
    /// How much is measured
    #[arg(value_enum, default_value = "quick")]
    size: Size,
    /// Make only these measurements. Default: all
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Measurement>,
    /// Use only this database. Default: both, if PostgreSQL is installed
    #[arg(long, value_enum)]
    backend: Option<Backend>,
    /// Directory of PostgreSQL's programs. Default: the newest installed version
    #[arg(long, value_name = "PATH")]
    postgres: Option<PathBuf>,
}

impl Bench {
    /// Runs the measurements, and prints the figures with `show` even if some are missing.
    pub(crate) async fn run(&self, show: impl FnOnce(&Table) -> Result<bool, Failure>) -> Result<bool, Failure> {
        let machine = Machine::new();
        let postgres = self.selection.start_postgres().await?;
        let mut table = Table::new(machine.to_string());
        let bed = Bed::new(&self.server);
        for (measurement, backend) in self.selection.pairs(postgres.is_some()) {
            let plan = self.selection.size.plan();
            let setting = Setting { bed: &bed, backend, postgres: postgres.as_ref(), plan: &plan };
            let title = format!("{}, {}", measurement.name(), backend.name());
            let (figures, complete) = measurement.run(setting).await;
            if let Err(failure) = complete {
                table.missing.push(format!("{title}: {failure}"));
            }
            table.sections.push(Section { title, figures });
        }
        stop(postgres).await?;
        self.results.append("bench", &machine, &table)?;
        let good = show(&table)?;
        if table.missing.is_empty() { Ok(good) } else { Err(Failure::Incomplete(table.missing.join("; "))) }
    }
}

async fn stop(postgres: Option<Postgres>) -> Result<(), Failure> {
    match postgres {
        Some(postgres) => postgres.stop().await,
        None => Ok(()),
    }
}

impl Selection {
    /// `None` if PostgreSQL is not wanted or not installed.
    async fn start_postgres(&self) -> Result<Option<Postgres>, Failure> {
        if self.backend == Some(Backend::Sqlite) {
            return Ok(None);
        }
        let started = Postgres::start(self.postgres.as_deref().map(Path::new)).await?;
        match (&started, self.backend) {
            (None, Some(Backend::Postgres)) => Err(Failure::Postgres("it is not installed".to_owned())),
            (None, _) => {
                eprintln!("PostgreSQL is not installed; only SQLite is measured");
                Ok(None)
            }
            (Some(_), _) => Ok(started),
        }
    }

    /// The measurements, and the database of each. With `--backend`, every measurement is made on it.
    fn pairs(&self, postgres: bool) -> Vec<(Measurement, Backend)> {
        use clap::ValueEnum;
        let chosen = |measurement: &&Measurement| self.only.is_empty() || self.only.contains(measurement);
        let backends = |measurement: Measurement| match self.backend {
            Some(Backend::Sqlite) => &[Backend::Sqlite],
            Some(Backend::Postgres) => &[Backend::Postgres],
            None => measurement.backends(postgres),
        };
        let measurements = Measurement::value_variants().iter().filter(chosen);
        measurements.flat_map(|one| backends(*one).iter().map(|backend| (*one, *backend))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(only: &[Measurement], backend: Option<Backend>) -> Selection {
        Selection { size: Size::Quick, only: only.to_vec(), backend, postgres: None }
    }

    #[test]
    fn without_postgresql_everything_is_measured_on_sqlite() {
        let pairs = selection(&[], None).pairs(false);
        assert!(pairs.iter().all(|(_, backend)| *backend == Backend::Sqlite));
        assert!(pairs.contains(&(Measurement::Memory, Backend::Sqlite)));
    }

    #[test]
    fn a_chosen_measurement_is_made_on_the_chosen_database() {
        let pairs = selection(&[Measurement::FanOut], Some(Backend::Postgres)).pairs(true);
        assert_eq!(pairs, [(Measurement::FanOut, Backend::Postgres)]);
        let pairs = selection(&[Measurement::Changes], None).pairs(true);
        assert_eq!(pairs, [(Measurement::Changes, Backend::Sqlite), (Measurement::Changes, Backend::Postgres)]);
    }
}
