//! What SQLite provides for the shared queries, and the queries that only SQLite needs.

use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::QueryResult;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager, TransactionManagerStatus};
use diesel::prelude::*;
use diesel::query_dsl::methods::ExecuteDsl;
use diesel::sql_types::BigInt;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use groups_domain::{Change, ReadPoint, UserId};

use super::log_reads::Found;
use crate::column::{CommitId, Id};
use crate::connection::{Connection, Rows, RunQueryDsl, SqliteConn, Statement};
use crate::hook::SqliteHook;
use crate::open_row::{OpenRow, STANDING};
use crate::opening_rows::{OpeningRows, ResumeRows, ResumeWanted};
use crate::position::{BatchLimit, CommitOrder, Seen, Witness, WitnessRow};
use crate::queries::statements::{GROUPS_OF_IDS, GroupSql};
use crate::queries::{list, maintenance, resume, stream};
use crate::query_error::{QueryError, reading};
use crate::row::{BANNED, GroupRow, LogRow, columns_of};
use crate::row_set::{Ids, ROWS_MAX, RowSet, With};
use crate::schema::{groups, log, memberships, standings};
use crate::{HookError, Position};

impl Connection for SqliteConn {
    type Hook = SqliteHook;

    /// There is a single writer.
    const COMMIT_ORDER: CommitOrder = CommitOrder::Kept;

    const INSERT_CHANGES: &str = "INSERT INTO log (group_id, version, actor_id, at, format, payload) \
        SELECT group_id, version, actor_id, at, format, payload FROM v RETURNING seq, commit_id, group_id, version, NULL";

    const GROUPS_OF_NAME_RANGE: &str = "SELECT g.id, g.name, g.description, g.owner_id, g.member_count, g.version, \
        g.created_at, g.updated_at, g.deleted_version, g.join_policy, g.invitations, g.join_requests, g.bans, g.links FROM v CROSS JOIN groups AS g \
        WHERE g.deleted_version IS NULL AND lower(g.name) >= v.start AND lower(g.name) < v.end_before \
        AND (lower(g.name), g.id) > (v.after_name, v.after_id) ORDER BY lower(g.name), g.id \
        LIMIT (SELECT v.rows_max FROM v)";

    const DIRECTORY_OF_NAME_RANGE: &str = "SELECT g.id, g.name, g.description, g.owner_id, g.member_count, g.version, \
        g.created_at, g.updated_at, g.deleted_version, g.join_policy, g.invitations, g.join_requests, g.bans, g.links FROM v CROSS JOIN groups AS g \
        WHERE g.deleted_version IS NULL AND g.join_policy > 1 AND lower(g.name) >= v.start AND lower(g.name) < v.end_before \
        AND (lower(g.name), g.id) > (v.after_name, v.after_id) ORDER BY lower(g.name), g.id \
        LIMIT (SELECT v.rows_max FROM v)";

