//! Commands on the ways into one group, for its admins and for operators.
//!
//! What is required without a subcommand is optional with one, so it is an `Option`.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::{Args, Subcommand};
use groups_client::{GroupId, LinkId, Role, UserId};

use super::change::ChangeArgs;

/// `invite GROUP USER` invites; the rest has names.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct InviteArgs {
    #[command(flatten)]
    pub(crate) new: NewInvitationArgs,
    #[command(subcommand)]
    pub(crate) command: Option<InviteCommand>,
}

#[derive(Args, Debug)]
pub(crate) struct NewInvitationArgs {
    #[arg(required = true)]
    pub(crate) group: Option<GroupId>,
    #[arg(required = true)]
    pub(crate) user: Option<UserId>,
    /// `member` or `admin`
    #[arg(long, default_value = "member")]
    pub(crate) role: Role,
    /// After how long the invitation expires: `30m`, `12h`, `7d`. Default: never
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) expires: Option<Duration>,
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InviteCommand {
    /// List the invitations of a group, oldest first
    List { group: GroupId },
    /// Withdraw an invitation
    Withdraw {
        group: GroupId,
        user: UserId,
        #[command(flatten)]
        change: ChangeArgs,
    },
}

/// `requests GROUP` lists; the rest has names.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct RequestsArgs {
    /// List the requests to join of this group, oldest first
    #[arg(required = true)]
    pub(crate) group: Option<GroupId>,
    #[command(subcommand)]
    pub(crate) command: Option<RequestsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RequestsCommand {
    /// Let in a user who has asked to join
    Approve {
        group: GroupId,
        user: UserId,
        /// `member` or `admin`. Default: the role of the request
        #[arg(long)]
        role: Option<Role>,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Decline a request to join
    Decline {
        group: GroupId,
        user: UserId,
        #[command(flatten)]
        change: ChangeArgs,
    },
}

/// `ban GROUP USER` bans; the rest has names.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct BanArgs {
    #[command(flatten)]
    pub(crate) new: NewBanArgs,
    #[command(subcommand)]
    pub(crate) command: Option<BanCommand>,
}

#[derive(Args, Debug)]
pub(crate) struct NewBanArgs {
    #[arg(required = true)]
    pub(crate) group: Option<GroupId>,
    #[arg(required = true)]
    pub(crate) user: Option<UserId>,
    /// Why, for the other admins
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BanCommand {
    /// List the bans of a group, oldest first
    List { group: GroupId },
    /// Lift a ban
    Lift {
        group: GroupId,
        user: UserId,
        #[command(flatten)]
        change: ChangeArgs,
    },
}

/// `link GROUP` creates a link; the rest has names.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct LinkArgs {
    #[command(flatten)]
    pub(crate) new: NewLinkArgs,
    #[command(subcommand)]
    pub(crate) command: Option<LinkCommand>,
}

#[derive(Args, Debug)]
pub(crate) struct NewLinkArgs {
    #[arg(required = true)]
    pub(crate) group: Option<GroupId>,
    /// The role of those who join with the link: `member` or `admin`
    #[arg(long, default_value = "member")]
    pub(crate) role: Role,
    /// After how long the link expires: `30m`, `12h`, `7d`. Default: never
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) expires: Option<Duration>,
    /// How many people can use the link. Default: any number
    #[arg(long, value_name = "COUNT")]
    pub(crate) uses: Option<NonZeroU32>,
    /// People who use the link ask to join instead of joining
    #[arg(long)]
    pub(crate) approval: bool,
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LinkCommand {
    /// List the links of a group, oldest first
    List { group: GroupId },
    /// Show a link. Its token cannot be shown again
    Show { group: GroupId, link: LinkId },
    /// Revoke a link, or all links of a group
    #[command(group = clap::ArgGroup::new("links").required(true))]
    Revoke {
        group: GroupId,
        #[arg(group = "links")]
        link: Option<LinkId>,
        /// All links of the group
        #[arg(long, group = "links")]
        all: bool,
        #[command(flatten)]
        change: ChangeArgs,
    },
}

/// A number with a unit.
fn time(text: &str) -> Result<Duration, String> {
    let invalid = || "a time is a number with s, m, h or d, such as 12h".to_owned();
    let unit = text.chars().next_back().ok_or_else(invalid)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(invalid()),
    };
    let number = text.strip_suffix(unit).and_then(|number| number.parse::<u64>().ok());
    number.and_then(|number| number.checked_mul(seconds)).map(Duration::from_secs).ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit() {
        let seconds = |text| time(text).map(|time| time.as_secs()).ok();
        assert_eq!(["90s", "30m", "12h", "7d"].map(seconds), [Some(90), Some(1_800), Some(43_200), Some(604_800)]);
        for text in ["", "7", "d", "-1d", "1.5h", "7 d", "1w", "99999999999999999d", "7é"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
