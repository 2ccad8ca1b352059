//! Where the database is, for all commands that open it.

use clap::Args;

/// Where the database is.
#[derive(Args)]
pub(crate) struct DatabaseArgs {
    #[command(flatten)]
    pub(crate) url: DatabaseUrlArgs,

    /// PostgreSQL without a connection pooler, if `DATABASE_URL` leads to one in transaction mode: for migrations, LISTEN and NOTIFY
    #[arg(
        long,
        alias = "groups-database-direct-url",
        env = "GROUPS_DATABASE_DIRECT_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub(crate) database_direct_url: Option<String>,
}

#[derive(Args)]
pub(crate) struct DatabaseUrlArgs {
    /// The database: `sqlite://PATH`, a path, or `postgres://…`. With `sqlite://PATH?mode=rw` the file must exist
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "URL",
        default_value = "sqlite://groups.db",
        hide_env_values = true
    )]
    pub(crate) database_url: String,
}
