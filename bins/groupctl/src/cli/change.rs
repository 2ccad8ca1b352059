//! How a change is made.

use clap::Args;

/// How a change is made.
#[derive(Args, Debug)]
pub(crate) struct ChangeArgs {
    /// Make the change only if the group, or the webhook, is at this version
    #[arg(long, value_name = "VERSION")]
    pub(crate) if_version: Option<u64>,
    /// Repeat a change whose outcome is unknown; it is made once. Default: a new key
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
}
