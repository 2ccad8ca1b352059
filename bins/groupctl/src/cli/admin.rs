//! Commands of operators.

use clap::Subcommand;
use groups_client::{GroupId, JobId, Role, Timestamp, UserId};

use super::group::{GroupCommand, NewGroupArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Find, show and change any group
    #[command(subcommand)]
    Groups(AdminGroupCommand),
    /// Take users out of all groups, disconnect, name and find them
    #[command(subcommand)]
    Users(UserCommand),
    /// Show the progress of a job
    Jobs {
        job: JobId,
        /// Wait until it has ended
        #[arg(long)]
        wait: bool,
    },
    /// Close a user's connections on all servers
    Disconnect {
        user: UserId,
        /// Refuse tokens that were issued before this time (RFC 3339)
        #[arg(long, value_name = "TIME")]
        not_before: Option<Timestamp>,
    },
    /// Show counts of groups, memberships and connections
    Stats,
    /// Ask whether a user is in a group; exits with 1 if not
    Check {
        group: GroupId,
        user: UserId,
        /// The lowest role that counts. Default: any
        #[arg(long)]
        role: Option<Role>,
    },
    /// Print the changes of all groups up to now, in the order in which they were committed; see `feed`
    Changes {
        /// Only the changes after this cursor
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
        /// Wait for further changes, until Ctrl-C
        #[arg(long)]
        follow: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminGroupCommand {
    /// Find groups by the start of their names, or all groups of a user
    #[command(group = clap::ArgGroup::new("query").required(true))]
    Find {
        /// The start of the name
        #[arg(group = "query")]
        name: Option<String>,
        /// A user
        #[arg(long, value_name = "USER", group = "query")]
        user: Option<UserId>,
    },
    /// Create a group for its owner
    Create {
        owner: UserId,
        #[command(flatten)]
        group: NewGroupArgs,
        /// The id of the group. Default: the server chooses one
        #[arg(long, value_name = "GROUP")]
        id: Option<GroupId>,
    },
    #[command(flatten)]
    Group(GroupCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Take a user out of all groups
    Leave {
        user: UserId,
        /// Wait until it is done
        #[arg(long)]
        wait: bool,
    },
    /// Take a user out of all groups, and erase the name and the id from what is kept. It cannot be undone
    Erase {
        user: UserId,
        /// Wait until it is done
        #[arg(long)]
        wait: bool,
    },
    /// Set a user's display name
    Name { user: UserId, name: String },
    /// Show the id of the user with this subject
    Find {
        /// The `sub` of their tokens
        subject: String,
        /// The `iss` of their tokens
        #[arg(long)]
        issuer: Option<String>,
    },
}
