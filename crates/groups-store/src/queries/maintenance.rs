//! Database metadata, names, and pruning.

use std::collections::HashMap;

use diesel::dsl::auto_type;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use uuid::Uuid;

use super::{deliveries, statements};
use crate::batch::KEY_KEPT_MS;
use crate::column::{CommitId, Id};
use crate::connection::{Connection, RunQueryDsl};
use crate::cursor::{CursorKey, ERASED};
use crate::ledger::day_of;
use crate::prune_clock::PruneTime;
use crate::query_error::{QueryError, reading};
use crate::row_set::{Names, RowSet, With};
use crate::schema::{log, meta};
use crate::{Pruned, StoreError};

const STORE_ID: &str = "store_id";
const CURSOR_KEY: &str = "cursor_key";
const LOG_FLOOR: &str = "log_floor";
const PRUNED_AT: &str = "pruned_at";

/// Behind all names that start with [`ERASED`].
const ERASED_END: &str = "erased;";

/// The database's id. If there is none yet, stores the proposal.
pub(crate) async fn store_id<C: Connection>(conn: &mut C, proposal: Uuid) -> Result<Uuid, QueryError> {
    diesel::insert_into(meta::table)
        .values((meta::name.eq(STORE_ID), meta::value.eq(proposal.to_string())))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let value = read_meta(conn, STORE_ID).await?.unwrap_or_default();
    value.parse().map_err(|error| corrupt_meta(STORE_ID, &error).into())
}

/// The database's key for cursors. If there is none yet, stores the proposal.
pub(crate) async fn cursor_key<C: Connection>(conn: &mut C, proposal: CursorKey) -> Result<CursorKey, QueryError> {
    diesel::insert_into(meta::table)
        .values((meta::name.eq(CURSOR_KEY), meta::value.eq(proposal.as_stored())))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(CursorKey::from_stored(read_meta(conn, CURSOR_KEY).await?.unwrap_or_default()))
}

/// The first position from which nothing was pruned.
pub(crate) async fn floor<C: Connection>(conn: &mut C) -> Result<u64, QueryError> {
    floor_of(read_meta(conn, LOG_FLOOR).await?.as_deref())
}

/// The first positions that are valid.
pub(crate) struct Floors {
    /// For all readers: from here on, nothing was pruned.
    pub(crate) floor: u64,
    /// For one user: from here on, nothing of theirs was erased.
    pub(crate) of_user: u64,
}

/// The floors of a user. `mark` is the user's name in this table; it does not reveal the user. See
/// [`Cursors::mark_of`](crate::Cursors).
pub(crate) async fn floors<C: Connection>(conn: &mut C, mark: &str) -> Result<Floors, QueryError> {
    let rows = floor_rows(vec![floor_name(), mark.to_owned()]).load(conn).await.map_err(reading("meta"))?;
    let mut floors = floors_in(rows)?;
    let mut floor = |name| floors.remove(name).unwrap_or_default();
    Ok(Floors { floor: floor(LOG_FLOOR), of_user: floor(mark) })
}

/// The name of the floor for all readers.
pub(crate) fn floor_name() -> String {
    LOG_FLOOR.to_owned()
}

/// The rows of these floors: their names and values.
#[auto_type(no_type_alias)]
pub(crate) fn floor_rows(names: Vec<String>) -> _ {
    meta::table.filter(meta::name.eq_any(names)).select((meta::name, meta::value))
}

/// Floors by their names.
pub(crate) fn floors_in(rows: Vec<(String, String)>) -> Result<HashMap<String, u64>, QueryError> {
    let floor = |(name, value): (String, String)| {
        let floor = value.parse().map_err(|error| corrupt_meta(&name, &error))?;
        Ok((name, floor))
    };
    rows.into_iter().map(floor).collect()
}

/// Raises a floor.
pub(crate) async fn raise_floor<C: Connection>(conn: &mut C, name: &str, floor: u64) -> Result<(), QueryError> {
    // With leading zeros, so that the texts sort like the numbers.
    let floor = format!("{floor:020}");
    diesel::insert_into(meta::table)
        .values((meta::name.eq(name), meta::value.eq("0".repeat(20))))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    diesel::update(meta::table.find(name).filter(meta::value.lt(&floor)))
        .set(meta::value.eq(&floor))
        .execute(conn)
        .await?;
    Ok(())
}

/// The same, from the value of `log_floor` in `meta`.
pub(crate) fn floor_of(value: Option<&str>) -> Result<u64, QueryError> {
    match value {
        None => Ok(0),
        Some(value) => value.parse().map_err(|error| corrupt_meta(LOG_FLOOR, &error).into()),
    }
}

