//! Commands on one group, for its members and for operators.

use groups_client::{
    AddOutcome, ChangeRecord, Client, GroupHandle, GroupId, NewGroup, NewMember, Page, Role, Settings,
};

use super::change::with;
use super::{show, ways_in};
use crate::cli::{ChangeArgs, GroupCommand, MemberArg, NewGroupArgs};
use crate::failure::Failure;
use crate::output::Format;

/// The group to create, and how.
pub(super) fn new(args: NewGroupArgs) -> (NewGroup, ChangeArgs) {
    let NewGroupArgs { name, description, members, change } = args;
    let members = members.into_iter().map(|MemberArg(member)| member);
    (NewGroup::new(name).description(description).members(members), change)
}

pub(super) async fn run<'a>(
    client: &Client,
    command: GroupCommand,
    handle: impl Fn(GroupId) -> GroupHandle<'a>,
    format: Format,
) -> Result<(), Failure> {
    match command {
        GroupCommand::Show { group } => show::group(&handle(group).get().await?, format)?,
        GroupCommand::Rename { group, name, change } => {
            show::group(&with(handle(group).rename(name), change).await?, format)?;
        }
        GroupCommand::Update { group, name, description, join_policy, change } => {
            let settings = Settings { name, description, join_policy };
            show::group(&with(handle(group).update(settings), change).await?, format)?;
        }
        GroupCommand::Delete { group, change } => {
            with(handle(group).delete(), change).await?;
            format.done("The group is deleted.")?;
        }
        GroupCommand::Members { group } => show::members(&handle(group).all_members().await?, format)?,
        GroupCommand::Add { group, users, role, change } => add(&handle(group), &users, role, change, format).await?,
        GroupCommand::Remove { group, user, change } => {
            with(handle(group).remove(user), change).await?;
            format.done("The member is removed.")?;
        }
        GroupCommand::Role { group, user, role, change } => {
            show::member(&with(handle(group).set_role(user, role), change).await?, format)?;
        }
        GroupCommand::Transfer { group, user, change } => {
            show::member(&with(handle(group).set_role(user, Role::Owner), change).await?, format)?;
        }
        GroupCommand::History { group, after, limit } => {
            show::changes(&history(&handle(group), after, limit).await?, format)?;
        }
        GroupCommand::Invite(args) => ways_in::invite(args, handle, format).await?,
        GroupCommand::Requests(args) => ways_in::requests(args, handle, format).await?,
        GroupCommand::Ban(args) => ways_in::ban(args, handle, format).await?,
        GroupCommand::Link(args) => ways_in::link(client, args, handle, format).await?,
    }
    Ok(())
}

async fn add(
    group: &GroupHandle<'_>,
    users: &[groups_client::UserId],
    role: Role,
    change: ChangeArgs,
    format: Format,
) -> Result<(), Failure> {
    let members: Vec<_> = users.iter().map(|user_id| NewMember { user_id: *user_id, role }).collect();
    // One user who cannot be added is an error; of several, each has an outcome.
    let call = match members[..] {
        [member] => group.add(member),
        _ => group.add_all(&members),
    };
    let added = with(call, change).await?;
    Ok(format.list(&added.results, ["USER", "OUTCOME"], |result| {
        let outcome = match result.outcome {
            Some(AddOutcome::Added) => "added",
            Some(AddOutcome::AlreadyMember) => "already a member",
            Some(AddOutcome::NotAllowed) => "not allowed",
            Some(AddOutcome::TooManyGroups) => "in too many groups",
            _ => "not added",
        };
        [result.user_id.to_string(), outcome.to_owned()]
    })?)
}

async fn history(
    group: &GroupHandle<'_>,
    after: Option<u64>,
    limit: Option<u32>,
) -> Result<Vec<ChangeRecord>, Failure> {
    let most = limit.map_or(usize::MAX, |limit| limit as usize);
    let (mut changes, mut after) = (Vec::new(), after.map(|version| version.to_string()));
    while changes.len() < most {
        let missing = u32::try_from(most - changes.len()).unwrap_or(u32::MAX);
        let page = group.history(Page { limit: Some(missing.min(500)), after }).await?;
        changes.extend(page.changes);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    changes.truncate(most);
    Ok(changes)
}
