//! Revocations of connections and tokens.

use diesel::prelude::*;
use diesel::upsert::excluded;
use groups_domain::Timestamp;

use crate::Revocation;
use crate::column::Id;
use crate::connection::{Connection, RunQueryDsl};
use crate::query_error::{QueryError, reading};
use crate::schema::revocations;

/// User, `not_before` (0: none), `disconnected_at`, `kept_until`.
type Row = (Id, i64, i64, i64);

fn row(revocation: &Revocation) -> Row {
    let Revocation { user_id, not_before, disconnected_at, kept_until } = revocation;
    let not_before = not_before.map_or(0, Timestamp::unix_millis);
    ((*user_id).into(), not_before, disconnected_at.unix_millis(), kept_until.unix_millis())
}

fn revocation((user_id, not_before, disconnected_at, kept_until): Row) -> Revocation {
    let at = Timestamp::from_unix_millis;
    Revocation {
        user_id: user_id.user(),
        not_before: (not_before != 0).then(|| at(not_before)),
        disconnected_at: at(disconnected_at),
        kept_until: at(kept_until),
    }
}

/// Saves a revocation. If the user has one already, the later of both times applies each time.
/// Returns what was saved.
pub(crate) async fn put<C: Connection>(conn: &mut C, new: Revocation) -> Result<Revocation, QueryError> {
    let (user, mut not_before, mut disconnected_at, mut kept_until) = row(&new);
    conn.lock_users(&[user]).await?;
    let known: Option<Row> = revocations::table
        .filter(revocations::user_id.eq(user))
        .select(revocations::all_columns)
        .first(conn)
        .await
        .optional()
        .map_err(reading("revocations"))?;
    if let Some((_, known_not_before, known_at, known_until)) = known {
        not_before = not_before.max(known_not_before);
        // A new disconnect is always later than the last one, whatever the clocks say.
        disconnected_at = disconnected_at.max(known_at.saturating_add(1));
        kept_until = kept_until.max(known_until);
    }
    diesel::insert_into(revocations::table)
        .values((
            revocations::user_id.eq(user),
            revocations::not_before.eq(not_before),
            revocations::disconnected_at.eq(disconnected_at),
            revocations::kept_until.eq(kept_until),
        ))
        .on_conflict(revocations::user_id)
        .do_update()
        .set((
            revocations::not_before.eq(excluded(revocations::not_before)),
            revocations::disconnected_at.eq(excluded(revocations::disconnected_at)),
            revocations::kept_until.eq(excluded(revocations::kept_until)),
        ))
        .execute(conn)
        .await?;
    Ok(revocation((user, not_before, disconnected_at, kept_until)))
}

/// The revocations that are in force at a time and were made at or after another, oldest first, at
/// most so many.
pub(crate) async fn list<C: Connection>(
    conn: &mut C,
    now: Timestamp,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<Revocation>, QueryError> {
    let rows: Vec<Row> = revocations::table
        .filter(revocations::kept_until.gt(now.unix_millis()))
        .filter(revocations::disconnected_at.ge(since.unix_millis()))
        .order(revocations::disconnected_at)
        .limit(i64::from(limit))
        .select(revocations::all_columns)
        .load(conn)
        .await
        .map_err(reading("revocations"))?;
    Ok(rows.into_iter().map(revocation).collect())
}
