//! Reading the log by snapshots: what the current snapshot sees and the last one did not.

use std::collections::VecDeque;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, SmallInt, Text};
use diesel_async::RunQueryDsl;

use super::super::log_reads::Glance;
use super::super::queries::snapshot_of;
use super::super::snapshot::Snapshot;
use super::super::statement::Prepared;
use crate::StoreError;
use crate::column::{CommitId, Id, sql};
use crate::connection::PostgresConn;
use crate::position::BatchLimit;
use crate::queries::maintenance;
use crate::query_error::{QueryError, reading};
use crate::row::LogRow;
use crate::schema::log;

/// Maximum number of row numbers that a round holds at once; it then continues after them.
const PENDING_MAX: i64 = 50_000;

/// Everything that `now` sees and the last snapshot did not.
#[derive(Clone, Debug)]
pub(super) struct Round {
    pub(super) now: Snapshot,
    /// In log order.
    pub(super) pending: VecDeque<(i64, u64)>,
    /// The row number after which more rows follow, if there are more.
    pub(super) more_after: Option<i64>,
    /// The start of the log when this was read.
    pub(super) floor: u64,
}

#[derive(Queryable)]
struct Pending {
    seq: i64,
    commit_id: CommitId,
}

/// The current snapshot, and the rows that a snapshot did not see, in one statement.
pub(super) async fn glance(conn: &mut PostgresConn, seen: &Snapshot, limit: BatchLimit) -> Result<Glance, QueryError> {
    type GlanceSql = (
        Text,
        Nullable<Text>,
        Nullable<sql::Commit>,
        Nullable<BigInt>,
        Nullable<sql::Commit>,
        Nullable<sql::Id>,
        Nullable<BigInt>,
        Nullable<sql::Id>,
        Nullable<BigInt>,
        Nullable<SmallInt>,
        Nullable<Text>,
    );
    #[derive(Queryable)]
    struct Row {
        snapshot: String,
        floor: Option<String>,
        newest: Option<CommitId>,
        seq: Option<i64>,
        commit_id: Option<CommitId>,
        group_id: Option<Id>,
        version: Option<i64>,
        actor_id: Option<Id>,
        at: Option<i64>,
        format: Option<i16>,
        payload: Option<String>,
    }
    // A commit that the snapshot did not see either began later or was running: two index ranges,
    // regardless of the size of the log. Payloads above the limit are not read. Their length is known
    // without reading them.
    let statement = Prepared::<_, GlanceSql>::new(
        "SELECT pg_current_snapshot()::text, (SELECT value FROM meta WHERE name = 'log_floor'), \
         (SELECT commit_id FROM log ORDER BY commit_id DESC LIMIT 1), found.* \
         FROM (VALUES (1)) AS one LEFT JOIN \
         (SELECT seq, commit_id, group_id, version, actor_id, at, format, \
          CASE WHEN coalesce(sum(octet_length(payload)) OVER \
           (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) < $4 THEN payload END FROM \
          ((SELECT * FROM log WHERE commit_id >= $1 ORDER BY commit_id, seq LIMIT $3) UNION ALL \
           (SELECT * FROM log WHERE commit_id = ANY ($2) LIMIT $3)) AS unseen ORDER BY seq) AS found ON true",
    );
    let running: Vec<CommitId> = seen.running().map(CommitId).collect();
    let statement = statement
        .bind::<sql::Commit, _>(CommitId(seen.end()))
        .bind::<Array<sql::Commit>, _>(running)
        .bind::<BigInt, _>(i64::from(limit.entries_max) + 1)
        .bind::<BigInt, _>(i64::try_from(limit.bytes_max).unwrap_or(i64::MAX));
    let found: Vec<Row> = RunQueryDsl::load(statement, conn).await.map_err(reading("log"))?;
    let nothing = || StoreError::Database { detail: "a statement returned no row".to_owned() };
    let first = found.as_slice().first().ok_or_else(nothing)?;
    let (now, floor) = snapshot_of(&first.snapshot, first.floor.as_deref(), first.newest)?;
    let (mut rows, mut fits) = (Vec::with_capacity(found.len()), found.len() <= limit.entries_max as usize);
    for row in found {
        let Some(seq) = row.seq else { continue };
        let columns = row.commit_id.zip(row.group_id).zip(row.version).zip(row.actor_id).zip(row.at).zip(row.format);
        let Some(((((((commit_id, group_id), version), actor_id), at), format), payload)) = columns.zip(row.payload)
        else {
            fits = false;
            break;
        };
        rows.push(LogRow { seq, commit_id, group_id, version, actor_id, at, format, payload });
    }
    Ok(Glance { now, floor, rows: fits.then_some(rows) })
}

/// The rows with these numbers, ascending, as many as `bytes_max` allows, and how many of the
/// numbers were consumed.
pub(super) async fn rows_of(
    conn: &mut PostgresConn,
    mut seqs: Vec<i64>,
    bytes_max: usize,
) -> Result<(Vec<LogRow>, usize), QueryError> {
    // The length is known without reading the payload itself.
    let sizes = "SELECT seq, octet_length(payload)::bigint FROM log WHERE seq = ANY($1) ORDER BY seq";
    let sizes = Prepared::<_, (BigInt, BigInt)>::new(sizes).bind::<Array<BigInt>, _>(&seqs);
    let sizes: Vec<(i64, i64)> = RunQueryDsl::load(sizes, conn).await?;
    let mut bytes = 0;
    let full = sizes.iter().find(|(_, size)| {
        bytes += usize::try_from(*size).unwrap_or(usize::MAX);
        bytes >= bytes_max
    });
    if let Some((last, _)) = full {
        seqs.retain(|seq| seq <= last);
    }
    let count = seqs.len();
    let rows = log::table.filter(log::seq.eq_any(seqs)).order(log::seq).select(LogRow::as_select()).load(conn);
    Ok((rows.await.map_err(reading("log"))?, count))
}

