//! Commands on webhooks, for operators.

use clap::{Args, Subcommand};
use groups_client::Uuid;

use super::change::ChangeArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// List the webhooks, oldest first
    List,
    /// Create a webhook, which gets the changes from now on. Its secret is shown only once
    Create {
        /// The receiver: an http or https URL
        #[arg(value_name = "URL")]
        receiver: String,
        #[command(flatten)]
        texts: WebhookTexts,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Show a webhook
    Show { webhook: Uuid },
    /// Change the receiver, the types or the description
    #[command(group = clap::ArgGroup::new("settings").required(true).multiple(true).args(["receiver", "types", "all_types", "description"]))]
    Set {
        webhook: Uuid,
        /// The new receiver. `--url` is the server
        #[arg(long, value_name = "URL")]
        receiver: Option<String>,
        #[command(flatten)]
        texts: WebhookTexts,
        /// Deliver every change of a group
        #[arg(long, conflicts_with = "types")]
        all_types: bool,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Stop delivering; the position is kept
    Pause {
        webhook: Uuid,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Continue where delivery stopped
    Resume {
        webhook: Uuid,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Make a new secret, which is shown only once. The previous one also signs for 24 hours
    Rotate {
        webhook: Uuid,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Delete a webhook
    Delete {
        webhook: Uuid,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Send a test message now; exits with 1 if it is not delivered
    Test { webhook: Uuid },
    /// Show the latest attempts to deliver, newest first
    Deliveries { webhook: Uuid },
    /// Deliver the changes after a cursor again, and resume
    Replay {
        webhook: Uuid,
        /// A cursor of `feed`, or of a message that was delivered
        #[arg(long, value_name = "CURSOR")]
        after: String,
        #[command(flatten)]
        change: ChangeArgs,
    },
}

/// What a webhook gets, and what it is for.
#[derive(Args, Debug)]
pub(crate) struct WebhookTexts {
    /// The types of messages, such as group.member_added,group.member_left, or user.catch_up alone. Default: group.*
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    pub(crate) types: Vec<String>,
    /// A text for operators
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
}