    fn load<'a, T: Send + 'static, Q: Rows<'a, T>>(&'a mut self, query: Q) -> BoxFuture<'a, QueryResult<Vec<T>>> {
        ready(diesel::RunQueryDsl::load(query, self.diesel())).boxed()
    }

    fn get_result<'a, T: Send + 'static, Q: Rows<'a, T>>(&'a mut self, query: Q) -> BoxFuture<'a, QueryResult<T>> {
        ready(diesel::RunQueryDsl::get_result(query, self.diesel())).boxed()
    }

    fn execute<'a, Q: Statement + 'a>(&'a mut self, statement: Q) -> BoxFuture<'a, QueryResult<usize>> {
        ready(ExecuteDsl::execute(statement, self.diesel())).boxed()
    }

    /// The groups with these ids. A single writer needs no locks.
    async fn lock_groups(&mut self, ids: Vec<Id>) -> Result<Vec<GroupRow>, QueryError> {
        let ids = Ids::chunks(ids.into_iter().map(|id| (id,)));
        let mut groups = Vec::new();
        for ids in ids {
            let of_ids = With::<_, GroupSql>::select(ids, GROUPS_OF_IDS);
            groups.extend(of_ids.load::<GroupRow>(self).await.map_err(reading("groups"))?);
        }
        Ok(groups)
    }

    /// Whether other transactions may have changed these users meanwhile. Never: a single writer needs
    /// no locks.
    async fn lock_users(&mut self, _users: &[Id]) -> Result<bool, QueryError> {
        Ok(false)
    }

    /// Plans never depend on the data.
    async fn plan_each_time(&mut self) -> Result<(), QueryError> {
        Ok(())
    }

    /// The groups with these ids, for a reader.
    async fn read_groups(&mut self, ids: Vec<Id>) -> Result<Vec<GroupRow>, QueryError> {
        self.lock_groups(ids).await
    }

    /// The sequence numbers of the changes within a user's intervals after a position, unordered.
    async fn missed_seqs(&mut self, user: UserId, from: &Position, limit: i64) -> Result<Vec<i64>, QueryError> {
        // The version that ends an interval is part of it: it tells the user about the end. Commits are
        // in log order.
        let within = log::version
            .ge(memberships::joined_version)
            .and(memberships::left_version.is_null().or(log::version.nullable().le(memberships::left_version)));
        let within = memberships::table
            .inner_join(log::table.on(log::group_id.eq(memberships::group_id)))
            .filter(memberships::user_id.eq(Id::from(user)))
            .filter(log::commit_id.ge(CommitId(from.first_unknown())))
            .filter(within.assume_not_null())
            .select(log::seq)
            .limit(limit);
        let mut seqs: Vec<i64> = within.load(self).await.map_err(reading("log"))?;
        // The changes that began or ended an invitation or a request to join. A deleted group ends them.
        let of_standings = diesel::sql_query(
            "SELECT l.seq FROM standings AS s CROSS JOIN groups AS g CROSS JOIN log AS l \
             WHERE s.user_id = ? AND s.kind < 3 AND g.id = s.group_id AND l.group_id = s.group_id \
             AND l.version IN (s.since_version, coalesce(s.ended_version, g.deleted_version)) AND l.commit_id >= ? LIMIT ?",
        );
        let of_standings = of_standings
            .bind::<crate::column::sql::Id, _>(Id::from(user))
            .bind::<BigInt, _>(crate::row::to_stored(from.first_unknown()))
            .bind::<BigInt, _>(limit);
        let more: Vec<SeqRow> = of_standings.load(self).await.map_err(reading("log"))?;
        seqs.extend(more.into_iter().map(|row| row.seq));
        seqs.sort_unstable();
        seqs.dedup();
        Ok(seqs)
    }

    async fn open_memberships(&mut self, users: Vec<Id>, per_user_max: i64) -> Result<Vec<OpenRow>, QueryError> {
        let mut all = Vec::new();
        for user in users {
            let open = memberships::table
                .inner_join(groups::table.on(groups::id.eq(memberships::group_id)))
                .filter(memberships::user_id.eq(user))
                .filter(memberships::left_version.is_null())
                .select((
                    memberships::user_id,
                    memberships::group_id,
                    memberships::role,
                    groups::deleted_version.is_not_null(),
                ))
                .limit(per_user_max);
            all.extend(open.load::<OpenRow>(self).await.map_err(reading("memberships"))?);
            let open = standings::table
                .inner_join(groups::table.on(groups::id.eq(standings::group_id)))
                .filter(standings::user_id.eq(user))
                .filter(standings::ended_version.is_null())
                .filter(standings::kind.lt(BANNED))
                .select((
                    standings::user_id,
                    standings::group_id,
                    standings::kind + STANDING,
                    groups::deleted_version.is_not_null(),
                ))
                .limit(per_user_max);
            all.extend(open.load::<OpenRow>(self).await.map_err(reading("standings"))?);
        }
        Ok(all)
    }

    async fn opening_rows(&mut self, user: UserId, at: Option<Seen>) -> Result<OpeningRows, QueryError> {
        let seen = match at {
            Some(seen) => seen,
            None => self.read_point().await?,
        };
        let index = list::index_rows(user.into(), list::FROM_NEWEST, list::INDEX_ROWS_PER_STEP);
        let index = index.load(self).await.map_err(reading("memberships"))?;
        let pending = stream::pending_rows(user.into()).load(self).await.map_err(reading("standings"))?;
        Ok(OpeningRows { seen, index, pending })
    }

    async fn resume_rows(&mut self, wanted: &ResumeWanted, at: Option<Seen>) -> Result<ResumeRows, QueryError> {
        let seen = match at {
            Some(seen) => seen,
            None => self.read_point().await?,
        };
        let mut floors = Vec::new();
        for names in wanted.floors.chunks(ROWS_MAX) {
            floors.extend(maintenance::floor_rows(names.to_vec()).load(self).await.map_err(reading("meta"))?);
        }
        let newer = commits_from(self, wanted.newer_from, resume::NEWER_MAX).await?;
        if i64::try_from(newer.len()).is_ok_and(|count| count == resume::NEWER_MAX) {
            return Ok(ResumeRows { seen, floors, newer, witnesses: Vec::new(), open: Vec::new() });
        }
        let witnesses = resume::witness_rows(wanted.witnesses.clone()).load(self).await.map_err(reading("log"))?;
        let open = self.open_memberships(wanted.users.clone(), resume::MEMBERSHIPS_MAX + 1).await?;
        Ok(ResumeRows { seen, floors, newer, witnesses, open })
    }

    /// What the transaction sees.
    async fn read_point(&mut self) -> Result<Seen, QueryError> {
        #[derive(QueryableByName)]
        struct Last {
            #[diesel(sql_type = BigInt)]
            seq: i64,
        }
        // Not the largest number in the log, because the whole log may have been pruned.
        let last: Option<Last> = diesel::sql_query("SELECT seq FROM sqlite_sequence WHERE name = 'log'")
            .get_result(self)
            .await
            .optional()?;
        let next = last.map_or(0, |last| u64::try_from(last.seq).unwrap_or(0)) + 1;
        let newest: Option<WitnessRow> = log::table
            .order(log::seq.desc())
            .select((log::seq, log::group_id, log::version, log::actor_id, log::at))
            .first(self)
            .await
            .optional()
            .map_err(reading("log"))?;
        let point = ReadPoint { below: next, except: Vec::new() };
        Ok(Seen { point, witness: newest.map_or(Witness::NONE, Witness::new) })
    }

    /// Fails if the database cannot be written.
    async fn check_writable(&mut self) -> Result<(), QueryError> {
        // A different value each time, otherwise SQLite would have nothing to write.
        let write = "INSERT INTO meta (name, value) VALUES ('probe', '0') \
                     ON CONFLICT (name) DO UPDATE SET value = CASE meta.value WHEN '0' THEN '1' ELSE '0' END";
        diesel::sql_query(write).execute(self).await?;
        Ok(())
    }

    /// Runs a hook. Fails if the hook ended the transaction.
    async fn run_hook(&mut self, hook: &SqliteHook, change: &Change) -> Result<(), QueryError> {
        let conn = self.diesel();
        // Tells Diesel that a transaction is open, which Diesel did not begin.
        AnsiTransactionManager::begin_transaction_sql(conn, "SAVEPOINT hook")?;
        let done = catch_unwind(AssertUnwindSafe(|| hook(conn, change)));
        *AnsiTransactionManager::transaction_manager_status_mut(conn) = TransactionManagerStatus::default();
        let released = conn.batch_execute("RELEASE hook");
        match done {
            Err(_) => Err(HookError::Panicked.into()),
            Ok(Err(error)) => Err(HookError::Refused(error.into()).into()),
            Ok(Ok(())) => Ok(released.map_err(|_| HookError::TransactionEnded)?),
        }
    }
}

