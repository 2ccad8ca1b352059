//! Commands of people who are not members yet, for themselves.

use clap::{Args, Subcommand};
use groups_client::{GroupId, LinkToken};

use super::change::ChangeArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum OutsiderCommand {
    /// List your invitations and requests to join that were not answered, newest group first
    Pending,
    /// Accept an invitation
    Accept {
        group: GroupId,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Decline an invitation
    Decline {
        group: GroupId,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Join a group, or ask to join, as its join policy or the link says
    Join(JoinArgs),
    /// Take back a request to join
    Withdraw {
        group: GroupId,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Show the group to which a link leads
    Preview {
        /// The URL of the link, or its token
        // A token can start with a hyphen.
        #[arg(allow_hyphen_values = true)]
        link: LinkToken,
    },
    /// Find groups that you can join or ask to join by the start of their names
    Directory {
        /// The start of the name. Default: all
        #[arg(default_value = "")]
        name: String,
    },
}

#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("target").required(true))]
pub(crate) struct JoinArgs {
    #[arg(group = "target")]
    pub(crate) group: Option<GroupId>,
    /// Use this link: its URL, or its token
    #[arg(long, group = "target", value_name = "LINK", allow_hyphen_values = true)]
    pub(crate) link: Option<LinkToken>,
    /// What you write to the admins, if you have to ask: at most 500 characters
    #[arg(long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}
