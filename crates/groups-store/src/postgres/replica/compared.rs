//! Compares what a transaction on the replica sees with what is required.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;
use groups_domain::UserId;
use uuid::Uuid;

use super::super::queries::WitnessSql;
use super::super::statement::Prepared;
use super::required::Required;
use crate::column::{CommitId, Id, sql};
use crate::connection::PostgresConn;
use crate::position::{Witness, WitnessRow};
use crate::query_error::{QueryError, reading};
use crate::row::to_stored;

/// Maximum number of later changes that are compared. With more, the primary reads.
const LATER_MAX: i64 = 256;

/// What a transaction on the replica sees, compared with what is required.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// It is not a replica of this database, or of its current history.
    OtherDatabase,
    /// It has replayed more than [`LATER_MAX`] later changes.
    FarAhead,
    /// It shows the same, except of these users.
    SameExcept(BTreeSet<UserId>),
}

/// Compares the transaction, which must see all that `required` sees, for these users.
///
/// The answer does not depend on the snapshot that the replica reports: in recovery it lists no
/// running transactions.
pub(super) async fn compared(
    conn: &mut PostgresConn,
    store: Uuid,
    required: &Required,
    users: Vec<Id>,
) -> Result<Compared, QueryError> {
    type ComparedSql = (Nullable<Text>, BigInt, Array<sql::Id>, Nullable<WitnessSql>);
    #[derive(Queryable)]
    struct Row {
        store: Option<String>,
        later: i64,
        changed: Vec<Id>,
        found: Option<WitnessRow>,
    }
    // Every change of a user's list or stream has a row in the log, and a row of the user's membership or
    // standing, which is kept for a while after its end.
    let statement = Prepared::<_, ComparedSql>::new(
        "WITH later AS MATERIALIZED ((SELECT group_id FROM log WHERE commit_id >= $1 LIMIT $3) UNION ALL \
          (SELECT group_id FROM log WHERE commit_id = ANY ($2) LIMIT $3)), \
         changed AS MATERIALIZED (SELECT DISTINCT group_id FROM later) \
         SELECT (SELECT value FROM meta WHERE name = 'store_id'), (SELECT count(*) FROM later), \
         ARRAY(SELECT user_id FROM memberships WHERE user_id = ANY ($4) \
          AND group_id = ANY (ARRAY(SELECT group_id FROM changed)) UNION \
          SELECT user_id FROM standings WHERE user_id = ANY ($4) \
          AND group_id = ANY (ARRAY(SELECT group_id FROM changed))), \
         witness.seq, witness.group_id, witness.version, witness.actor_id, witness.at \
         FROM (VALUES (1)) AS one LEFT JOIN log AS witness ON witness.seq = $5",
    );
    let running: Vec<CommitId> = required.snapshot.running().map(CommitId).collect();
    let statement = statement
        .bind::<sql::Commit, _>(CommitId(required.snapshot.end()))
        .bind::<Array<sql::Commit>, _>(running)
        .bind::<BigInt, _>(LATER_MAX + 1)
        .bind::<Array<sql::Id>, _>(users)
        .bind::<BigInt, _>(to_stored(required.witness.seq));
    let row: Row = RunQueryDsl::get_result(statement, conn).await.map_err(reading("log"))?;
    let is_confirmed = required.witness.is_confirmed_by(row.found.map_or(Witness::NONE, Witness::new));
    Ok(if row.store != Some(store.to_string()) || !is_confirmed {
        Compared::OtherDatabase
    } else if row.later > LATER_MAX {
        Compared::FarAhead
    } else {
        Compared::SameExcept(row.changed.into_iter().map(Id::user).collect())
    })
}

/// Whether the replica has this history of the database.
pub(super) async fn is_of(conn: &mut PostgresConn, store: Uuid) -> Result<bool, QueryError> {
    let id = Prepared::<_, Text>::new("SELECT coalesce((SELECT value FROM meta WHERE name = 'store_id'), '')");
    let id: String = RunQueryDsl::get_result(id, conn).await.map_err(reading("meta"))?;
    Ok(id == store.to_string())
}