#[derive(QueryableByName)]
struct SeqRow {
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

/// The numbers of the commits in the log from one on, unordered.
async fn commits_from(conn: &mut SqliteConn, first: u64, limit: i64) -> Result<Vec<CommitId>, QueryError> {
    // A commit has the number of its row.
    let from = log::table.filter(log::seq.ge(crate::row::to_stored(first)));
    from.select(log::commit_id).limit(limit).load(conn).await.map_err(reading("log"))
}

/// Number of log rows that are read before their bytes are counted.
const STEP_ROWS: u32 = 16;

/// The changes from a position on, as many as the limit allows.
pub(crate) async fn log_from(conn: &mut SqliteConn, mut next: u64, limit: BatchLimit) -> Result<Found, QueryError> {
    let floor = maintenance::floor(conn).await?;
    let (mut rows, mut bytes): (Vec<LogRow>, _) = (Vec::new(), 0);
    let mut left = limit.entries_max;
    while left > 0 && bytes < limit.bytes_max {
        let step = STEP_ROWS.min(left);
        left -= step;
        let more: Vec<LogRow> = log::table
            .filter(log::seq.ge(crate::row::to_stored(next)))
            .order(log::seq)
            .limit(i64::from(step))
            .select(columns_of::<LogRow>())
            .load(conn)
            .await
            .map_err(reading("log"))?;
        let is_last = more.len() < step as usize;
        next = more.last().map_or(next, |last| last.commit_id.0 + 1);
        bytes += more.iter().map(|row| row.payload.len()).sum::<usize>();
        rows.extend(more);
        if is_last {
            return Ok(Found { rows, floor, is_all: true });
        }
    }
    Ok(Found { rows, floor, is_all: false })
}
