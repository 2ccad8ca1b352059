//! `groups-server copy`: copies a SQLite database into an empty PostgreSQL database.

use clap::Args;
use groups_store::{CopyError, StoreOptions};

use crate::output::Output;

#[derive(Args)]
pub(crate) struct Copy {
    /// The old database: `sqlite://PATH` or a path. No server may run on it
    #[arg(long, value_name = "URL")]
    from: String,

    /// The new database, which must be empty: `postgres://…`
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    to: String,
}

impl Copy {
    /// Prints how many rows were copied.
    pub(crate) async fn run(&self, stdout: &Output) -> Result<(), CopyError> {
        let (from, to) = (StoreOptions::new(&self.from), StoreOptions::new(&self.to));
        let copied = groups_store::copy(from, to).await?;
        stdout.line(format_args!(
            "copied: {} groups, {} memberships, {} changes, {} idempotency keys, {} names, {} blocks",
            copied.groups, copied.memberships, copied.changes, copied.keys, copied.names, copied.blocks
        ));
        stdout.line("cursors of the old database are invalid in the new one: clients read their lists again");
        Ok(())
    }
}
