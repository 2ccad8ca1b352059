//! Commands on webhooks, for operators.

use std::process::ExitCode;

use groups_client::{NewWebhook, Uuid, WebhookSettings, WebhookState, WebhookTypes, Webhooks};

use super::change::with;
use super::show::webhook as show;
use crate::cli::{ChangeArgs, WebhookCommand, WebhookTexts};
use crate::failure::{FAILED, Failure};
use crate::output::Format;

pub(super) async fn run(webhooks: Webhooks<'_>, command: WebhookCommand, format: Format) -> Result<ExitCode, Failure> {
    match command {
        WebhookCommand::List => show::webhooks(&webhooks.all().await?, format)?,
        WebhookCommand::Create { receiver, texts: WebhookTexts { types, description }, change } => {
            let webhook = NewWebhook::new(receiver).description(description.unwrap_or_default());
            let webhook = if types.is_empty() { webhook } else { webhook.types(types) };
            show::with_secret(&with(webhooks.create(webhook), change).await?, format)?;
        }
        WebhookCommand::Show { webhook } => show::webhook(&webhooks.get(webhook).await?, format)?,
        WebhookCommand::Set { webhook, receiver, texts: WebhookTexts { types, description }, all_types, change } => {
            let types = match all_types {
                true => Some(WebhookTypes::Changes),
                false => (!types.is_empty()).then_some(WebhookTypes::Only(types)),
            };
            let settings = WebhookSettings { url: receiver, types, description, ..WebhookSettings::default() };
            update(webhooks, webhook, settings, change, format).await?;
        }
        WebhookCommand::Pause { webhook, change } => {
            update(webhooks, webhook, state(WebhookState::Paused), change, format).await?;
        }
        WebhookCommand::Resume { webhook, change } => {
            update(webhooks, webhook, state(WebhookState::Active), change, format).await?;
        }
        WebhookCommand::Rotate { webhook, change } => {
            let settings = WebhookSettings { rotate_secret: true, ..WebhookSettings::default() };
            show::with_secret(&with(webhooks.update(webhook, settings), change).await?, format)?;
        }
        WebhookCommand::Delete { webhook, change } => {
            with(webhooks.delete(webhook), change).await?;
            format.done("The webhook is deleted.")?;
        }
        WebhookCommand::Test { webhook } => {
            let result = webhooks.test(webhook).await?;
            show::test(&result, format)?;
            return Ok(if result.delivered { ExitCode::SUCCESS } else { ExitCode::from(FAILED) });
        }
        WebhookCommand::Deliveries { webhook } => {
            show::deliveries(&webhooks.all_deliveries(webhook).await?, format)?;
        }
        WebhookCommand::Replay { webhook, after, change } => {
            show::webhook(&with(webhooks.replay(webhook, &after), change).await?, format)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn update(
    webhooks: Webhooks<'_>,
    id: Uuid,
    settings: WebhookSettings,
    change: ChangeArgs,
    format: Format,
) -> Result<(), Failure> {
    let updated = with(webhooks.update(id, settings), change).await?;
    Ok(show::webhook(&updated.webhook, format)?)
}

fn state(state: WebhookState) -> WebhookSettings {
    WebhookSettings { state: Some(state), ..WebhookSettings::default() }
}
