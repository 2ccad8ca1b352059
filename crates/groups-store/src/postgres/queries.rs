//! What PostgreSQL provides for the shared queries, and the queries that only PostgreSQL needs.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use diesel::QueryResult;
use diesel::dsl::auto_type;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join, try_join3, try_join4};
use groups_domain::{Change, UserId};

use super::pipelined::load;
use super::snapshot::Snapshot;
use super::statement::{Bind, Prepared};
use crate::column::{CommitId, Id, sql};
use crate::connection::{Connection, PostgresConn, Rows, Statement};
use crate::hook::PostgresHook;
use crate::open_row::{OpenRow, OpenSql};
use crate::opening_rows::{OpeningRows, ResumeRows, ResumeWanted};
use crate::position::{CommitOrder, Seen, Witness, WitnessRow};
use crate::queries::{list, maintenance, resume, stream};
use crate::query_error::{QueryError, reading};
use crate::row::GroupRow;
use crate::schema::{groups, log};
use crate::{HookError, Position, StoreError};

impl Connection for PostgresConn {
    type Hook = PostgresHook;

    /// Transactions get their ids when they first write, but may commit in any order.
    const COMMIT_ORDER: CommitOrder = CommitOrder::Free;

    /// A previous version that the same statement inserts is not visible to it.
    const INSERT_CHANGES: &str = "INSERT INTO log AS l (group_id, version, actor_id, at, format, payload) \
        SELECT group_id, version, actor_id, at, format, payload FROM v \
        RETURNING l.seq, l.commit_id, l.group_id, l.version, (SELECT p.commit_id FROM log AS p \
        WHERE p.group_id = l.group_id AND p.version = l.version - 1)";

    const GROUPS_OF_NAME_RANGE: &str = "SELECT g.id, g.name, g.description, g.owner_id, g.member_count, g.version, \
        g.created_at, g.updated_at, g.deleted_version, g.join_policy, g.invitations, g.join_requests, g.bans, g.links FROM v CROSS JOIN groups AS g \
        WHERE g.deleted_version IS NULL AND lower(g.name COLLATE \"C\") >= v.start AND lower(g.name COLLATE \"C\") < v.end_before \
        AND (lower(g.name COLLATE \"C\"), g.id) > (v.after_name, v.after_id) ORDER BY lower(g.name COLLATE \"C\"), g.id \
        LIMIT (SELECT v.rows_max FROM v)";

    const DIRECTORY_OF_NAME_RANGE: &str = "SELECT g.id, g.name, g.description, g.owner_id, g.member_count, g.version, \
        g.created_at, g.updated_at, g.deleted_version, g.join_policy, g.invitations, g.join_requests, g.bans, g.links FROM v CROSS JOIN groups AS g \
        WHERE g.deleted_version IS NULL AND g.join_policy > 1 AND lower(g.name COLLATE \"C\") >= v.start AND lower(g.name COLLATE \"C\") < v.end_before \
        AND (lower(g.name COLLATE \"C\"), g.id) > (v.after_name, v.after_id) ORDER BY lower(g.name COLLATE \"C\"), g.id \
        LIMIT (SELECT v.rows_max FROM v)";

