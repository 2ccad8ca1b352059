//! Where a user's stream begins: memberships, and the list or what was missed, of one point in time.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use groups_domain::UserId;
use uuid::Uuid;

use super::read::list;
use super::{COMMIT_ORDER, Conn, missed_seqs, read_point};
use crate::column::Id;
use crate::position::{Seen, Witness, WitnessRow, entries};
use crate::query_error::{QueryError, reading};
use crate::row::{LogRow, to_stored};
use crate::row_set::{RowSet, Seqs, With};
use crate::schema::{groups, log, memberships};
use crate::statements::{CHANGES_OF_SEQS, LogSql};
use crate::{LogEntry, Position, ReadPoint, ReplayRule, Start, StreamStart};

pub(crate) async fn open_stream(
    conn: &mut Conn,
    store: Uuid,
    user: UserId,
    from: Option<Position>,
    rule: ReplayRule,
) -> Result<StreamStart, QueryError> {
    let Seen { point: seen, witness } = read_point(conn).await?;
    let cursor = Position::new(store, &seen, witness);
    if let Some(from) = from.filter(|from| from.is_of(store) && from.below <= seen.below) {
        let group_ids = current_groups(conn, user).await?;
        if let Some(missed) = missed(conn, store, user, &from, rule.events_max_for(group_ids.len()), &seen).await? {
            let groups = group_ids.into_iter().map(Id::group).collect();
            return Ok(StreamStart { seen, groups, start: Start::Resumed(missed), cursor });
        }
    }
    let (list, _) = list(conn, user, None, None).await?;
    let groups = list.iter().map(|(group, _)| group.group_id).collect();
    Ok(StreamStart { seen, groups, start: Start::Snapshot(list), cursor })
}

async fn current_groups(conn: &mut Conn, user: UserId) -> Result<Vec<Id>, QueryError> {
    memberships::table
        .inner_join(groups::table.on(groups::id.eq(memberships::group_id)))
        .filter(memberships::user_id.eq(Id::from(user)))
        .filter(memberships::left_version.is_null())
        .filter(groups::deleted_version.is_null())
        .order(memberships::group_id.desc())
        .select(memberships::group_id)
        .load(conn)
        .await
        .map_err(reading("memberships"))
}

/// Whether the database was not put back, since the position was given away, to a state from before it: by now it may have written
/// another history over that place. A position whose witness was forgotten since is not believed either.
async fn is_of_this_history(conn: &mut Conn, from: &Position, floor: u64) -> Result<bool, QueryError> {
    if from.witness == Witness::NONE {
        // There was nothing in the log, so it began there.
        return Ok(from.below.max(1) == floor.max(1));
    }
    let row: Option<WitnessRow> = log::table
        .find(to_stored(from.witness.seq))
        .select((log::seq, log::group_id, log::version, log::actor_id, log::at))
        .first(conn)
        .await
        .optional()
        .map_err(reading("log"))?;
    Ok(row.map(Witness::new) == Some(from.witness))
}

/// The changes within the user's intervals from a position on; `None` where the list is the better answer.
async fn missed(
    conn: &mut Conn,
    store: Uuid,
    user: UserId,
    from: &Position,
    events_max: u32,
    seen: &ReadPoint,
) -> Result<Option<Vec<LogEntry>>, QueryError> {
    let floor = super::upkeep::floor(conn).await?;
    if from.first_unknown() < floor || !is_of_this_history(conn, from, floor).await? {
        return Ok(None);
    }
    // Counted first, because the rows themselves may be large.
    let mut seqs = missed_seqs(conn, user, from, i64::from(events_max) + 1).await?;
    if seqs.len() > events_max as usize {
        return Ok(None);
    }
    // Not by the database, which might walk the whole log for the sake of the order.
    seqs.sort_unstable();
    let mut rows: Vec<LogRow> = Vec::with_capacity(seqs.len());
    for seqs in Seqs::chunks(seqs.into_iter().map(|seq| (seq,))) {
        let of_seqs = With::<_, LogSql>::select(seqs, CHANGES_OF_SEQS);
        rows.extend(of_seqs.load::<LogRow>(conn).await.map_err(reading("log"))?);
    }
    let missed = entries(store, rows, seen, [], COMMIT_ORDER);
    if let Some(error) = missed.failed {
        // The list does not need the row that cannot be read.
        tracing::error!(%error, %user, "a missed change cannot be read: the user gets the whole list instead");
        return Ok(None);
    }
    Ok(Some(missed.entries))
}