/// Saves names with their search keys and times. No user may occur twice.
pub(crate) async fn remember_names<C: Connection>(
    conn: &mut C,
    rows: Vec<(Id, String, String, i64)>,
) -> Result<(), QueryError> {
    for set in Names::chunks(rows) {
        With::execute(set, statements::UPSERT_NAMES).execute(conn).await?;
    }
    Ok(())
}

/// Fails if the database cannot be written.
pub(crate) async fn check_writable<C: Connection>(conn: &mut C) -> Result<(), QueryError> {
    conn.check_writable().await
}

/// Deletes at most `step_max` rows of each kind that are past their retention. Returns the time
/// that it used.
pub(crate) async fn prune<C: Connection>(
    conn: &mut C,
    time: PruneTime,
    log_kept_ms: i64,
    step_max: u32,
) -> Result<(Pruned, i64), QueryError> {
    let now = prune_time(conn, time).await?;
    // The answer of an idempotency key refers to its change in the log, so changes are kept at
    // least as long as keys.
    let log_end = now.saturating_sub(log_kept_ms.max(KEY_KEPT_MS));
    let key_end = now.saturating_sub(KEY_KEPT_MS);
    let keys = run(
        "DELETE FROM idempotency WHERE (actor_id, key) IN \
         (SELECT actor_id, key FROM idempotency WHERE created_at <= $1 ORDER BY created_at LIMIT $2)",
        key_end,
        step_max,
        conn,
    );
    let keys = keys.await?;
    let changes = prune_log(conn, log_end, step_max).await?;
    // An interval is deleted only after its last change: until then a reader may need the event of
    // its end.
    let memberships = run(
        "DELETE FROM memberships WHERE (group_id, user_id, joined_version) IN \
         (SELECT group_id, user_id, joined_version FROM memberships AS m \
          WHERE m.left_version IS NOT NULL AND m.left_at < $1 AND NOT EXISTS \
          (SELECT 1 FROM log AS l WHERE l.group_id = m.group_id AND l.version = m.left_version) \
          ORDER BY m.left_at LIMIT $2)",
        log_end,
        step_max,
        conn,
    );
    let memberships = memberships.await?;
    let of_deleted_groups = run(
        "DELETE FROM memberships WHERE (group_id, user_id, joined_version) IN \
         (SELECT m.group_id, m.user_id, m.joined_version FROM groups AS g JOIN memberships AS m ON m.group_id = g.id \
          WHERE g.deleted_version IS NOT NULL AND g.updated_at < $1 AND NOT EXISTS \
          (SELECT 1 FROM log AS l WHERE l.group_id = g.id AND l.version = g.deleted_version) LIMIT $2)",
        log_end,
        step_max,
        conn,
    );
    let memberships = memberships + of_deleted_groups.await?;
    let (standings, links) = prune_standings(conn, log_end, step_max).await?;
    let groups = run(
        "DELETE FROM groups WHERE id IN \
         (SELECT g.id FROM groups AS g WHERE g.deleted_version IS NOT NULL AND g.updated_at < $1 \
          AND NOT EXISTS (SELECT 1 FROM log AS l WHERE l.group_id = g.id) \
          AND NOT EXISTS (SELECT 1 FROM memberships AS m WHERE m.group_id = g.id) \
          AND NOT EXISTS (SELECT 1 FROM standings AS s WHERE s.group_id = g.id) \
          AND NOT EXISTS (SELECT 1 FROM links AS k WHERE k.group_id = g.id) \
          ORDER BY g.updated_at LIMIT $2)",
        log_end,
        step_max,
        conn,
    );
    let groups = groups.await?;
    // Servers with a different clock may still count on the previous day.
    let usage = run(
        "DELETE FROM usage WHERE (day, user_id) IN (SELECT day, user_id FROM usage WHERE day < $1 ORDER BY day LIMIT $2)",
        day_of(now) - 1,
        step_max,
        conn,
    );
    let usage = usage.await?;
    let revocations = run(
        "DELETE FROM revocations WHERE user_id IN \
         (SELECT user_id FROM revocations WHERE kept_until <= $1 ORDER BY kept_until LIMIT $2)",
        now,
        step_max,
        conn,
    );
    let revocations = revocations.await?;
    let webhook_attempts = run(
        "DELETE FROM webhook_attempts WHERE (webhook_id, seq) IN \
         (SELECT webhook_id, seq FROM webhook_attempts WHERE at < $1 ORDER BY at LIMIT $2)",
        deliveries::kept_from(now),
        step_max,
        conn,
    );
    let webhook_attempts = webhook_attempts.await?;
    Ok((Pruned { changes, memberships, standings, links, groups, keys, usage, revocations, webhook_attempts }, now))
}

