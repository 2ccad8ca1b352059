//! Commands of operators.

use std::process::ExitCode;

use groups_client::{Admin, Check, Client, GroupQuery, Job, JobId, JobState, NewOwnedGroup, Page, Removal, UserId};

use super::change::with;
use super::{feed, group, show};
use crate::cli::{AdminCommand, AdminGroupCommand, UserCommand};
use crate::failure::{FAILED, Failure};
use crate::output::{Format, line, to_json};

pub(super) async fn run(client: &Client, command: AdminCommand, format: Format) -> Result<ExitCode, Failure> {
    let admin = client.admin();
    match command {
        AdminCommand::Groups(command) => groups(client, command, format).await?,
        AdminCommand::Users(command) => users(admin, command, format).await?,
        AdminCommand::Jobs { job, wait } => job_state(admin, &job, wait, format).await?,
        AdminCommand::Disconnect { user, not_before } => {
            admin.disconnect(user, not_before).await?;
            format.done("The user's connections are closed.")?;
        }
        AdminCommand::Stats => stats(admin, format).await?,
        AdminCommand::Check { group, user, role } => {
            let checks = admin.check(&[Check { group_id: group, user_id: user, role }], None).await?;
            let result = checks.results.first().copied();
            let member = result.is_some_and(|result| result.member);
            let role = result.and_then(|result| result.role).map_or_else(|| "-".to_owned(), |role| role.to_string());
            format.one(&result, [("member", if member { "yes" } else { "no" }.to_owned()), ("role", role)])?;
            return Ok(if member { ExitCode::SUCCESS } else { ExitCode::from(FAILED) });
        }
        AdminCommand::Changes { after, follow } => feed::run(admin, after, !follow, format).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn groups(client: &Client, command: AdminGroupCommand, format: Format) -> Result<(), Failure> {
    let admin = client.admin();
    match command {
        AdminGroupCommand::Find { name, user } => {
            let query = GroupQuery { name, user_id: user };
            let (mut groups, mut after) = (Vec::new(), None);
            loop {
                let page = admin.find_groups(query.clone(), Page { limit: Some(500), after }).await?;
                groups.extend(page.groups);
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
            show::groups(&groups, format)?;
        }
        AdminGroupCommand::Create { owner, group, id } => {
            let (group, change) = group::new(group);
            let group = NewOwnedGroup { owner_id: owner, group_id: id, group };
            show::group(&with(admin.create_group(group), change).await?, format)?;
        }
        AdminGroupCommand::Group(command) => group::run(client, command, |id| admin.group(id), format).await?,
    }
    Ok(())
}

async fn users(admin: Admin<'_>, command: UserCommand, format: Format) -> Result<(), Failure> {
    match command {
        UserCommand::Leave { user, wait } => remove(admin, user, Removal::Leave, wait, format).await,
        UserCommand::Erase { user, wait } => remove(admin, user, Removal::Erase, wait, format).await,
        UserCommand::Name { user, name } => {
            admin.set_name(user, &name).await?;
            Ok(format.done("The name is set.")?)
        }
        UserCommand::Find { subject, issuer } => {
            let found = admin.find_user(&subject, issuer.as_deref()).await?;
            Ok(format.one(&found, [("user", found.user_id.to_string())])?)
        }
    }
}

async fn remove(admin: Admin<'_>, user: UserId, removal: Removal, wait: bool, format: Format) -> Result<(), Failure> {
    let started = admin.remove_user(user, removal).await?;
    match wait {
        true => job_state(admin, &started.job_id, true, format).await,
        false => Ok(format.one(&started, [("job", started.job_id.to_string())])?),
    }
}

async fn job_state(admin: Admin<'_>, id: &JobId, wait: bool, format: Format) -> Result<(), Failure> {
    let job = match wait {
        true => admin.wait_for(id, |_| {}).await?,
        false => admin.job(id).await?,
    };
    let Job { state, done, total, .. } = job;
    let text = match state {
        JobState::Running => "running",
        JobState::Done => "done",
        JobState::Failed => "failed",
    };
    let fields = [("job", id.to_string()), ("state", text.to_owned()), ("groups", format!("{done} of {total}"))];
    format.one(&job, fields)?;
    if state == JobState::Failed { Err(Failure::Job { done, total }) } else { Ok(()) }
}

async fn stats(admin: Admin<'_>, format: Format) -> Result<(), Failure> {
    let stats = admin.stats().await?;
    if format == Format::Json {
        return Ok(line(&to_json(&stats)?)?);
    }
    let rows: Vec<_> = stats.iter().collect();
    Ok(format.list(&rows, ["NAME", "VALUE"], |(name, value)| [(*name).clone(), value.to_string()])?)
}