    fn load<'a, T: Send + 'static, Q: Rows<'a, T>>(&'a mut self, query: Q) -> BoxFuture<'a, QueryResult<Vec<T>>> {
        RunQueryDsl::load(query, self).boxed()
    }

    fn get_result<'a, T: Send + 'static, Q: Rows<'a, T>>(&'a mut self, query: Q) -> BoxFuture<'a, QueryResult<T>> {
        RunQueryDsl::get_result(query, self).boxed()
    }

    fn execute<'a, Q: Statement + 'a>(&'a mut self, statement: Q) -> BoxFuture<'a, QueryResult<usize>> {
        RunQueryDsl::execute(statement, self)
    }

    /// The groups with these ids, locked until the transaction ends. The locks are taken in id order,
    /// so that transactions never deadlock.
    async fn lock_groups(&mut self, ids: Vec<Id>) -> Result<Vec<GroupRow>, QueryError> {
        groups::table
            .filter(groups::id.eq_any(ids))
            .order(groups::id)
            .select(GroupRow::as_select())
            .for_update()
            .load(self)
            .await
            .map_err(reading("groups"))
    }

    /// Makes other transactions that lock one of these users wait until this one ends. Returns whether
    /// the users must be read again, because others may have written while this one waited.
    ///
    /// Users share a small number of locks, so that a long list does not fill PostgreSQL's lock table.
    /// The locks are taken in order, and after the group locks, so that transactions never deadlock.
    async fn lock_users(&mut self, users: &[Id]) -> Result<bool, QueryError> {
        /// "grps", to distinguish these locks from those of other programs.
        const CLASS: i32 = 1_735_552_115;
        const LOCKS: u128 = 64;
        // The last bits of a UUID are random in all versions commonly used for ids.
        let locks: BTreeSet<i32> = users.iter().map(|user| (user.0.as_u128() % LOCKS) as i32).collect();
        if locks.is_empty() {
            return Ok(false);
        }
        let lock = Prepared::<_, ()>::new("SELECT pg_advisory_xact_lock($1, lock) FROM unnest($2) AS lock")
            .bind::<Integer, _>(CLASS)
            .bind::<Array<Integer>, _>(locks.into_iter().collect::<Vec<_>>());
        RunQueryDsl::execute(lock, self).await?;
        Ok(true)
    }

    async fn plan_each_time(&mut self) -> Result<(), QueryError> {
        self.batch_execute("SET LOCAL plan_cache_mode = force_custom_plan").await?;
        Ok(())
    }

    /// The groups with these ids, for a reader.
    async fn read_groups(&mut self, ids: Vec<Id>) -> Result<Vec<GroupRow>, QueryError> {
        groups::table
            .filter(groups::id.eq_any(ids))
            .select(GroupRow::as_select())
            .load(self)
            .await
            .map_err(reading("groups"))
    }

    /// The sequence numbers of the changes within a user's intervals after a position, unordered.
    async fn missed_seqs(&mut self, user: UserId, from: &Position, limit: i64) -> Result<Vec<i64>, QueryError> {
        let unknown: Vec<CommitId> = from.except.iter().copied().map(CommitId).collect();
        // The version that ends an interval is part of it: it tells the user about the end. Each
        // interval is read separately and in index order, so that the scan starts at the position and
        // reads neither the log nor a group's history from its start.
        let missed = Prepared::<_, BigInt>::new(
            "SELECT missed.seq FROM memberships AS m CROSS JOIN LATERAL \
             (SELECT l.seq FROM log AS l WHERE l.group_id = m.group_id AND l.commit_id >= $2 \
              AND (l.commit_id >= $3 OR l.commit_id = ANY($4)) \
              AND l.version >= m.joined_version AND (m.left_version IS NULL OR l.version <= m.left_version) \
              ORDER BY l.commit_id LIMIT $5) AS missed \
             WHERE m.user_id = $1 UNION \
             SELECT l.seq FROM standings AS s JOIN groups AS g ON g.id = s.group_id CROSS JOIN LATERAL \
             (SELECT l.seq, l.commit_id FROM log AS l WHERE l.group_id = s.group_id AND l.version = ANY (ARRAY[ \
              s.since_version, coalesce(s.ended_version, g.deleted_version)])) AS l \
             WHERE s.user_id = $1 AND s.kind < 3 AND l.commit_id >= $2 AND (l.commit_id >= $3 OR l.commit_id = ANY($4)) \
             LIMIT $5",
        )
        .bind::<sql::Id, _>(Id::from(user))
        .bind::<sql::Commit, _>(CommitId(from.first_unknown()))
        .bind::<sql::Commit, _>(CommitId(from.below))
        .bind::<Array<sql::Commit>, _>(unknown)
        .bind::<BigInt, _>(limit);
        RunQueryDsl::load(missed, self).await.map_err(reading("log"))
    }

    /// Fails if the database cannot be written.
    ///
    /// Takes the same locks as changes do. Writes a row, unless another server is writing it. Also
    /// checks for free disk space, by making PostgreSQL spill to a temporary file.
    async fn check_writable(&mut self) -> Result<(), QueryError> {
        let probe = "SET LOCAL lock_timeout = '1s'; SET LOCAL work_mem = '64kB'; \
                     LOCK TABLE groups, memberships, log, idempotency IN ROW EXCLUSIVE MODE; \
                     INSERT INTO meta (name, value) VALUES ('probe', '0') ON CONFLICT DO NOTHING; \
                     UPDATE meta SET value = CASE value WHEN '0' THEN '1' ELSE '0' END \
                     WHERE name IN (SELECT name FROM meta WHERE name = 'probe' FOR UPDATE SKIP LOCKED); \
                     SELECT count(*) FROM generate_series(1, 20000)";
        self.batch_execute(probe).await?;
        Ok(())
    }

    async fn open_memberships(&mut self, users: Vec<Id>, per_user_max: i64) -> Result<Vec<OpenRow>, QueryError> {
        load(self, open_memberships(users, per_user_max), "memberships").await
    }

    async fn opening_rows(&mut self, user: UserId, at: Option<Seen>) -> Result<OpeningRows, QueryError> {
        let conn: &Self = self;
        let index = list::index_rows(user.into(), list::FROM_NEWEST, list::INDEX_ROWS_PER_STEP);
        let index = load(conn, index, "memberships");
        let pending = load(conn, stream::pending_rows(user.into()), "standings");
        let (seen, index, pending) = try_join3(seen_at(conn, at), index, pending).await?;
        Ok(OpeningRows { seen, index, pending })
    }

    async fn resume_rows(&mut self, wanted: &ResumeWanted, at: Option<Seen>) -> Result<ResumeRows, QueryError> {
        let conn: &Self = self;
        let floors = load(conn, maintenance::floor_rows(wanted.floors.clone()), "meta");
        let newer = load(conn, commits_from(wanted.newer_from, resume::NEWER_MAX), "log");
        let witnesses = load(conn, resume::witness_rows(wanted.witnesses.clone()), "log");
        let open = open_memberships(wanted.users.clone(), resume::MEMBERSHIPS_MAX + 1);
        let open = load(conn, open, "memberships");
        let (seen, (floors, newer, witnesses, open)) =
            try_join(seen_at(conn, at), try_join4(floors, newer, witnesses, open)).await?;
        Ok(ResumeRows { seen, floors, newer, witnesses, open })
    }

    /// The read point of the transaction.
    async fn read_point(&mut self) -> Result<Seen, QueryError> {
        seen_at(self, None).await
    }

    /// Runs a hook. Fails if the hook ended the transaction or ignored a failed statement.
    async fn run_hook(&mut self, hook: &PostgresHook, change: &Change) -> Result<(), QueryError> {
        // The session's settings are for the store's own statements.
        self.batch_execute(
            "SET LOCAL plan_cache_mode TO DEFAULT; SET LOCAL enable_seqscan TO DEFAULT; \
             SET LOCAL enable_bitmapscan TO DEFAULT; SET LOCAL enable_hashjoin TO DEFAULT; \
             SET LOCAL enable_mergejoin TO DEFAULT; SET LOCAL enable_material TO DEFAULT; SAVEPOINT hook",
        )
        .await?;
        let run = async { hook(self, change).await };
        match AssertUnwindSafe(run).catch_unwind().await {
            Err(_) => Err(HookError::Panicked)?,
            Ok(Err(error)) => Err(HookError::Refused(error.into()))?,
            // Detects an aborted transaction, which PostgreSQL would roll back on commit.
            Ok(Ok(())) => {
                self.batch_execute("RELEASE SAVEPOINT hook").await.map_err(|_| HookError::TransactionEnded)?
            }
        }
        Ok(())
    }
}

