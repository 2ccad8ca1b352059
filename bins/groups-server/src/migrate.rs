//! `groups-server migrate`: brings the tables of a database up to date.

use clap::Args;
use groups_store::{OpenError, Store, StoreOptions};

use crate::output::Output;

#[derive(Args)]
pub(crate) struct Migrate {
    /// The database: `sqlite://PATH`, a path, or `postgres://…`
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "URL",
        default_value = "sqlite://groups.db",
        hide_env_values = true
    )]
    database_url: String,

    /// Only list the pending migrations
    #[arg(long)]
    pending: bool,
}

impl Migrate {
    /// Prints one line per migration, oldest first.
    pub(crate) async fn run(&self, stdout: &Output) -> Result<(), OpenError> {
        let options = StoreOptions::new(&self.database_url);
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
