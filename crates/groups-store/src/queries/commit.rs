//! One batch of orders inside one transaction: load the facts of all, decide in memory, write all as sets.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::sql_types::{BigInt, Binary, Nullable, SmallInt, Text};
use diesel_async::RunQueryDsl;
use groups_domain::{GroupId, Limits};

use super::{Conn, load_groups};
use crate::batch::{Batch, CommitMade, Committed, RowsToWrite, member_of};
use crate::column::{CommitId, Id, sql};
use crate::payload::{self, AnswerOutcome};
use crate::query_error::{QueryError, reading};
use crate::row::{KeyRow, LogRow, SeatRow, to_stored};
use crate::row_set::{Keys, RowSet, Seats, Versions, With};
use crate::{Order, StoreError};

type SeatSql = (sql::Id, sql::Id, Nullable<BigInt>, Nullable<SmallInt>, Nullable<BigInt>, Nullable<Text>);
type LogSql = (BigInt, sql::Commit, sql::Id, BigInt, sql::Id, BigInt, SmallInt, Text);
type KeySql = (sql::Id, Text, Binary, BigInt, SmallInt, Text);

/// Carries out all orders, one after the other as far as anybody can tell. One answer for each.
///
/// The transaction around it commits, or none of the answers is true.
pub(crate) async fn carry_out(conn: &mut Conn, orders: &[Order], limits: Limits) -> Result<Committed, QueryError> {
    let mut batch = load(conn, orders, limits).await?;
    let answers = orders.iter().map(|order| batch.carry_out(order)).collect();
    let made = write(conn, batch.into_rows()).await?;
    Ok(Committed { answers, made })
}

async fn load(conn: &mut Conn, orders: &[Order], limits: Limits) -> Result<Batch, QueryError> {
    // Groups in the order of their ids, so that two servers that lock several wait for each other but never in a circle.
    let group_ids: BTreeSet<GroupId> = orders.iter().map(|order| order.request.group_id).collect();
    let mut groups = Vec::new();
    for ids in group_ids.into_iter().map(Id::from).collect::<Vec<_>>().chunks(crate::row_set::ROWS_MAX) {
        groups.extend(load_groups(conn, ids.to_vec()).await?);
    }
    let stored: BTreeSet<Id> = groups.iter().map(|row| row.id).collect();
    let mut seats: BTreeMap<(Id, Id), bool> = BTreeMap::new();
    for Order { request, .. } in orders {
        let group_id = Id::from(request.group_id);
        if let Some(user) = member_of(&request.command) {
            seats.insert((group_id, user.into()), true);
        }
        // Only what exists has members.
        if stored.contains(&group_id) {
            request.reads().into_iter().for_each(|user| {
                seats.entry((group_id, user.into())).or_default();
            });
        }
    }
    let mut rows: Vec<SeatRow> = Vec::with_capacity(seats.len());
    for seats in Seats::chunks(seats.into_iter().map(|((group_id, user), named)| (group_id, user, named))) {
        // From the seats outwards, whatever statistics say: SQLite would read all memberships otherwise, where it takes the
        // seats for many.
        let of_seats = With::<_, SeatSql>::select(
            seats,
            "SELECT v.group_id, v.user_id, m.joined_version, m.role, m.joined_at, n.name \
             FROM v LEFT JOIN memberships AS m \
             ON m.group_id = v.group_id AND m.user_id = v.user_id AND m.left_version IS NULL \
             LEFT JOIN names AS n ON v.named AND n.user_id = v.user_id \
             WHERE m.user_id IS NOT NULL OR n.user_id IS NOT NULL",
        );
        rows.extend(of_seats.load::<SeatRow>(conn).await.map_err(reading("memberships"))?);
    }
    let mut batch = Batch::new(limits, groups, rows);
    load_answers(conn, orders, &mut batch).await?;
    Ok(batch)
}

