//! The command line.

mod admin;
mod change;
mod group;
mod outsider;
mod ways_in;
mod webhook;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use groups_client::{GroupId, UserId};

pub(crate) use self::admin::{AdminCommand, AdminGroupCommand, UserCommand};
pub(crate) use self::change::ChangeArgs;
pub(crate) use self::group::{GroupCommand, MemberArg, NewGroupArgs};
pub(crate) use self::outsider::{JoinArgs, OutsiderCommand};
pub(crate) use self::ways_in::{
    BanArgs, BanCommand, InviteArgs, InviteCommand, LinkArgs, LinkCommand, NewBanArgs, NewInvitationArgs, NewLinkArgs,
    RequestsArgs, RequestsCommand,
};
pub(crate) use self::webhook::{WebhookCommand, WebhookTexts};

const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  any other failure; for `admin check`: not a member; for `webhook test`: not delivered
  2  invalid arguments or configuration
  3  not found
  4  refused by a rule
  5  no valid token
  6  service unavailable

docs/groupctl.md describes profiles and the configuration file.";

/// Command line client of the groups service
#[derive(Debug, Parser)]
#[command(name = "groupctl", version, after_help = EXIT_CODES, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) server: ServerArgs,

    /// Print JSON: one value, or one object per line for `watch`, `feed` and `admin changes`
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Print only ids
    #[arg(long, short, global = true, conflicts_with = "json")]
    pub(crate) quiet: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The server and the token.
#[derive(Args, Debug)]
pub(crate) struct ServerArgs {
    /// The server. Default: GROUPS_URL, the profile's, or http://127.0.0.1:8080
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// A file with a token, read again for each connection. Default: GROUPS_TOKEN, GROUPS_TOKEN_FILE, or the profile's
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) token_file: Option<PathBuf>,

    /// The profile in the configuration file; the environment is ignored. Default: `default`
    #[arg(long, global = true, value_name = "NAME", value_parser = profile_name)]
    pub(crate) profile: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in by name, in development mode, and save the token in the profile
    Login {
        /// Any name; the same name is the same user
        name: String,
    },
    /// Show whose token is used, and when it expires
    #[command(name = "whoami")]
    WhoAmI,
    /// List your groups, newest first, and your invitations and requests to join
    List,
    /// Create a group; you become its owner
    Create(NewGroupArgs),
    #[command(flatten)]
    Group(GroupCommand),
    #[command(flatten)]
    Outsider(OutsiderCommand),
    /// Leave a group
    Leave {
        group: GroupId,
        /// The next owner; required if you are the owner
        #[arg(long, value_name = "USER")]
        successor: Option<UserId>,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Print your groups, and then every change, until Ctrl-C
    Watch {
        /// Continue from this file, and keep it up to date. Created if it does not exist
        #[arg(long, value_name = "PATH")]
        cursor_file: Option<PathBuf>,
    },
    /// Find people with whom you share a group by the start of their names
    People {
        /// The start of the name. Default: all
        #[arg(default_value = "")]
        name: String,
    },
    /// Keep a user from adding you to groups
    Block { user: UserId },
    /// Let a user add you to groups again
    Unblock { user: UserId },
    /// List the users whom you have blocked
    Blocks,
    /// Print the changes of all groups, until Ctrl-C; for operators
    Feed {
        /// Only the changes after this cursor. Default: from the oldest change that is kept
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
        /// End at the end of the log, instead of waiting for further changes
        #[arg(long)]
        once: bool,
    },
    /// Webhooks, which send changes to other systems; for operators
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Commands of operators; they need a token with the scope groups:admin
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Print a completion script for a shell
    Completion { shell: Shell },
    /// Print the manual page, or write the pages of all commands into a folder
    Man {
        /// An existing folder
        #[arg(value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

/// A profile names a file.
fn profile_name(name: &str) -> Result<String, String> {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match !name.is_empty() && name.chars().all(valid) {
        true => Ok(name.to_owned()),
        false => Err("a profile has a name of letters, digits, - and _".to_owned()),
    }
}
