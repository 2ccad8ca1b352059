//! Commands on one group, for its members and for operators.

use std::str::FromStr;

use clap::{Args, Subcommand};
use groups_client::{GroupId, JoinPolicy, NewMember, Role, UserId};

use super::change::ChangeArgs;
use super::ways_in::{BanArgs, InviteArgs, LinkArgs, RequestsArgs};

/// A group to create.
#[derive(Args, Debug)]
pub(crate) struct NewGroupArgs {
    /// 1 to 100 characters
    pub(crate) name: String,
    /// At most 1,000 characters
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) description: String,
    /// An initial member, and a role if it is not `member`; may be repeated
    #[arg(long = "member", value_name = "USER[:ROLE]")]
    pub(crate) members: Vec<MemberArg>,
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// Show a group
    Show { group: GroupId },
    /// Rename a group
    Rename {
        group: GroupId,
        name: String,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Change the name, the description and the join policy of a group
    #[command(group = clap::ArgGroup::new("settings").required(true).multiple(true))]
    Update {
        group: GroupId,
        /// The new name
        #[arg(long, value_name = "TEXT", group = "settings")]
        name: Option<String>,
        /// The new description
        #[arg(long, value_name = "TEXT", group = "settings")]
        description: Option<String>,
        /// How outsiders can join: `closed` (not at all), `request` or `open`
        #[arg(long, value_name = "POLICY", group = "settings")]
        join_policy: Option<JoinPolicy>,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Delete a group for all members
    Delete {
        group: GroupId,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// List the members of a group, in order of joining
    Members { group: GroupId },
    /// Add users to a group
    Add {
        group: GroupId,
        /// Several users are added in one change
        #[arg(required = true)]
        users: Vec<UserId>,
        /// `member` or `admin`
        #[arg(long, default_value = "member")]
        role: Role,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Remove a member from a group
    Remove {
        group: GroupId,
        user: UserId,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Change the role of a member
    Role {
        group: GroupId,
        user: UserId,
        /// `member` or `admin`; for `owner` see `transfer`
        #[arg(value_parser = lower_role)]
        role: Role,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Transfer the ownership of a group to another member
    Transfer {
        group: GroupId,
        user: UserId,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Show the changes of a group, oldest first; for admins and the owner
    History {
        group: GroupId,
        /// Only the changes after this version
        #[arg(long, value_name = "VERSION")]
        after: Option<u64>,
        /// Maximum number of changes. Default: all
        #[arg(long, value_name = "COUNT")]
        limit: Option<u32>,
    },
    /// Invite a user to a group; list and withdraw invitations
    Invite(InviteArgs),
    /// List the requests to join a group; approve and decline them
    Requests(RequestsArgs),
    /// Ban a user from a group; list and lift bans
    Ban(BanArgs),
    /// Create a link into a group; list, show and revoke links
    Link(LinkArgs),
}

/// An initial member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberArg(pub(crate) NewMember);

impl FromStr for MemberArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (user, role) = text.split_once(':').unwrap_or((text, "member"));
        let user_id = user.parse().map_err(|error| format!("{error}"))?;
        let role = role.parse().map_err(|error| format!("{error}"))?;
        Ok(Self(NewMember { user_id, role }))
    }
}

fn lower_role(text: &str) -> Result<Role, String> {
    match text.parse() {
        Ok(Role::Owner) => Err("use `groupctl transfer` to transfer the ownership".to_owned()),
        Ok(role) => Ok(role),
        Err(error) => Err(format!("{error}")),
    }
}
