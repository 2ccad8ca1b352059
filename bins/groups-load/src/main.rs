//! The command line of the load generator: generates load on a server, measures it, and checks the
//! delivery guarantee.
//!
//! Exit codes: 0: no violations; 1: the delivery guarantee was violated or a response was wrong; 2:
//! the run could not be completed.

mod api;
mod audience;
mod bench;
mod board;
mod device;
mod failure;
mod histogram;
mod http;
mod message;
mod pairs;
mod person;
mod process;
mod report;
mod scenario;
mod socket;
mod stopwatch;
mod target;
mod unmeasured;
mod view;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench::{Bench, Compare};
use crate::failure::Failure;
use crate::report::Report;
use crate::scenario::{Commands, Connect, Fanout, Lists, Mixed, Resume};
use crate::target::{Target, TargetArgs};

/// Generate load on a running groups server, measure it, and check the delivery guarantee on every
/// frame.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(flatten)]
    target: TargetArgs,

    /// Print the report as one JSON object
    #[arg(long, global = true)]
    json: bool,

    /// Threads of the generator. Use few, to leave the rest of the machine to the server
    #[arg(long, global = true, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,

    #[command(subcommand)]
    load: Load,
}

#[derive(Subcommand)]
enum Load {
    Fanout(Fanout),
    Commands(Commands),
    Connect(Connect),
    Resume(Resume),
    Lists(Lists),
    Mixed(Mixed),
    Bench(Bench),
    Compare(Compare),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("groups-load: the server violated its contract; see the figures above");
            ExitCode::FAILURE
        }
        Err(failure) => {
            // The message may contain a response of the server, with arbitrary text written by
            // users.
            eprintln!("groups-load: {}", groups_domain::printable(&failure.to_string()));
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> Result<bool, Failure> {
    let threads = usize::from(cli.threads);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    runtime.map_err(Failure::io("the generator's threads"))?.block_on(async {
        let target = || Target::new(&cli.target);
        match &cli.load {
            Load::Bench(bench) => bench.run(|table| show(table, cli.json)).await,
            Load::Compare(compare) => show(&compare.run().await?, cli.json),
            Load::Fanout(fanout) => show(&fanout.run(&target()?).await?, cli.json),
            Load::Commands(commands) => show(&commands.run(&target()?).await?, cli.json),
            Load::Connect(connect) => show(&connect.run(&target()?).await?, cli.json),
            Load::Lists(lists) => show(&lists.run(&target()?).await?, cli.json),
            Load::Resume(resume) => show(&resume.run(&target()?).await?, cli.json),
            Load::Mixed(mixed) => show(&mixed.run(&target()?).await?, cli.json),
        }
    })
}

fn show(report: &impl Report, json: bool) -> Result<bool, Failure> {
    report::print(report, json).map_err(|error| Failure::io("printing the report")(error.into()))?;
    Ok(report.is_good())
}
