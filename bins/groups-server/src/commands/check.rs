//! `groups-server check`: whether a server could start with these settings.

use clap::Args;
use server::{Settings, preflight};

use crate::causes::with_causes;
use crate::output::Output;
use crate::server_args::ServerArgs;

#[derive(Args)]
pub(crate) struct Check {
    #[command(flatten)]
    server: ServerArgs,
}

/// Something that was printed keeps a server from starting.
#[derive(Debug, thiserror::Error)]
#[error("a server cannot start with these settings")]
pub(crate) struct CheckFailed;

impl Check {
    /// Prints a line for each check.
    pub(crate) async fn run(self, stdout: &Output) -> Result<(), CheckFailed> {
        let settings = Settings::from(self.server.settings);
        let mut failed = false;
        for checked in preflight(&settings).await {
            match checked.result {
                Ok(found) => stdout.line(format_args!("ok      {}: {found}", checked.what)),
                Err(error) => {
                    failed = true;
                    stdout.line(format_args!("FAILED  {}: {}", checked.what, with_causes(&*error)));
                }
            }
        }
        if failed { Err(CheckFailed) } else { Ok(()) }
    }
}
