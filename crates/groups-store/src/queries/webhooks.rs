//! Webhooks and their settings.

use diesel::prelude::*;
use groups_domain::Timestamp;
use uuid::Uuid;

use super::sinks;
use crate::column::Id;
use crate::connection::{Connection, RunQueryDsl};
use crate::query_error::{QueryError, reading};
use crate::row::to_stored;
use crate::schema::{webhook_attempts, webhooks};
use crate::webhook::{PREVIOUS_SECRET_KEPT, WEBHOOKS_MAX};
use crate::webhook_row::WebhookRow;
use crate::{
    NewWebhook, PauseReason, Position, PreviousSecret, Reason, StoreError, Webhook, WebhookChange, WebhookChanged,
    WebhookCreated, WebhookDeleted, WebhookKey, WebhookPage, WebhookSecrets, WebhookState,
};

/// Maximum attempts to change a webhook that other writers change concurrently.
const ATTEMPTS_MAX: usize = 8;

/// Serializes the requests that create a webhook, so that there are never too many.
const CREATION_LOCK: Id = Id(Uuid::nil());

pub(crate) async fn create<C: Connection>(
    conn: &mut C,
    store: Uuid,
    new: NewWebhook,
) -> Result<WebhookCreated, QueryError> {
    conn.lock_users(&[CREATION_LOCK]).await?;
    if let Some(row) = row(conn, new.webhook_id).await? {
        let same = row.fingerprint == new.fingerprint;
        return Ok(if same { WebhookCreated::Repeated(Box::new(row.webhook()?)) } else { WebhookCreated::IdReused });
    }
    let count: i64 = webhooks::table.count().get_result(conn).await.map_err(reading("webhooks"))?;
    if count >= i64::from(WEBHOOKS_MAX) {
        return Ok(WebhookCreated::TooMany);
    }
    let webhook = Webhook {
        webhook_id: new.webhook_id,
        version: 1,
        url: new.url,
        types: new.types,
        description: new.description,
        state: WebhookState::Active,
        secrets: WebhookSecrets { current: new.secret, previous: None },
        position: sinks::end_of_log(conn, store).await?,
        generation: 1,
        failing_since: None,
        last_error: None,
        created_at: new.at,
        updated_at: new.at,
    };
    let row = WebhookRow::new(&webhook, &new.fingerprint);
    diesel::insert_into(webhooks::table).values(row).execute(conn).await?;
    Ok(WebhookCreated::Created(Box::new(webhook)))
}

pub(crate) async fn list<C: Connection>(
    conn: &mut C,
    after: Option<WebhookKey>,
    limit: u32,
) -> Result<WebhookPage, QueryError> {
    let limit = limit.max(1);
    let (at, id) = after.map_or((i64::MIN, Uuid::nil()), |key| (key.created_at.unix_millis(), key.webhook_id));
    let rows = webhooks::table
        .filter(webhooks::created_at.ge(at))
        .filter(webhooks::created_at.gt(at).or(webhooks::id.gt(Id(id))))
        .order((webhooks::created_at, webhooks::id))
        .limit(i64::from(limit) + 1);
    let mut rows: Vec<WebhookRow> = rows.load(conn).await.map_err(reading("webhooks"))?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let webhooks = rows.into_iter().map(WebhookRow::webhook).collect::<Result<Vec<_>, StoreError>>()?;
    let next = more.then(|| webhooks.last().map(Webhook::key)).flatten();
    Ok(WebhookPage { webhooks, next })
}

pub(crate) async fn get<C: Connection>(conn: &mut C, webhook: Uuid) -> Result<Option<Webhook>, QueryError> {
    Ok(row(conn, webhook).await?.map(WebhookRow::webhook).transpose()?)
}

pub(crate) async fn change<C: Connection>(
    conn: &mut C,
    webhook: Uuid,
    expected_version: Option<u64>,
    change: WebhookChange,
    at: Timestamp,
) -> Result<WebhookChanged, QueryError> {
    for _ in 0..ATTEMPTS_MAX {
        let Some(row) = row(conn, webhook).await? else { return Ok(WebhookChanged::NotFound) };
        let fingerprint = row.fingerprint.clone();
        let known = row.webhook()?;
        if expected_version.is_some_and(|expected| expected != known.version) {
            return Ok(WebhookChanged::VersionMismatch(known.version));
        }
        let mut changed = changed(&known, &change, at);
        if changed == known {
            return Ok(WebhookChanged::Changed(Box::new(known)));
        }
        changed.version += 1;
        changed.updated_at = at;
        let row = WebhookRow::new(&changed, &fingerprint);
        // Not the position and the generation, which others may change meanwhile.
        let update = diesel::update(unchanged(&known)).set((
            webhooks::version.eq(row.version),
            webhooks::url.eq(row.url),
            webhooks::types.eq(row.types),
            webhooks::description.eq(row.description),
            webhooks::paused.eq(row.paused),
            webhooks::secret.eq(row.secret),
            webhooks::previous_secret.eq(row.previous_secret),
            webhooks::previous_until.eq(row.previous_until),
            webhooks::updated_at.eq(row.updated_at),
        ));
        if update.execute(conn).await? == 0 {
            continue;
        }
        let failed = |webhook: &Webhook| webhook.failing_since.is_some() || webhook.last_error.is_some();
        if failed(&known) && !failed(&changed) {
            no_failure(conn, webhook).await?;
        }
        // It may be further than when it was read.
        return Ok(get(conn, webhook)
            .await?
            .map_or(WebhookChanged::NotFound, |now| WebhookChanged::Changed(now.into())));
    }
    Err(StoreError::Unavailable(Reason::Busy).into())
}

