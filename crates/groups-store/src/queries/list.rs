//! A user's groups as a list: an index of one point in time, and its groups in chunks, each as of
//! that time.

use std::collections::HashMap;

use diesel::dsl::auto_type;
use diesel::prelude::*;
use groups_domain::{GroupId, Role, UserId};
use uuid::Uuid;

use super::statements::{CHANGES_OF_VERSIONS, LogSql};
use crate::caller::Caller;
use crate::column::Id;
use crate::connection::{Connection, RunQueryDsl};
use crate::group_cache::GroupCache;
use crate::opening_rows::IndexRow;
use crate::page::{Listed, PAGE_BYTES_MAX, group_bytes};
use crate::query_error::{QueryError, reading};
use crate::row::{LogRow, not_deleted, role_in};
use crate::row_set::{RowSet, Versions, With};
use crate::schema::{groups, memberships};
use crate::{SharedGroup, StoreError};

/// Number of index rows that are read between two checks of the caller.
pub(crate) const INDEX_ROWS_PER_STEP: i64 = 2_048;

/// Greater than the id of every group.
pub(crate) const FROM_NEWEST: Id = Id(Uuid::max());

/// Number of groups that are read at once. Groups that do not fit into the chunk are read in vain.
const GROUPS_PER_STEP: usize = 128;

/// A user's open memberships, joined with their groups. Memberships in deleted groups stay open for
/// a while, and are left out.
#[auto_type]
pub(super) fn memberships_of(user: Id) -> _ {
    memberships::table
        .inner_join(groups::table.on(groups::id.eq(memberships::group_id)))
        .filter(memberships::user_id.eq(user))
        .filter(memberships::left_version.is_null())
        .filter(not_deleted())
}

/// The groups of which a user is a member below a group, newest first, as [`IndexRow`]s.
#[auto_type(no_type_alias)]
pub(crate) fn index_rows(user: Id, below: Id, limit: i64) -> _ {
    let of_user: memberships_of = memberships_of(user);
    of_user.filter(memberships::group_id.lt(below)).order(memberships::group_id.desc()).limit(limit).select((
        memberships::group_id,
        groups::version,
        memberships::role,
    ))
}

async fn listed_below<C: Connection>(
    conn: &mut C,
    user: UserId,
    below: Id,
    limit: i64,
) -> Result<Vec<Listed>, QueryError> {
    let rows = index_rows(user.into(), below, limit).load(conn).await.map_err(reading("memberships"))?;
    listed(user, rows)
}

fn listed(user: UserId, rows: Vec<IndexRow>) -> Result<Vec<Listed>, QueryError> {
    let listed = |(group_id, version, role): IndexRow| {
        let group_id = group_id.group();
        Ok(Listed::new(group_id, version, role_in(role, group_id, user)?))
    };
    rows.into_iter().map(listed).collect()
}

/// The groups of which a user is a member, newest first. `first` has the first
/// [`INDEX_ROWS_PER_STEP`] of them. Stops when the caller has gone.
pub(crate) async fn index<C: Connection>(
    conn: &mut C,
    user: UserId,
    first: Vec<IndexRow>,
    caller: &Caller,
) -> Result<Vec<Listed>, QueryError> {
    let (mut index, mut step) = (Vec::new(), listed(user, first)?);
    loop {
        caller.check()?;
        let more = i64::try_from(step.len()).is_ok_and(|count| count == INDEX_ROWS_PER_STEP);
        let last = step.last().map(|listed| listed.group_id.into());
        index.append(&mut step);
        let Some(below) = last.filter(|_| more) else {
            index.shrink_to_fit();
            return Ok(index);
        };
        step = listed_below(conn, user, below, INDEX_ROWS_PER_STEP).await?;
    }
}

/// A user's groups, newest first, up to the limit and to [`PAGE_BYTES_MAX`], and whether there are
/// more.
pub(crate) async fn page<C: Connection>(
    conn: &mut C,
    cache: &GroupCache,
    database: Uuid,
    user: UserId,
    after: Option<GroupId>,
    limit: usize,
) -> Result<(Vec<(SharedGroup, Role)>, bool), QueryError> {
    let (mut page, mut bytes) = (Vec::new(), 0);
    let mut below = after.map_or(FROM_NEWEST, Id::from);
    loop {
        let step = GROUPS_PER_STEP.min(limit - page.len() + 1);
        let index = listed_below(conn, user, below, i64::try_from(step).unwrap_or(i64::MAX)).await?;
        for (listed, group) in index.iter().zip(current(conn, cache, database, &index).await?) {
            below = listed.group_id.into();
            bytes += group_bytes(&group);
            if page.len() == limit || (bytes > PAGE_BYTES_MAX && !page.is_empty()) {
                return Ok((page, true));
            }
            page.push((group, listed.role));
        }
        if index.len() < step {
            return Ok((page, false));
        }
    }
}

