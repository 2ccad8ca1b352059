//! Saved positions of durable log consumers.

use diesel::prelude::*;
use groups_domain::Timestamp;
use uuid::Uuid;

use super::maintenance;
use crate::column::CommitId;
use crate::connection::{Connection, RunQueryDsl};
use crate::position::{Seen, Witness, WitnessRow};
use crate::query_error::{QueryError, reading};
use crate::row::to_stored;
use crate::schema::{log, sink_positions};
use crate::{Position, Reason, StoreError};

/// Maximum attempts to save a position that other writers change concurrently.
const ATTEMPTS_MAX: usize = 8;

/// The position of the end of the log.
pub(crate) async fn end_of_log<C: Connection>(conn: &mut C, store: Uuid) -> Result<Position, QueryError> {
    let Seen { point, witness } = conn.read_point().await?;
    Ok(Position::new(store, &point, witness))
}

/// The saved position of a sink, if any.
pub(crate) async fn position<C: Connection>(conn: &mut C, name: String) -> Result<Option<Position>, QueryError> {
    match stored(conn, &name).await? {
        Some(text) => read(&name, &text).map(Some),
        None => Ok(None),
    }
}

/// Saves the position of a sink unless the stored one is as new or newer. Returns whether it was
/// saved.
pub(crate) async fn save_position<C: Connection>(
    conn: &mut C,
    store: Uuid,
    name: String,
    position: Position,
    at: Timestamp,
) -> Result<bool, QueryError> {
    let (text, at) = (position.stored(), at.unix_millis());
    let columns = (sink_positions::name, sink_positions::position, sink_positions::updated_at);
    let first = diesel::insert_into(sink_positions::table)
        .values((columns.0.eq(&name), columns.1.eq(&text), columns.2.eq(at)))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if first == 1 {
        return Ok(true);
    }
    for _ in 0..ATTEMPTS_MAX {
        let Some(known) = stored(conn, &name).await? else { continue };
        let is_newer = |known: &Position| known.is_of(store) && !position.is_newer_than(known);
        if read(&name, &known).is_ok_and(|known| is_newer(&known)) {
            return Ok(false);
        }
        let unchanged = sink_positions::table.find(&name).filter(sink_positions::position.eq(&known));
        let updated = diesel::update(unchanged).set((columns.1.eq(&text), columns.2.eq(at))).execute(conn).await?;
        if updated == 1 {
            return Ok(true);
        }
    }
    Err(StoreError::Unavailable(Reason::Busy).into())
}

/// Checks that everything after a position is still in the log, and that the position belongs to
/// this log.
pub(crate) async fn check_kept<C: Connection>(conn: &mut C, store: Uuid, from: Position) -> Result<(), QueryError> {
    let seen = conn.read_point().await?.point;
    if !from.is_of(store) || from.below > seen.below {
        return Err(StoreError::HistoryReplaced.into());
    }
    let floor = maintenance::floor(conn).await?;
    if from.first_unknown() < floor {
        return Err(StoreError::OlderThanLog.into());
    }
    let is_known = match witness(conn, &from).await? {
        Some(found) => from.witness.is_confirmed_by(found),
        // All changes up to the position may have been pruned.
        None => !has_commits(conn, floor, from.first_unknown()).await?,
    };
    if is_known { Ok(()) } else { Err(StoreError::HistoryReplaced.into()) }
}

/// The change that is now at the position's witness.
pub(crate) async fn witness<C: Connection>(conn: &mut C, of: &Position) -> Result<Option<Witness>, QueryError> {
    let row: Option<WitnessRow> = log::table
        .find(to_stored(of.witness.seq))
        .select((log::seq, log::group_id, log::version, log::actor_id, log::at))
        .first(conn)
        .await
        .optional()
        .map_err(reading("log"))?;
    Ok(row.map(Witness::new))
}

/// Whether the log has changes of commits from `first` on, below `end`.
async fn has_commits<C: Connection>(conn: &mut C, first: u64, end: u64) -> Result<bool, QueryError> {
    let within = log::commit_id.ge(CommitId(first)).and(log::commit_id.lt(CommitId(end)));
    let found: Option<i64> = log::table.filter(within).select(log::seq).first(conn).await.optional()?;
    Ok(found.is_some())
}

async fn stored<C: Connection>(conn: &mut C, name: &str) -> Result<Option<String>, QueryError> {
    let of_name = sink_positions::table.find(name).select(sink_positions::position);
    of_name.first(conn).await.optional().map_err(reading("sink_positions"))
}

fn read(name: &str, text: &str) -> Result<Position, QueryError> {
    let corrupt = || StoreError::Corrupt {
        table: "sink_positions",
        id: name.to_owned(),
        detail: format!("{text:?} is not a position"),
    };
    Position::from_stored(text).ok_or_else(|| corrupt().into())
}
