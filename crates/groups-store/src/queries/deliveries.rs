//! Which server delivers to which webhook, and how far it is.

use diesel::dsl::sql as fragment;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use groups_domain::Timestamp;
use uuid::Uuid;

use crate::column::{Id, sql};
use crate::connection::{Connection, RunQueryDsl};
use crate::query_error::{QueryError, reading};
use crate::row::to_stored;
use crate::schema::{webhook_attempts, webhooks};
use crate::webhook::{WEBHOOK_ATTEMPT_KEPT, WEBHOOK_ATTEMPTS_MAX};
use crate::webhook_row::{AttemptRow, WebhookRow, reason_number, stored_error};
use crate::{AttemptKey, AttemptPage, Lease, Webhook, WebhookAttempt, WebhookProgress};

/// Leases every active webhook to which no other server delivers. Returns all that are held.
pub(crate) async fn lease<C: Connection>(conn: &mut C, lease: Lease) -> Result<Vec<Webhook>, QueryError> {
    let leased = diesel::sql_query(
        "UPDATE webhooks SET holder = $1, leased_until = $2 \
         WHERE paused IS NULL AND (leased_until <= $3 OR holder = $1)",
    );
    let leased = leased
        .bind::<sql::Id, _>(Id(lease.holder))
        .bind::<BigInt, _>(lease.until_ms())
        .bind::<BigInt, _>(lease.now.unix_millis());
    if leased.execute(conn).await? == 0 {
        return Ok(Vec::new());
    }
    let rows: Vec<WebhookRow> = webhooks::table
        .filter(webhooks::paused.is_null())
        .filter(fragment::<Bool>("holder = ").bind::<sql::Id, _>(Id(lease.holder)))
        .order((webhooks::created_at, webhooks::id))
        .load(conn)
        .await
        .map_err(reading("webhooks"))?;
    let webhook = |row: WebhookRow| match row.webhook() {
        Ok(webhook) => Some(webhook),
        Err(error) => {
            tracing::error!(%error, "nothing is delivered to a webhook that cannot be read");
            None
        }
    };
    Ok(rows.into_iter().filter_map(webhook).collect())
}

/// Gives up the leases of a holder.
pub(crate) async fn release<C: Connection>(conn: &mut C, holder: Uuid) -> Result<(), QueryError> {
    let held = diesel::sql_query("UPDATE webhooks SET holder = NULL, leased_until = 0 WHERE holder = $1");
    held.bind::<sql::Id, _>(Id(holder)).execute(conn).await?;
    Ok(())
}

/// Saves progress if the lease is still held and nothing was replayed since. Returns whether it was
/// saved.
pub(crate) async fn save<C: Connection>(
    conn: &mut C,
    progress: WebhookProgress,
    holder: Uuid,
    now: Timestamp,
) -> Result<bool, QueryError> {
    let id = Id(progress.webhook_id);
    let held = webhooks::table
        .filter(webhooks::id.eq(id))
        .filter(webhooks::generation.eq(to_stored(progress.generation)))
        .filter(fragment::<Bool>("holder = ").bind::<sql::Id, _>(Id(holder)));
    let update = diesel::update(held).set((
        webhooks::position.eq(progress.position.stored()),
        webhooks::failing_since.eq(progress.failing_since.map(Timestamp::unix_millis)),
        webhooks::last_error.eq(progress.last_error.as_deref().map(stored_error)),
    ));
    // It also locks the row, so the numbers of the attempts are unique.
    if update.execute(conn).await? == 0 {
        return Ok(false);
    }
    if let Some(reason) = progress.pause {
        let active = webhooks::table.filter(webhooks::id.eq(id)).filter(webhooks::paused.is_null());
        let paused = (
            webhooks::paused.eq(Some(reason_number(reason))),
            webhooks::version.eq(webhooks::version + 1),
            webhooks::updated_at.eq(now.unix_millis()),
        );
        diesel::update(active).set(paused).execute(conn).await?;
    }
    append(conn, id, progress.attempts, now).await?;
    Ok(true)
}

/// Adds attempts, and deletes the oldest ones beyond the limits.
async fn append<C: Connection>(
    conn: &mut C,
    webhook: Id,
    mut attempts: Vec<WebhookAttempt>,
    now: Timestamp,
) -> Result<(), QueryError> {
    // Those beyond the limit would be deleted at once.
    attempts.drain(..attempts.len().saturating_sub(WEBHOOK_ATTEMPTS_MAX as usize));
    if attempts.is_empty() {
        return Ok(());
    }
    let of_webhook = webhook_attempts::table.filter(webhook_attempts::webhook_id.eq(webhook));
    let newest = of_webhook.order(webhook_attempts::seq.desc()).select(webhook_attempts::seq);
    let newest: Option<i64> = newest.first(conn).await.optional().map_err(reading("webhook_attempts"))?;
    let mut seq = newest.unwrap_or_default();
    for attempt in attempts {
        seq += 1;
        let row = AttemptRow::new(webhook, seq, attempt);
        diesel::insert_into(webhook_attempts::table).values(row).execute(conn).await?;
    }
    let too_many = webhook_attempts::seq.le(seq - i64::from(WEBHOOK_ATTEMPTS_MAX));
    let too_old = webhook_attempts::at.lt(kept_from(now.unix_millis()));
    let dropped = webhook_attempts::table.filter(webhook_attempts::webhook_id.eq(webhook)).filter(too_many.or(too_old));
    diesel::delete(dropped).execute(conn).await?;
    Ok(())
}

/// The time from which attempts are kept.
pub(super) fn kept_from(now_ms: i64) -> i64 {
    now_ms.saturating_sub(i64::try_from(WEBHOOK_ATTEMPT_KEPT.as_millis()).unwrap_or(i64::MAX))
}

/// One page of the attempts of a webhook, newest first; `None` if there is no such webhook.
pub(crate) async fn attempts<C: Connection>(
    conn: &mut C,
    webhook: Uuid,
    after: Option<AttemptKey>,
    limit: u32,
) -> Result<Option<AttemptPage>, QueryError> {
    let known: Option<Id> = webhooks::table
        .find(Id(webhook))
        .select(webhooks::id)
        .first(conn)
        .await
        .optional()
        .map_err(reading("webhooks"))?;
    if known.is_none() {
        return Ok(None);
    }
    let limit = limit.max(1);
    let mut rows: Vec<AttemptRow> = webhook_attempts::table
        .filter(webhook_attempts::webhook_id.eq(Id(webhook)))
        .filter(webhook_attempts::seq.lt(after.map_or(i64::MAX, |AttemptKey(seq)| seq)))
        .order(webhook_attempts::seq.desc())
        .limit(i64::from(limit) + 1)
        .load(conn)
        .await
        .map_err(reading("webhook_attempts"))?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = more.then(|| rows.last().map(|row| AttemptKey(row.seq))).flatten();
    Ok(Some(AttemptPage { attempts: rows.into_iter().map(AttemptRow::attempt).collect(), next }))
}