/// The numbers of the commits in the log from one on, unordered.
#[auto_type(no_type_alias)]
fn commits_from(first: u64, limit: i64) -> _ {
    let first: CommitId = CommitId(first);
    log::table.filter(log::commit_id.ge(first)).select(log::commit_id).limit(limit)
}

type OpenMemberships = Prepared<(((), Bind<Vec<Id>, Array<sql::Id>>), Bind<i64, BigInt>), OpenSql>;

fn open_memberships(users: Vec<Id>, per_user_max: i64) -> OpenMemberships {
    Prepared::<_, OpenSql>::new(
        "SELECT users.user_id, open.group_id, open.what, open.is_deleted FROM unnest($1) AS users (user_id) \
         CROSS JOIN LATERAL ((SELECT m.group_id, m.role AS what, g.deleted_version IS NOT NULL AS is_deleted \
          FROM memberships AS m JOIN groups AS g ON g.id = m.group_id \
          WHERE m.user_id = users.user_id AND m.left_version IS NULL LIMIT $2) UNION ALL \
         (SELECT s.group_id, (s.kind + 10)::smallint, g.deleted_version IS NOT NULL \
          FROM standings AS s JOIN groups AS g ON g.id = s.group_id \
          WHERE s.user_id = users.user_id AND coalesce(s.ended_version, 0) = 0 AND s.kind < 3 LIMIT $2)) AS open",
    )
    .bind::<Array<sql::Id>, _>(users)
    .bind::<BigInt, _>(per_user_max)
}

