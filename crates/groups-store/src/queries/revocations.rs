//! Revocations of tokens.

use diesel::prelude::*;
use diesel::upsert::excluded;
use groups_domain::Timestamp;

use crate::Revocation;
use crate::column::Id;
use crate::connection::{Connection, RunQueryDsl};
use crate::query_error::{QueryError, reading};
use crate::schema::revocations;

/// Saves a revocation. The later `not_before` and the later end of a user win.
pub(crate) async fn put<C: Connection>(conn: &mut C, revocation: Revocation) -> Result<(), QueryError> {
    let Revocation { user_id, not_before, kept_until } = revocation;
    let user = Id::from(user_id);
    let (mut not_before, mut kept_until) = (not_before.unix_millis(), kept_until.unix_millis());
    conn.lock_users(&[user]).await?;
    let known: Option<(i64, i64)> = revocations::table
        .filter(revocations::user_id.eq(user))
        .select((revocations::not_before, revocations::kept_until))
        .first(conn)
        .await
        .optional()
        .map_err(reading("revocations"))?;
    if let Some((known_not_before, known_kept_until)) = known {
        (not_before, kept_until) = (not_before.max(known_not_before), kept_until.max(known_kept_until));
    }
    diesel::insert_into(revocations::table)
        .values((
            revocations::user_id.eq(user),
            revocations::not_before.eq(not_before),
            revocations::kept_until.eq(kept_until),
        ))
        .on_conflict(revocations::user_id)
        .do_update()
        .set((
            revocations::not_before.eq(excluded(revocations::not_before)),
            revocations::kept_until.eq(excluded(revocations::kept_until)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// The revocations that are in force after a time, newest end first, at most so many.
pub(crate) async fn list<C: Connection>(
    conn: &mut C,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Revocation>, QueryError> {
    let rows: Vec<(Id, i64, i64)> = revocations::table
        .filter(revocations::kept_until.gt(now.unix_millis()))
        .order(revocations::kept_until.desc())
        .limit(i64::from(limit))
        .select((revocations::user_id, revocations::not_before, revocations::kept_until))
        .load(conn)
        .await
        .map_err(reading("revocations"))?;
    let revocation = |(user, not_before, kept_until): (Id, i64, i64)| Revocation {
        user_id: user.user(),
        not_before: Timestamp::from_unix_millis(not_before),
        kept_until: Timestamp::from_unix_millis(kept_until),
    };
    Ok(rows.into_iter().map(revocation).collect())
}
