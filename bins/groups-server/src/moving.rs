//! The commands that work on a database and end: `migrate` and `copy`.

use clap::Args;
use groups_store::{CopyError, OpenError, Store, StoreOptions};

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

    /// Only say what would be done
    #[arg(long)]
    pending: bool,
}

impl Migrate {
    /// Prints a line for each migration, the oldest first.
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
    /// Prints what was copied.
    pub(crate) async fn run(&self, stdout: &Output) -> Result<(), CopyError> {
        let (from, to) = (StoreOptions::new(&self.from), StoreOptions::new(&self.to));
        let copied = groups_store::copy(from, to).await?;
        stdout.line(format_args!(
            "copied: {} groups, {} memberships, {} changes, {} idempotency keys, {} names, {} blocks",
            copied.groups, copied.memberships, copied.changes, copied.keys, copied.names, copied.blocks
        ));
        stdout.line("cursors of the old database mean nothing in the new one: clients get their lists again");
        Ok(())
    }
}
