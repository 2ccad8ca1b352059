//! `groups-server migrate`: brings the tables of a database up to date.

use clap::Args;
use groups_store::{OpenError, Store, StoreOptions};

use crate::database_args::DatabaseArgs;
use crate::output::Output;
use crate::server_args::FileArgs;

#[derive(Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    file: FileArgs,

    #[command(flatten)]
    database: DatabaseArgs,

    /// Only list the pending migrations
    #[arg(long)]
    pending: bool,
}

impl Migrate {
    /// Prints one line per migration, oldest first.
    pub(crate) async fn run(&self, stdout: &Output) -> Result<(), OpenError> {
        let postgres_direct_url = self.database.database_direct_url.clone().filter(|url| !url.is_empty());
        let options = StoreOptions { postgres_direct_url, ..StoreOptions::new(&self.database.url.database_url) };
        let pending = groups_store::pending_migrations(&options).await?;
        if !self.pending {
            Store::open(options).await?.close().await;
        }
        let done = if self.pending { "pending" } else { "applied" };
        for name in &pending {
            stdout.line(format_args!("{done}: {name}"));
        }
        if pending.is_empty() {
            stdout.line("the tables are up to date");
        }
        Ok(())
    }
}
