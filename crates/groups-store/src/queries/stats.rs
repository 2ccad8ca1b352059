//! Counts for operators.

use diesel::prelude::*;
use groups_domain::Timestamp;

use crate::DatabaseStats;
use crate::connection::{Connection, RunQueryDsl};
use crate::query_error::{QueryError, reading};
use crate::schema::{groups, log};

/// Scans the groups, and counts the log.
pub(crate) async fn read<C: Connection>(conn: &mut C) -> Result<DatabaseStats, QueryError> {
    conn.plan_each_time().await?;
    let open = groups::table.filter(groups::deleted_version.is_null());
    let open_groups: i64 = open.count().get_result(conn).await.map_err(reading("groups"))?;
    let memberships: Option<i64> = open
        .select(diesel::dsl::sql::<diesel::sql_types::Nullable<diesel::sql_types::BigInt>>(
            "CAST(sum(member_count) AS bigint)",
        ))
        .get_result(conn)
        .await
        .map_err(reading("groups"))?;
    let changes: i64 = log::table.count().get_result(conn).await.map_err(reading("log"))?;
    let oldest: Option<i64> =
        log::table.order(log::seq.asc()).select(log::at).first(conn).await.optional().map_err(reading("log"))?;
    let newest: Option<i64> =
        log::table.order(log::seq.desc()).select(log::at).first(conn).await.optional().map_err(reading("log"))?;
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    Ok(DatabaseStats {
        groups: count(open_groups),
        memberships: count(memberships.unwrap_or_default()),
        changes: count(changes),
        oldest_change_at: oldest.map(Timestamp::from_unix_millis),
        newest_change_at: newest.map(Timestamp::from_unix_millis),
    })
}
