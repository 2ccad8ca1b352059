//! A user's groups as a list: an index of one point in time, and its groups in chunks, each as of
//! that time.

use std::collections::HashMap;

use diesel::dsl::auto_type;
use diesel::prelude::*;
use groups_domain::{Group, GroupId, Role, UserId};
use uuid::Uuid;

use super::statements::{CHANGES_OF_VERSIONS, LogSql};
use crate::caller::Caller;
use crate::column::Id;
use crate::connection::{Connection, RunQueryDsl};
use crate::page::{Listed, group_bytes};
use crate::query_error::{QueryError, reading};
use crate::row::{LogRow, role_in};
use crate::row_set::{RowSet, Versions, With};
use crate::schema::{groups, memberships};

/// Number of index rows that are read between two checks of the caller.
const INDEX_ROWS_PER_STEP: i64 = 2_048;

/// Number of groups that are read at once. Groups that do not fit into the chunk are read in vain.
const GROUPS_PER_STEP: usize = 128;

/// A user's open memberships, joined with their groups. Memberships in deleted groups stay open for
/// a while, and are left out.
#[auto_type(no_type_alias)]
pub(super) fn memberships_of(user: Id) -> _ {
    memberships::table
        .inner_join(groups::table.on(groups::id.eq(memberships::group_id)))
        .filter(memberships::user_id.eq(user))
        .filter(memberships::left_version.is_null())
        .filter(groups::deleted_version.is_null())
}

/// The groups of which a user is a member, newest first. Stops when the caller has gone.
pub(crate) async fn index<C: Connection>(
    conn: &mut C,
    user: UserId,
    caller: &Caller,
) -> Result<Vec<Listed>, QueryError> {
    let mut index = Vec::new();
    let mut below = Id(Uuid::max());
    loop {
        caller.check()?;
        let rows: Vec<(Id, i64, i16)> = memberships_of(user.into())
            .filter(memberships::group_id.lt(below))
            .order(memberships::group_id.desc())
            .limit(INDEX_ROWS_PER_STEP)
            .select((memberships::group_id, groups::version, memberships::role))
            .load(conn)
            .await
            .map_err(reading("memberships"))?;
        let last = rows.last().map(|(group_id, ..)| *group_id);
        let more = i64::try_from(rows.len()).is_ok_and(|count| count == INDEX_ROWS_PER_STEP);
        index.reserve(rows.len());
        for (group_id, version, role) in rows {
            let group_id = group_id.group();
            index.push(Listed::new(group_id, version, role_in(role, group_id, user)?));
        }
        match last.filter(|_| more) {
            Some(last) => below = last,
            None => {
                index.shrink_to_fit();
                return Ok(index);
            }
        }
    }
}

/// The first of these groups, at the versions of the index: as many as fit, at least one. `None` if
/// one of these versions is no longer available: the group has changed since, and its log was
/// pruned.
pub(crate) async fn groups_at<C: Connection>(
    conn: &mut C,
    index: Vec<Listed>,
    bytes_max: usize,
) -> Result<Option<Vec<(Group, Role)>>, QueryError> {
    let (mut found, mut bytes) = (Vec::with_capacity(index.len()), 0);
    for step in index.chunks(GROUPS_PER_STEP) {
        let mut groups = at_versions(conn, step).await?;
        for listed in step {
            let Some(group) = groups.remove(&listed.group_id) else { return Ok(None) };
            bytes += group_bytes(&group);
            if bytes > bytes_max && !found.is_empty() {
                return Ok(Some(found));
            }
            found.push((group, listed.role));
        }
    }
    Ok(Some(found))
}

/// The groups whose state at the listed version is available.
async fn at_versions<C: Connection>(conn: &mut C, index: &[Listed]) -> Result<HashMap<GroupId, Group>, QueryError> {
    let versions: HashMap<GroupId, i64> = index.iter().map(|listed| (listed.group_id, listed.version())).collect();
    let mut groups = HashMap::with_capacity(index.len());
    for row in conn.read_groups(index.iter().map(|listed| listed.group_id.into()).collect()).await? {
        if versions.get(&row.id.group()) == Some(&row.version) {
            groups.insert(row.id.group(), row.into_group()?);
        }
    }
    // Groups that have changed since: each log row contains the whole group after the change.
    let changed = index.iter().filter(|listed| !groups.contains_key(&listed.group_id));
    let changed: Vec<(Id, i64)> = changed.map(|listed| (listed.group_id.into(), listed.version())).collect();
    for changed in Versions::chunks(changed) {
        let of_versions = With::<_, LogSql>::select(changed, CHANGES_OF_VERSIONS);
        for row in of_versions.load::<LogRow>(conn).await.map_err(reading("log"))? {
            let group = row.change()?.group;
            groups.insert(group.group_id, group);
        }
    }
    Ok(groups)
}