/// The numbers of the rows after `after` that `now` sees and `seen` did not.
///
/// If there are too many to hold at once, the round ends, if possible, at a commit below which all
/// are known. Then a consumer that is far behind can save positions on the way, and not only at the
/// end.
pub(super) async fn round(
    conn: &mut PostgresConn,
    seen: &Snapshot,
    now: Snapshot,
    after: i64,
) -> Result<Round, QueryError> {
    let floor = maintenance::floor(conn).await?;
    let rows = unseen(conn, seen, &now, after, "seq", PENDING_MAX).await?;
    let mut pending: VecDeque<(i64, u64)> = rows.iter().map(|row| (row.seq, row.commit_id.0)).collect();
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == PENDING_MAX);
    let Some(last) = rows.last().filter(|_| full) else { return Ok(Round { now, pending, more_after: None, floor }) };
    let rest = unseen(conn, seen, &now, last.seq, "commit_id", 1).await?;
    let Some(rest) = rest.into_iter().next() else { return Ok(Round { now, pending, more_after: None, floor }) };
    // The list does not contain the earlier parts of the round, so a later part cannot end early.
    match end_of_part(&pending, rest.commit_id.0, seen.end()).filter(|_| after == i64::MIN) {
        Some((count, end)) => {
            pending.truncate(count);
            let running = now.running().filter(|commit| *commit < end).collect();
            Ok(Round { now: Snapshot::of_known(end, running), pending, more_after: None, floor })
        }
        None => Ok(Round { now, pending, more_after: Some(last.seq), floor }),
    }
}

/// The longest prefix of the list whose commits are all below those of the other rows and of
/// `rest`: its number of rows, and one past its newest commit. `None` if that is below `seen_end`:
/// commits that were delivered before would become unknown, and be delivered again.
fn end_of_part(pending: &VecDeque<(i64, u64)>, rest: u64, seen_end: u64) -> Option<(usize, u64)> {
    let mut newest = Vec::with_capacity(pending.len());
    for (_, commit) in pending {
        newest.push(newest.last().map_or(*commit, |newest: &u64| *commit.max(newest)));
    }
    let mut lowest = rest;
    for (index, newest) in newest.into_iter().enumerate().rev() {
        if newest < lowest {
            return Some((index + 1, newest + 1)).filter(|(_, end)| *end >= seen_end);
        }
        lowest = lowest.min(pending.get(index).map_or(lowest, |(_, commit)| *commit));
    }
    None
}

/// The first rows after a number that `now` sees and `seen` did not, in the given order.
async fn unseen(
    conn: &mut PostgresConn,
    seen: &Snapshot,
    now: &Snapshot,
    after: i64,
    order: &str,
    limit: i64,
) -> Result<Vec<Pending>, QueryError> {
    // A commit that `seen` did not see either began later or was running: two index ranges,
    // regardless of the size of the log. The sort is outside, because otherwise the planner might
    // scan the whole log in order.
    let running: Vec<CommitId> = seen.running().map(CommitId).collect();
    let query = format!(
        "WITH unseen AS MATERIALIZED \
         (SELECT seq, commit_id FROM log WHERE commit_id >= $1 OR commit_id = ANY($2)) \
         SELECT seq, commit_id FROM unseen WHERE seq > $3 AND pg_visible_in_snapshot(commit_id, $4::pg_snapshot) \
         ORDER BY {order} LIMIT $5"
    );
    let rows = Prepared::<_, (BigInt, sql::Commit)>::new(query)
        .bind::<sql::Commit, _>(CommitId(seen.end()))
        .bind::<Array<sql::Commit>, _>(running)
        .bind::<BigInt, _>(after)
        .bind::<Text, _>(now.to_string())
        .bind::<BigInt, _>(limit);
    Ok(RunQueryDsl::load(rows, conn).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_round_ends_only_after_all_lower_commits() {
        let pending = |commits: &[u64]| commits.iter().map(|commit| (0, *commit)).collect();
        let end = |commits: &[u64], rest| end_of_part(&pending(commits), rest, 0);
        assert_eq!(end(&[1, 2, 3], 4), Some((3, 4)));
        assert_eq!(end(&[1, 3, 2, 4], 4), Some((3, 4)));
        assert_eq!(end(&[2, 1, 5, 3], 4), Some((2, 3)));
        assert_eq!(end(&[7, 7, 7], 7), None);
        assert_eq!(end(&[9, 1], 3), None);
        assert_eq!(end(&[], 3), None);
        assert_eq!(end_of_part(&pending(&[50, 50]), 100, 51), Some((2, 51)));
        assert_eq!(end_of_part(&pending(&[50, 50]), 100, 100), None, "51 to 99 were delivered before");
    }
}
