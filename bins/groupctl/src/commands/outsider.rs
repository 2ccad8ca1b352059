//! Commands of people who are not members yet, for themselves.

use groups_client::{Client, Error, Joined};

use super::change::with;
use super::show;
use crate::cli::{JoinArgs, OutsiderCommand};
use crate::failure::Failure;
use crate::output::{Format, line, to_json};

pub(super) async fn run(client: &Client, command: OutsiderCommand, format: Format) -> Result<(), Failure> {
    match command {
        OutsiderCommand::Pending => {
            let (invitations, requests) = (client.invitations().all().await?, client.join_requests().all().await?);
            show::ways_in::pending(&invitations, &requests, format)?;
        }
        OutsiderCommand::Accept { group, change } => {
            show::group(&with(client.group(group).accept_invitation(), change).await?, format)?;
        }
        OutsiderCommand::Decline { group, change } => {
            with(client.group(group).decline_invitation(), change).await?;
            format.done("The invitation is declined.")?;
        }
        OutsiderCommand::Join(JoinArgs { group, link, message, change }) => {
            let message = message.as_deref();
            match (group, link) {
                (_, Some(link)) => joined(&with(client.link(&link).join(message), change).await?, format)?,
                (Some(group), None) => joined(&with(client.group(group).join(message), change).await?, format)?,
                (None, None) => return Err(Failure::Usage("name a group or a link".to_owned())),
            }
        }
        OutsiderCommand::Withdraw { group, change } => {
            with(client.group(group).withdraw_request(), change).await?;
            format.done("The request is withdrawn.")?;
        }
        OutsiderCommand::Preview { link } => show::ways_in::preview(&client.link(&link).preview().await?, format)?,
        OutsiderCommand::Directory { name } => {
            show::ways_in::directory(&client.directory().find(&name).await?, format)?
        }
    }
    Ok(())
}

fn joined(joined: &Joined, format: Format) -> std::io::Result<()> {
    match joined {
        Joined::Member(group) => show::group(group, format),
        Joined::Requested(requested) if format == Format::Json => line(&to_json(requested)?),
        Joined::Requested(_) => format.done("You have asked to join the group."),
    }
}

/// The groups of the user. The table also has what is pending; for programs, `pending` lists it.
pub(super) async fn list(client: &Client, format: Format) -> Result<(), Failure> {
    let groups = client.groups().all().await?;
    if format != Format::Table {
        return Ok(show::groups(&groups, format)?);
    }
    let invitations = or_older(client.invitations().all().await)?;
    let requests = or_older(client.join_requests().all().await)?;
    Ok(show::groups_and_pending(&groups, &invitations, &requests, format)?)
}

/// Older servers have no invitations and requests.
fn or_older<T>(list: Result<Vec<T>, Error>) -> Result<Vec<T>, Error> {
    match list {
        Err(error) if error.status() == Some(404) => Ok(Vec::new()),
        list => list,
    }
}
