//! The arguments that set something.

use std::path::PathBuf;

use clap::Args;

use crate::log::LogSettings;
use crate::settings::SettingsArgs;

/// Everything that can be set.
#[derive(Args)]
pub(crate) struct ServerArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,

    #[command(flatten)]
    pub(crate) settings: SettingsArgs,

    #[command(flatten)]
    pub(crate) log: LogSettings,
}

#[derive(Args)]
pub(crate) struct FileArgs {
    /// File with settings (TOML): `rate_limit = 100`. Flags and environment variables take precedence
    #[arg(long, env = "GROUPS_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}