async fn load_answers(conn: &mut Conn, orders: &[Order], batch: &mut Batch) -> Result<(), QueryError> {
    let keys: BTreeSet<(Id, String)> = orders
        .iter()
        .filter_map(|order| Some((order.request.actor_id.into(), order.idempotency.as_ref()?.key.clone())))
        .collect();
    let mut rows: Vec<KeyRow> = Vec::new();
    for keys in Keys::chunks(keys) {
        let of_keys = With::<_, KeySql>::select(
            keys,
            "SELECT i.actor_id, i.key, i.fingerprint, i.created_at, i.format, i.answer \
             FROM v JOIN idempotency AS i ON i.actor_id = v.actor_id AND i.key = v.key",
        );
        rows.extend(of_keys.load::<KeyRow>(conn).await.map_err(reading("idempotency"))?);
    }
    let versions: BTreeSet<(Id, i64)> = rows
        .iter()
        .filter_map(|row| match payload::decode_answer(row.format, &row.answer).ok()?.outcome {
            AnswerOutcome::Changed { group_id, version } => Some((group_id.into(), to_stored(version.get()))),
            AnswerOutcome::Unchanged(_) => None,
        })
        .collect();
    let mut changes: HashMap<(Id, i64), LogRow> = HashMap::new();
    for versions in Versions::chunks(versions) {
        let of_versions = With::<_, LogSql>::select(
            versions,
            "SELECT l.seq, l.commit_id, l.group_id, l.version, l.actor_id, l.at, l.format, l.payload \
             FROM v JOIN log AS l ON l.group_id = v.group_id AND l.version = v.version",
        );
        let rows = of_versions.load::<LogRow>(conn).await.map_err(reading("log"))?;
        changes.extend(rows.into_iter().map(|row| ((row.group_id, row.version), row)));
    }
    for row in rows {
        batch.know(row, |group_id, version| {
            let missing = || StoreError::Corrupt {
                table: "log",
                id: format!("{group_id}/{version}"),
                detail: "an answer refers to it, but it is missing".to_owned(),
            };
            changes.get(&(group_id.into(), to_stored(version.get()))).ok_or_else(missing)?.change()
        });
    }
    Ok(())
}

async fn write(conn: &mut Conn, rows: RowsToWrite) -> Result<Option<CommitMade>, QueryError> {
    // All fields are named, so that nothing is forgotten.
    let RowsToWrite { groups_new, groups_changed, seats_changed, seats_new, changes, keys_expired, answers } = rows;
    for set in groups_new {
        let insert = "INSERT INTO groups \
            (id, name, description, owner_id, member_count, version, created_at, updated_at, deleted_version) \
            SELECT id, name, description, owner_id, member_count, version, created_at, updated_at, deleted_version FROM v";
        With::execute(set, insert).execute(conn).await?;
    }
    for set in groups_changed {
        let update = "UPDATE groups SET name = v.name, description = v.description, owner_id = v.owner_id, \
            member_count = v.member_count, version = v.version, updated_at = v.updated_at, \
            deleted_version = v.deleted_version FROM v WHERE groups.id = v.id";
        With::execute(set, update).execute(conn).await?;
    }
    // Intervals end before others begin: nobody is in a group twice, not even within one transaction.
    for set in seats_changed {
        let update = "UPDATE memberships SET role = v.role, left_version = v.left_version, left_at = v.left_at FROM v \
            WHERE memberships.group_id = v.group_id AND memberships.user_id = v.user_id \
            AND memberships.joined_version = v.joined_version";
        With::execute(set, update).execute(conn).await?;
    }
    for set in seats_new {
        let insert = "INSERT INTO memberships \
            (group_id, user_id, joined_version, ordinal, role, joined_at, left_version, left_at) \
            SELECT group_id, user_id, joined_version, ordinal, role, joined_at, left_version, left_at FROM v";
        With::execute(set, insert).execute(conn).await?;
    }
    let mut made = None;
    for set in changes {
        let insert = "INSERT INTO log (group_id, version, actor_id, at, format, payload) \
            SELECT group_id, version, actor_id, at, format, payload FROM v \
            RETURNING commit_id, group_id, version, actor_id, at";
        let rows = With::<_, (sql::Commit, sql::Id, BigInt, sql::Id, BigInt)>::select(set, insert);
        let rows: Vec<(CommitId, Id, i64, Id, i64)> = rows.load(conn).await?;
        made = rows.into_iter().next().map(|(commit, group_id, version, actor_id, at)| CommitMade {
            commit: commit.0,
            group_id,
            version,
            actor_id,
            at,
        });
    }
    for set in keys_expired {
        let delete = "DELETE FROM idempotency WHERE (actor_id, key) IN (SELECT actor_id, key FROM v)";
        With::execute(set, delete).execute(conn).await?;
    }
    for set in answers {
        let insert = "INSERT INTO idempotency (actor_id, key, fingerprint, created_at, format, answer) \
            SELECT actor_id, key, fingerprint, created_at, format, answer FROM v";
        With::execute(set, insert).execute(conn).await?;
    }
    Ok(made)
}