/// Deletes standings that have ended, and standings and links of deleted groups.
async fn prune_standings<C: Connection>(conn: &mut C, log_end: i64, step_max: u32) -> Result<(u32, u32), QueryError> {
    let ended = run(
        "DELETE FROM standings WHERE (group_id, user_id, since_version) IN \
         (SELECT group_id, user_id, since_version FROM standings AS s \
          WHERE s.ended_version IS NOT NULL AND s.ended_at < $1 AND NOT EXISTS \
          (SELECT 1 FROM log AS l WHERE l.group_id = s.group_id AND l.version = s.ended_version) \
          ORDER BY s.ended_at LIMIT $2)",
        log_end,
        step_max,
        conn,
    );
    let ended = ended.await?;
    let of_deleted_groups = run(
        "DELETE FROM standings WHERE (group_id, user_id, since_version) IN \
         (SELECT s.group_id, s.user_id, s.since_version FROM groups AS g JOIN standings AS s ON s.group_id = g.id \
          WHERE g.deleted_version IS NOT NULL AND g.updated_at < $1 AND NOT EXISTS \
          (SELECT 1 FROM log AS l WHERE l.group_id = g.id AND l.version = g.deleted_version) LIMIT $2)",
        log_end,
        step_max,
        conn,
    );
    let standings = ended + of_deleted_groups.await?;
    let links = run(
        "DELETE FROM links WHERE id IN \
         (SELECT k.id FROM groups AS g JOIN links AS k ON k.group_id = g.id \
          WHERE g.deleted_version IS NOT NULL AND g.updated_at < $1 LIMIT $2)",
        log_end,
        step_max,
        conn,
    );
    Ok((standings, links.await?))
}

/// The time that pruning uses. It is stored, so that the next pruning continues from it.
async fn prune_time<C: Connection>(conn: &mut C, time: PruneTime) -> Result<i64, QueryError> {
    let kept = match read_meta(conn, PRUNED_AT).await? {
        None => None,
        Some(value) => Some(value.parse::<i64>().map_err(|error| corrupt_meta(PRUNED_AT, &error))?),
    };
    let known = match kept {
        Some(kept) => kept,
        // Nothing was ever pruned: use the time of the newest change.
        None => {
            let newest = log::table.order(log::seq.desc()).select(log::at).first::<i64>(conn).await.optional();
            newest.map_err(reading("log"))?.unwrap_or(i64::MAX)
        }
    };
    let believed = time.believed(known);
    if kept.is_none_or(|kept| kept < believed) {
        // With leading zeros, so that the texts sort like the numbers.
        let value = format!("{:020}", believed.max(0));
        diesel::insert_into(meta::table)
            .values((meta::name.eq(PRUNED_AT), meta::value.eq(&value)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
        diesel::update(meta::table.find(PRUNED_AT).filter(meta::value.lt(&value)))
            .set(meta::value.eq(&value))
            .execute(conn)
            .await?;
    }
    Ok(believed)
}

/// Deletes the oldest changes by time, and stores the new start of the log.
async fn prune_log<C: Connection>(conn: &mut C, end: i64, step_max: u32) -> Result<u32, QueryError> {
    let old: Vec<(i64, CommitId)> = log::table
        .filter(log::at.lt(end))
        .order(log::at)
        .limit(i64::from(step_max))
        .select((log::seq, log::commit_id))
        .load(conn)
        .await
        .map_err(reading("log"))?;
    let Some(last) = old.iter().map(|(_, commit)| commit.0).max() else { return Ok(0) };
    let floor = last.saturating_add(1);
    raise_floor(conn, LOG_FLOOR, floor).await?;
    // The floor of everybody is above those of these users.
    let marks = meta::table
        .filter(meta::name.ge(ERASED))
        .filter(meta::name.lt(ERASED_END))
        .filter(meta::value.le(format!("{floor:020}")));
    diesel::delete(marks).execute(conn).await?;
    let mut count = 0;
    for old in old.chunks(crate::row_set::ROWS_MAX) {
        let seqs: Vec<i64> = old.iter().map(|(seq, _)| *seq).collect();
        count += diesel::delete(log::table.filter(log::seq.eq_any(seqs))).execute(conn).await?;
    }
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Both databases accept `$1` and `$2` as the first and second parameter.
async fn run<C: Connection>(statement: &str, end: i64, step_max: u32, conn: &mut C) -> Result<u32, QueryError> {
    let statement = diesel::sql_query(statement).bind::<BigInt, _>(end).bind::<BigInt, _>(i64::from(step_max));
    Ok(u32::try_from(statement.execute(conn).await?).unwrap_or(u32::MAX))
}

async fn read_meta<C: Connection>(conn: &mut C, name: &str) -> Result<Option<String>, QueryError> {
    meta::table.find(name).select(meta::value).first(conn).await.optional().map_err(reading("meta"))
}

fn corrupt_meta(name: &str, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt { table: "meta", id: name.to_owned(), detail: error.to_string() }
}
