//! `groupctl`: the command line client of the groups service.

mod cli;
mod commands;
mod config;
mod failure;
mod output;
mod profile;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        // The reader of the output has seen enough.
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("groupctl: {failure}");
            failure.exit_code()
        }
    }
}

fn run() -> Result<ExitCode, failure::Failure> {
    let cli = cli::Cli::parse();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failure::Failure::Output)?;
    runtime.block_on(commands::run(cli))
}