/// The read point, or that of the transaction if none is given.
async fn seen_at(conn: &PostgresConn, at: Option<Seen>) -> Result<Seen, QueryError> {
    if let Some(seen) = at {
        return Ok(seen);
    }
    let (snapshot, witness) = now(conn).await?;
    Ok(Seen { point: snapshot.read_point(), witness })
}

/// The snapshot of the transaction.
pub(super) async fn current_snapshot(conn: &PostgresConn) -> Result<Snapshot, QueryError> {
    Ok(now(conn).await?.0)
}

/// The types of a [`WitnessRow`]; `Nullable` in a join that may find none.
pub(super) type WitnessSql = (BigInt, sql::Id, BigInt, sql::Id, BigInt);

/// The snapshot of the transaction, and the newest log row in it.
async fn now(mut conn: &PostgresConn) -> Result<(Snapshot, Witness), QueryError> {
    type NowSql = (Text, Nullable<Text>, Nullable<sql::Commit>, Nullable<WitnessSql>);
    #[derive(Queryable)]
    struct Now {
        snapshot: String,
        floor: Option<String>,
        commit_id: Option<CommitId>,
        newest: Option<WitnessRow>,
    }
    // One statement, so that all come from one snapshot.
    let now = Prepared::<_, NowSql>::new(
        "SELECT pg_current_snapshot()::text, (SELECT value FROM meta WHERE name = 'log_floor'), newest.* \
         FROM (VALUES (1)) AS one LEFT JOIN \
         (SELECT commit_id, seq, group_id, version, actor_id, at FROM log ORDER BY commit_id DESC, seq DESC LIMIT 1) \
         AS newest ON true",
    );
    let now: Now = RunQueryDsl::get_result(now, &mut conn).await?;
    let (snapshot, _) = snapshot_of(&now.snapshot, now.floor.as_deref(), now.commit_id)?;
    Ok((snapshot, now.newest.map_or(Witness::NONE, Witness::new)))
}

/// What a transaction sees, with all that it has written itself: at least the newest change of the
/// log, if there is one.
#[cfg(feature = "sqlite")]
pub(crate) async fn end_with_own_changes(conn: &mut PostgresConn) -> Result<Seen, QueryError> {
    let (mut snapshot, witness) = now(conn).await?;
    if witness == Witness::NONE {
        return Ok(Seen { point: snapshot.read_point(), witness });
    }
    let own = diesel::select(diesel::dsl::sql::<sql::Commit>("pg_current_xact_id()"));
    let own: CommitId = RunQueryDsl::get_result(own, conn).await?;
    snapshot.learn(own.0);
    Ok(Seen { point: snapshot.read_point(), witness })
}

/// A snapshot, and the start of the log in it, as they were read.
pub(super) fn snapshot_of(
    snapshot: &str,
    floor: Option<&str>,
    newest: Option<CommitId>,
) -> Result<(Snapshot, u64), QueryError> {
    let floor = maintenance::floor_of(floor)?;
    // Pruned commits were known as well.
    let known = newest.map_or(0, |newest| newest.0 + 1).max(floor);
    let detail = || format!("the snapshot {snapshot:?} cannot be read");
    let snapshot = Snapshot::parse(snapshot, known).ok_or_else(|| StoreError::Database { detail: detail() })?;
    Ok((snapshot, floor))
}
