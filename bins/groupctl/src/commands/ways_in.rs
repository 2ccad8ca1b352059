//! Commands on the ways into one group, for its admins and for operators.

use groups_client::{Client, GroupHandle, GroupId, Invited, LinkToken, NewInvitation, NewLink};

use super::change::with;
use super::show;
use crate::cli::{
    BanArgs, BanCommand, InviteArgs, InviteCommand, LinkArgs, LinkCommand, NewBanArgs, NewInvitationArgs, NewLinkArgs,
    RequestsArgs, RequestsCommand,
};
use crate::failure::Failure;
use crate::output::{Format, line, to_json};

pub(super) async fn invite<'a>(
    args: InviteArgs,
    handle: impl Fn(GroupId) -> GroupHandle<'a>,
    format: Format,
) -> Result<(), Failure> {
    let InviteArgs { new, command } = args;
    match command {
        Some(InviteCommand::List { group }) => {
            show::ways_in::group_invitations(&handle(group).all_invitations().await?, format)?;
        }
        Some(InviteCommand::Withdraw { group, user, change }) => {
            with(handle(group).withdraw_invitation(user), change).await?;
            format.done("The invitation is withdrawn.")?;
        }
        None => {
            let NewInvitationArgs { group, user, role, expires, change } = new;
            let (group, user) = (required(group)?, required(user)?);
            let invitation = NewInvitation::plain(user).role(role);
            let invitation = expires.into_iter().fold(invitation, NewInvitation::expires_in);
            match with(handle(group).invite(invitation), change).await? {
                Invited::Invited(invitation) => show::ways_in::group_invitation(&invitation, format)?,
                // They had asked. The JSON is all that the server says.
                Invited::LetIn(let_in) if format == Format::Json => line(&to_json(&let_in)?)?,
                Invited::LetIn(let_in) => show::member(&let_in.member, format)?,
            }
        }
    }
    Ok(())
}

pub(super) async fn requests<'a>(
    args: RequestsArgs,
    handle: impl Fn(GroupId) -> GroupHandle<'a>,
    format: Format,
) -> Result<(), Failure> {
    let RequestsArgs { group, command } = args;
    match command {
        Some(RequestsCommand::Approve { group, user, role, change }) => {
            show::member(&with(handle(group).approve_request(user, role), change).await?, format)?;
        }
        Some(RequestsCommand::Decline { group, user, change }) => {
            with(handle(group).decline_request(user), change).await?;
            format.done("The request is declined.")?;
        }
        None => {
            let group = required(group)?;
            show::ways_in::group_requests(&handle(group).all_requests().await?, format)?;
        }
    }
    Ok(())
}

pub(super) async fn ban<'a>(
    args: BanArgs,
    handle: impl Fn(GroupId) -> GroupHandle<'a>,
    format: Format,
) -> Result<(), Failure> {
    let BanArgs { new, command } = args;
    match command {
        Some(BanCommand::List { group }) => show::ways_in::bans(&handle(group).all_bans().await?, format)?,
        Some(BanCommand::Lift { group, user, change }) => {
            with(handle(group).unban(user), change).await?;
            format.done("The user is not banned.")?;
        }
        None => {
            let NewBanArgs { group, user, reason, change } = new;
            let (group, user) = (required(group)?, required(user)?);
            show::ways_in::ban(&with(handle(group).ban(user, reason.as_deref()), change).await?, format)?;
        }
    }
    Ok(())
}

pub(super) async fn link<'a>(
    client: &Client,
    args: LinkArgs,
    handle: impl Fn(GroupId) -> GroupHandle<'a>,
    format: Format,
) -> Result<(), Failure> {
    let LinkArgs { new, command } = args;
    match command {
        Some(LinkCommand::List { group }) => show::ways_in::links(&handle(group).all_links().await?, format)?,
        Some(LinkCommand::Show { group, link }) => show::ways_in::link(&handle(group).link(link).await?, format)?,
        Some(LinkCommand::Revoke { group, link: Some(link), change, .. }) => {
            with(handle(group).revoke_link(link), change).await?;
            format.done("The link is revoked.")?;
        }
        Some(LinkCommand::Revoke { group, link: None, change, .. }) => {
            with(handle(group).revoke_all_links(), change).await?;
            format.done("All links are revoked.")?;
        }
        None => {
            let NewLinkArgs { group, role, expires, uses, approval, change } = new;
            let group = required(group)?;
            let link = NewLink::default().role(role).approval(approval);
            let link = expires.into_iter().fold(link, NewLink::expires_in);
            let link = uses.into_iter().fold(link, NewLink::uses_max);
            let created = with(handle(group).create_link(link), change).await?;
            let url = created.token.parse::<LinkToken>().map(|token| client.link(&token).url());
            show::ways_in::created_link(&created, &url.unwrap_or_default(), format)?;
        }
    }
    Ok(())
}

/// The command line without a subcommand has it.
fn required<T>(argument: Option<T>) -> Result<T, Failure> {
    argument.ok_or_else(|| Failure::Usage("an argument is missing; see --help".to_owned()))
}
