//! Completion scripts and manual pages, generated from the command line's own definition.

use std::io::Write;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::Cli;
use crate::failure::Failure;

pub(super) fn completion(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "groupctl", &mut script);
    Ok(std::io::stdout().lock().write_all(&script)?)
}

pub(super) fn man(folder: Option<&Path>) -> Result<(), Failure> {
    match folder {
        Some(folder) => clap_mangen::generate_to(Cli::command(), folder).map_err(Failure::file(folder)),
        None => Ok(Man::new(Cli::command()).render(&mut std::io::stdout().lock())?),
    }
}
