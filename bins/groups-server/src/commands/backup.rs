//! `groups-server backup`: copies a SQLite database while the server runs.

use std::path::PathBuf;

use clap::Args;
use groups_store::{BackupError, StoreOptions};

use crate::database_args::DatabaseUrlArgs;
use crate::output::Output;
use crate::server_args::FileArgs;

#[derive(Args)]
pub(crate) struct Backup {
    /// The new file. It must not exist
    to: PathBuf,

    #[command(flatten)]
    file: FileArgs,

    #[command(flatten)]
    database: DatabaseUrlArgs,
}

impl Backup {
    /// Prints the size of the copy.
    pub(crate) fn run(&self, stdout: &Output) -> Result<(), BackupError> {
        let bytes = groups_store::backup(&StoreOptions::new(&self.database.database_url), &self.to)?;
        stdout.line(format_args!("copied: {bytes} bytes to {}", self.to.display()));
        Ok(())
    }
}
