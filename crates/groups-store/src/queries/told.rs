//! The users who are told of a change.

use std::collections::BTreeSet;

use diesel::prelude::*;
use groups_domain::{GroupId, UserId, Version};
use uuid::Uuid;

use crate::column::Id;
use crate::connection::{Connection, RunQueryDsl};
use crate::query_error::{QueryError, reading};
use crate::row::{BANNED, to_stored};
use crate::schema::{groups, memberships, standings};

/// The users whose own events include a version of a group, in the order of their ids: those within
/// whose membership it is, both ends included, and those whose invitation or request to join it
/// begins or ends.
pub(crate) async fn users<C: Connection>(
    conn: &mut C,
    group: GroupId,
    version: Version,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<UserId>, QueryError> {
    let (group, version, limit) = (Id::from(group), to_stored(version.get()), limit.max(1));
    let after = after.map_or(Id(Uuid::nil()), Id::from);
    let until = memberships::left_version.is_null().or(memberships::left_version.ge(version));
    let members: Vec<Id> = memberships::table
        .filter(memberships::group_id.eq(group))
        .filter(memberships::user_id.gt(after))
        .filter(memberships::joined_version.le(version))
        .filter(until.assume_not_null())
        .order(memberships::user_id)
        .limit(i64::from(limit))
        .select(memberships::user_id)
        .distinct()
        .load(conn)
        .await
        .map_err(reading("memberships"))?;
    // A deleted group ends them.
    let ends = standings::ended_version.eq(version);
    let ends_with_group = standings::ended_version.is_null().and(groups::deleted_version.eq(version));
    let concerned = ends.or(ends_with_group).or(standings::since_version.eq(version).nullable());
    let outsiders: Vec<Id> = standings::table
        .inner_join(groups::table.on(groups::id.eq(standings::group_id)))
        .filter(standings::group_id.eq(group))
        .filter(standings::user_id.gt(after))
        .filter(standings::kind.lt(BANNED))
        .filter(concerned.assume_not_null())
        .order(standings::user_id)
        .limit(i64::from(limit))
        .select(standings::user_id)
        .distinct()
        .load(conn)
        .await
        .map_err(reading("standings"))?;
    let told: BTreeSet<Id> = members.into_iter().chain(outsiders).collect();
    Ok(told.into_iter().take(limit as usize).map(Id::user).collect())
}
