//! What the primary shows: the point in time at which the replica has to read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;

use super::super::pool::Pool;
use super::super::queries::{WitnessSql, snapshot_of};
use super::super::slot::slotted;
use super::super::snapshot::Snapshot;
use super::super::statement::Prepared;
use crate::StoreError;
use crate::column::{CommitId, sql};
use crate::connection::PostgresConn;
use crate::position::{Seen, Witness, WitnessRow};
use crate::query_error::QueryError;
use crate::read_class::ReadClass;

/// What the primary showed at one point in time.
#[derive(Clone, Debug)]
pub(super) struct Required {
    pub(super) snapshot: Snapshot,
    /// The newest change that the snapshot sees.
    pub(super) witness: Witness,
    /// A position in the write-ahead log, in bytes. Every transaction that the snapshot sees has its
    /// commit record before it.
    pub(super) wal: i64,
}

impl Required {
    pub(super) fn seen(&self) -> Seen {
        Seen { point: self.snapshot.read_point(), witness: self.witness }
    }
}

/// Reads what is required, once for all callers that come while another one reads.
#[derive(Debug, Default)]
pub(super) struct Requirements {
    known: Mutex<Known>,
    /// Callers read one after the other.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    /// Number of reads that have begun.
    begun: u64,
    /// The newest one, by its number.
    newest: Option<(u64, Arc<Required>)>,
}

impl Requirements {
    /// What the primary shows at some time after this call.
    pub(super) async fn read(&self, primary: &Arc<Pool>) -> Result<Arc<Required>, StoreError> {
        let before = self.known().begun;
        let _turn = self.turn.lock().await;
        let number = {
            let mut known = self.known();
            if let Some((_, required)) = known.newest.as_ref().filter(|(number, _)| *number > before) {
                return Ok(Arc::clone(required));
            }
            known.begun += 1;
            known.begun
        };
        let (slot, body) = slotted(|conn| required(conn).boxed());
        Arc::clone(primary).read_alone(ReadClass::Connecting, body).await?;
        let required = Arc::new(slot.take()?);
        self.known().newest = Some((number, Arc::clone(&required)));
        Ok(required)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn required(conn: &mut PostgresConn) -> Result<Required, QueryError> {
    type RequiredSql = (Text, Nullable<Text>, BigInt, Nullable<sql::Commit>, Nullable<WitnessSql>);
    #[derive(Queryable)]
    struct Row {
        snapshot: String,
        floor: Option<String>,
        wal: i64,
        commit_id: Option<CommitId>,
        newest: Option<WitnessRow>,
    }
    // The snapshot of a statement is taken before its volatile functions are called. A commit is
    // flushed before others see it, unless commits are asynchronous; then it is at least inserted.
    // What was inserted and not flushed is not sent to a standby yet, so waiting for it would be slow.
    let statement = Prepared::<_, RequiredSql>::new(
        "SELECT pg_current_snapshot()::text, (SELECT value FROM meta WHERE name = 'log_floor'), \
         pg_wal_lsn_diff(CASE WHEN current_setting('synchronous_commit') = 'off' THEN pg_current_wal_insert_lsn() \
          ELSE pg_current_wal_flush_lsn() END, '0/0')::bigint, newest.* \
         FROM (VALUES (1)) AS one LEFT JOIN \
         (SELECT commit_id, seq, group_id, version, actor_id, at FROM log ORDER BY commit_id DESC, seq DESC LIMIT 1) \
         AS newest ON true",
    );
    let row: Row = RunQueryDsl::get_result(statement, conn).await?;
    let (snapshot, _) = snapshot_of(&row.snapshot, row.floor.as_deref(), row.commit_id)?;
    Ok(Required { snapshot, witness: row.newest.map_or(Witness::NONE, Witness::new), wal: row.wal })
}
