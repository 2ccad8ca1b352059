//! Executes commands.

mod admin;
mod change;
mod feed;
mod generate;
mod group;
mod outsider;
mod show;
mod user;
mod watch;
mod ways_in;
mod webhook;
mod words;

use std::process::ExitCode;

use self::change::with;
use crate::cli::{Cli, Command};
use crate::config::ConfigFile;
use crate::failure::Failure;
use crate::output::Format;
use crate::profile::Profile;

/// Executes a command.
pub(crate) async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let format = match (cli.json, cli.quiet) {
        (true, _) => Format::Json,
        (false, true) => Format::Quiet,
        (false, false) => Format::Table,
    };
    match &cli.command {
        Command::Completion { shell } => return generate::completion(*shell).map(|()| ExitCode::SUCCESS),
        Command::Man { folder } => return generate::man(folder.as_deref()).map(|()| ExitCode::SUCCESS),
        _ => {}
    }
    let config = ConfigFile::read()?;
    let profile = Profile::find(&cli.server, &config)?;
    if let Command::Login { name } = &cli.command {
        user::login(&profile, &config, name, format).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let client = profile.client(cli.server.profile.is_some())?;
    match cli.command {
        Command::Completion { .. } | Command::Man { .. } | Command::Login { .. } => {}
        Command::WhoAmI => user::whoami(&client, format).await?,
        Command::List => outsider::list(&client, format).await?,
        Command::Create(group) => {
            let (group, change) = group::new(group);
            show::group(&with(client.groups().create(group), change).await?, format)?;
        }
        Command::Group(command) => {
            let handle = |id| client.group(id);
            group::run(&client, command, handle, format).await?;
        }
        Command::Outsider(command) => outsider::run(&client, command, format).await?,
        Command::Leave { group, successor, change } => {
            with(client.group(group).leave(successor), change).await?;
            format.done("You have left the group.")?;
        }
        Command::Watch { cursor_file } => watch::run(&client, cursor_file, format).await?,
        Command::People { name } => user::people(&client, &name, format).await?,
        Command::Block { user } => {
            client.blocks().block(user).await?;
            format.done("The user is blocked.")?;
        }
        Command::Unblock { user } => {
            client.blocks().unblock(user).await?;
            format.done("The user is not blocked.")?;
        }
        Command::Blocks => user::blocks(&client, format).await?,
        Command::Feed { after, once } => feed::run(client.admin(), after, once, format).await?,
        Command::Webhook(command) => return webhook::run(client.admin().webhooks(), command, format).await,
        Command::Admin(command) => return admin::run(&client, command, format).await,
    }
    Ok(ExitCode::SUCCESS)
}
