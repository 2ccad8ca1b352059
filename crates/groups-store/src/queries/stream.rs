//! Where a user's stream begins: memberships, and the list or what was missed, of one point in time.

use diesel_async::RunQueryDsl;
use groups_domain::UserId;
use uuid::Uuid;

use super::{COMMIT_ORDER, Conn, list, missed_seqs, read_point};
use crate::caller::Caller;
use crate::position::{Seen, Witness, entries};
use crate::query_error::{QueryError, reading};
use crate::row::LogRow;
use crate::row_set::{RowSet, Seqs, With};
use crate::statements::{CHANGES_OF_SEQS, LogSql};
use crate::{GroupList, LogEntry, Position, ReadPoint, ReplayRule, Start, StreamStart};

/// How many missed changes are read at once: each may be large, and beyond the limit they are read in vain.
const ROWS_PER_STEP: usize = 128;

pub(crate) async fn open_stream(
    conn: &mut Conn,
    store: Uuid,
    user: UserId,
    from: Option<Position>,
    rule: ReplayRule,
    caller: Caller,
) -> Result<StreamStart, QueryError> {
    let Seen { point: seen, witness } = read_point(conn).await?;
    let cursor = Position::new(store, &seen, witness);
    let index = list::index(conn, user, &caller).await?;
    let groups = index.iter().map(|listed| listed.group_id).collect();
    if let Some(from) = from.filter(|from| from.is_of(store) && from.below <= seen.below) {
        let events_max = rule.events_max_for(index.len());
        if let Some(missed) = missed(conn, store, user, &from, ReplayRule { events_max, ..rule }, &seen).await? {
            return Ok(StreamStart { seen, groups, start: Start::Resumed(missed), cursor });
        }
    }
    Ok(StreamStart { seen, groups, start: Start::Snapshot(GroupList::new(index)), cursor })
}

/// Whether the database was not put back, since the position was given away, to a state from before it: by now it may have written
/// another history over that place. A position whose witness was forgotten since is not believed either.
async fn is_of_this_history(conn: &mut Conn, from: &Position, floor: u64) -> Result<bool, QueryError> {
    if from.witness == Witness::NONE {
        // There was nothing in the log, so it began there.
        return Ok(from.below.max(1) == floor.max(1));
    }
    Ok(super::sinks::witness(conn, from).await? == Some(from.witness))
}

/// The changes within the user's intervals from a position on; `None` where the list is the better answer.
async fn missed(
    conn: &mut Conn,
    store: Uuid,
    user: UserId,
    from: &Position,
    rule: ReplayRule,
    seen: &ReadPoint,
) -> Result<Option<Vec<LogEntry>>, QueryError> {
    let floor = super::maintenance::floor(conn).await?;
    if from.first_unknown() < floor || !is_of_this_history(conn, from, floor).await? {
        return Ok(None);
    }
    // Counted first, because the rows themselves may be large.
    let mut seqs = missed_seqs(conn, user, from, i64::from(rule.events_max) + 1).await?;
    if seqs.len() > rule.events_max as usize {
        return Ok(None);
    }
    // Not by the database, which might walk the whole log for the sake of the order.
    seqs.sort_unstable();
    let (mut rows, mut bytes) = (Vec::with_capacity(seqs.len()), 0);
    for step in seqs.chunks(ROWS_PER_STEP) {
        for seqs in Seqs::chunks(step.iter().map(|seq| (*seq,))) {
            let of_seqs = With::<_, LogSql>::select(seqs, CHANGES_OF_SEQS);
            rows.extend(of_seqs.load::<LogRow>(conn).await.map_err(reading("log"))?);
        }
        bytes += rows[rows.len().saturating_sub(step.len())..].iter().map(|row| row.payload.len()).sum::<usize>();
        if bytes > rule.bytes_max {
            return Ok(None);
        }
    }
    let missed = entries(store, rows, seen, [], COMMIT_ORDER);
    if let Some(error) = missed.failed {
        // The list does not need the row that cannot be read.
        tracing::error!(%error, %user, "a missed change cannot be read: the user gets the whole list instead");
        return Ok(None);
    }
    Ok(Some(missed.entries))
}