/// The groups of an index that was read in the same transaction, in its order.
async fn current<C: Connection>(
    conn: &mut C,
    cache: &GroupCache,
    database: Uuid,
    index: &[Listed],
) -> Result<Vec<SharedGroup>, QueryError> {
    let found = cache.find(database, index);
    let missing = index.iter().zip(&found).filter(|(_, found)| found.is_none());
    let missing: Vec<Id> = missing.map(|(listed, _)| listed.group_id.into()).collect();
    let mut read = HashMap::with_capacity(missing.len());
    if !missing.is_empty() {
        for row in conn.read_groups(missing).await? {
            let group = SharedGroup::new(row.into_group()?);
            read.insert(group.group_id, group);
        }
        cache.insert(database, read.values().cloned());
    }
    let group = |(listed, found): (&Listed, Option<SharedGroup>)| {
        let group = found.or_else(|| read.remove(&listed.group_id)).filter(|group| group.is_at(listed));
        group.ok_or_else(|| unlisted(listed).into())
    };
    index.iter().zip(found).map(group).collect()
}

/// The error for a group that a transaction has seen in its index, but not in its table.
fn unlisted(listed: &Listed) -> StoreError {
    let detail = format!("version {} is missing", listed.version());
    StoreError::Corrupt { table: "groups", id: listed.group_id.to_string(), detail }
}

/// The first of these groups, at the versions of the index: as many as fit, at least one. `None` if
/// one of these versions is no longer available: the group has changed since, and its log was
/// pruned.
pub(crate) async fn groups_at<C: Connection>(
    conn: &mut C,
    cache: GroupCache,
    database: Uuid,
    index: Vec<Listed>,
    bytes_max: usize,
) -> Result<Option<Vec<(SharedGroup, Role)>>, QueryError> {
    let (mut found, mut bytes) = (Vec::with_capacity(index.len()), 0);
    for step in index.chunks(GROUPS_PER_STEP) {
        let mut groups = at_versions(conn, &cache, database, step).await?;
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
async fn at_versions<C: Connection>(
    conn: &mut C,
    cache: &GroupCache,
    database: Uuid,
    index: &[Listed],
) -> Result<HashMap<GroupId, SharedGroup>, QueryError> {
    let cached = cache.find(database, index).into_iter().flatten();
    let mut groups: HashMap<GroupId, SharedGroup> = cached.map(|group| (group.group_id, group)).collect();
    let missing = index.iter().filter(|listed| !groups.contains_key(&listed.group_id));
    let versions: HashMap<GroupId, i64> = missing.map(|listed| (listed.group_id, listed.version())).collect();
    if versions.is_empty() {
        return Ok(groups);
    }
    let mut read = Vec::with_capacity(versions.len());
    for row in conn.read_groups(versions.keys().copied().map(Id::from).collect()).await? {
        if versions.get(&row.id.group()) == Some(&row.version) {
            read.push(SharedGroup::new(row.into_group()?));
        }
    }
    groups.extend(read.iter().map(|group| (group.group_id, group.clone())));
    // Other clients are about to read them as well.
    cache.insert(database, read);
    // Groups that have changed since: each log row contains the whole group after the change.
    let changed = index.iter().filter(|listed| !groups.contains_key(&listed.group_id));
    let changed: Vec<(Id, i64)> = changed.map(|listed| (listed.group_id.into(), listed.version())).collect();
    for changed in Versions::chunks(changed) {
        let of_versions = With::<_, LogSql>::select(changed, CHANGES_OF_VERSIONS);
        for row in of_versions.load::<LogRow>(conn).await.map_err(reading("log"))? {
            let group = SharedGroup::new(row.change()?.group);
            groups.insert(group.group_id, group);
        }
    }
    Ok(groups)
}