/// A webhook with new settings.
fn changed(known: &Webhook, change: &WebhookChange, at: Timestamp) -> Webhook {
    let mut webhook = known.clone();
    let fresh = |webhook: &mut Webhook| (webhook.failing_since, webhook.last_error) = (None, None);
    if let Some(url) = change.url.as_ref().filter(|url| **url != known.url) {
        webhook.url.clone_from(url);
        fresh(&mut webhook);
    }
    if let Some(types) = &change.types {
        webhook.types.clone_from(types);
    }
    if let Some(description) = &change.description {
        webhook.description.clone_from(description);
    }
    match (change.active, known.state) {
        (Some(true), WebhookState::Paused(_)) => {
            webhook.state = WebhookState::Active;
            fresh(&mut webhook);
        }
        (Some(false), WebhookState::Active) => webhook.state = WebhookState::Paused(PauseReason::Operator),
        _ => {}
    }
    let WebhookSecrets { current, previous } = &known.secrets;
    let is_known = |secret: &&_| *secret == current || previous.as_ref().is_some_and(|kept| kept.secret == **secret);
    if let Some(secret) = change.secret.as_ref().filter(|secret| !is_known(secret)) {
        let kept_ms = i64::try_from(PREVIOUS_SECRET_KEPT.as_millis()).unwrap_or(i64::MAX);
        let until = Timestamp::from_unix_millis(at.unix_millis().saturating_add(kept_ms));
        let previous = PreviousSecret { secret: current.clone(), until };
        webhook.secrets = WebhookSecrets { current: secret.clone(), previous: Some(previous) };
    }
    webhook
}

async fn no_failure<C: Connection>(conn: &mut C, webhook: Uuid) -> Result<(), QueryError> {
    let none = (webhooks::failing_since.eq(None::<i64>), webhooks::last_error.eq(None::<String>));
    diesel::update(webhooks::table.find(Id(webhook))).set(none).execute(conn).await?;
    Ok(())
}

/// Deletes a webhook and its attempts.
pub(crate) async fn delete<C: Connection>(
    conn: &mut C,
    webhook: Uuid,
    expected_version: Option<u64>,
) -> Result<WebhookDeleted, QueryError> {
    for _ in 0..ATTEMPTS_MAX {
        let Some(known) = row(conn, webhook).await? else { return Ok(WebhookDeleted::NotFound) };
        let version = u64::try_from(known.version).unwrap_or_default();
        if expected_version.is_some_and(|expected| expected != version) {
            return Ok(WebhookDeleted::VersionMismatch(version));
        }
        let same = webhooks::table.filter(webhooks::id.eq(Id(webhook))).filter(webhooks::version.eq(known.version));
        if diesel::delete(same).execute(conn).await? == 1 {
            // After the webhook: nobody can add attempts to it any more.
            let attempts = webhook_attempts::table.filter(webhook_attempts::webhook_id.eq(Id(webhook)));
            diesel::delete(attempts).execute(conn).await?;
            return Ok(WebhookDeleted::Deleted);
        }
    }
    Err(StoreError::Unavailable(Reason::Busy).into())
}

/// Makes a webhook active and continues after a position.
pub(crate) async fn replay<C: Connection>(
    conn: &mut C,
    store: Uuid,
    webhook: Uuid,
    after: Position,
    at: Timestamp,
) -> Result<Option<Webhook>, QueryError> {
    if row(conn, webhook).await?.is_none() {
        return Ok(None);
    }
    sinks::check_kept(conn, store, after.clone()).await?;
    let paused = webhooks::table.filter(webhooks::id.eq(Id(webhook))).filter(webhooks::paused.is_not_null());
    let activated = (
        webhooks::paused.eq(None::<i16>),
        webhooks::version.eq(webhooks::version + 1),
        webhooks::updated_at.eq(at.unix_millis()),
    );
    diesel::update(paused).set(activated).execute(conn).await?;
    let replayed = (webhooks::position.eq(after.stored()), webhooks::generation.eq(webhooks::generation + 1));
    diesel::update(webhooks::table.find(Id(webhook))).set(replayed).execute(conn).await?;
    no_failure(conn, webhook).await?;
    get(conn, webhook).await
}

async fn row<C: Connection>(conn: &mut C, webhook: Uuid) -> Result<Option<WebhookRow>, QueryError> {
    webhooks::table.find(Id(webhook)).first(conn).await.optional().map_err(reading("webhooks"))
}

/// The row of a webhook, unless its settings have changed.
#[diesel::dsl::auto_type]
fn unchanged(known: &Webhook) -> _ {
    let (id, version): (Id, i64) = (Id(known.webhook_id), to_stored(known.version));
    webhooks::table.filter(webhooks::id.eq(id)).filter(webhooks::version.eq(version))
}
