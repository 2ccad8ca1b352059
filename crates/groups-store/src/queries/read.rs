//! Reads of pages and single rows. Each function runs inside one transaction and sees one snapshot.

use std::collections::HashMap;

use diesel::prelude::*;
use groups_domain::{Actor, DisplayName, Group, GroupId, Rejection, Role, UserId, Version, check_history_access};
use uuid::Uuid;

use super::list::{self, memberships_of};
use super::names::{beyond, hide, starting_with};
use crate::column::Id;
use crate::connection::{Connection, RunQueryDsl};
use crate::group_cache::GroupCache;
use crate::page::PAGE_BYTES_MAX;
use crate::position::Seen;
use crate::query_error::{QueryError, reading};
use crate::row::{GroupRow, LogRow, MembershipRow, columns_of, not_deleted, role_in, to_stored};
use crate::schema::{groups, log, memberships, names};
use crate::{History, MemberKey, MemberPage, MemberRow, NameVisibility, Position, SharedGroupPage, StoreError};

/// Number of changes that are read at once. Each may name a thousand members, and those that do not
/// fit into the page are read in vain.
const CHANGES_PER_STEP: usize = 32;

pub(crate) async fn groups_of<C: Connection>(
    conn: &mut C,
    cache: GroupCache,
    store: Uuid,
    user: UserId,
    after: Option<GroupId>,
    limit: u32,
) -> Result<SharedGroupPage, QueryError> {
    let Seen { point, witness } = conn.read_point().await?;
    let (groups, more) = list::page(conn, &cache, store, user, after, limit.max(1) as usize).await?;
    let next = more.then(|| groups.last().map(|(group, _)| group.group_id)).flatten();
    Ok(SharedGroupPage { groups, next, cursor: Position::new(store, &point, witness) })
}

/// The group and the user's role in it.
pub(crate) async fn group<C: Connection>(
    conn: &mut C,
    user: UserId,
    group_id: GroupId,
) -> Result<Option<(Group, Role)>, QueryError> {
    let row: Option<(GroupRow, i16)> = memberships_of(user.into())
        .filter(memberships::group_id.eq(Id::from(group_id)))
        .select((columns_of::<GroupRow>(), memberships::role))
        .first(conn)
        .await
        .optional()
        .map_err(reading("groups"))?;
    row.map(|(row, role)| Ok((row.into_group()?, role_in(role, group_id, user)?))).transpose()
}

/// The group and the actor's own role in it; `None` if the actor may not see it. An operator sees
/// every group.
pub(crate) async fn visible_group<C: Connection>(
    conn: &mut C,
    actor: Actor,
    group_id: GroupId,
) -> Result<Option<(Group, Option<Role>)>, QueryError> {
    let own = group(conn, actor.user_id(), group_id).await?.map(|(group, role)| (group, Some(role)));
    if own.is_some() || !actor.is_operator() {
        return Ok(own);
    }
    let row: Option<GroupRow> = groups::table
        .find(Id::from(group_id))
        .filter(not_deleted())
        .select(columns_of::<GroupRow>())
        .first(conn)
        .await
        .optional()
        .map_err(reading("groups"))?;
    row.map(|row| Ok((row.into_group()?, None))).transpose()
}

pub(crate) async fn members<C: Connection>(
    conn: &mut C,
    actor: Actor,
    group_id: GroupId,
    after: Option<MemberKey>,
    limit: u32,
    visibility: NameVisibility,
) -> Result<Option<MemberPage>, QueryError> {
    let Some((group, _)) = visible_group(conn, actor, group_id).await? else { return Ok(None) };
    let limit = limit.max(1);
    let (version, ordinal) = match after {
        Some(key) => (to_stored(key.joined_version.get()), i64::from(key.ordinal)),
        None => (0, -1),
    };
    let mut rows: Vec<(MembershipRow, Option<String>)> = memberships::table
        .left_join(names::table.on(names::user_id.eq(memberships::user_id)))
        .filter(memberships::group_id.eq(Id::from(group_id)))
        .filter(memberships::left_version.is_null())
        // Redundant, but it lets the index search start at the right place.
        .filter(memberships::joined_version.ge(version))
        .filter(memberships::joined_version.gt(version).or(memberships::ordinal.gt(ordinal)))
        .order((memberships::joined_version, memberships::ordinal))
        .limit(i64::from(limit) + 1)
        .select((columns_of::<MembershipRow>(), names::name.nullable()))
        .load(conn)
        .await
        .map_err(reading("memberships"))?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = match rows.last() {
        Some((row, _)) if more => Some(row.key()?),
        _ => None,
    };
    let members = rows.into_iter().map(|(row, name)| row.named(name));
    let mut members = members.collect::<Result<Vec<_>, StoreError>>()?;
    hide(conn, visibility, actor, group_id, &mut members).await?;
    Ok(Some(MemberPage { members, next, version: group.version }))
}

pub(crate) async fn member<C: Connection>(
    conn: &mut C,
    user: UserId,
    group_id: GroupId,
    of: UserId,
    visibility: NameVisibility,
) -> Result<Option<MemberRow>, QueryError> {
    if group(conn, user, group_id).await?.is_none() {
        return Ok(None);
    }
    let row: Option<(MembershipRow, Option<String>)> = memberships::table
        .left_join(names::table.on(names::user_id.eq(memberships::user_id)))
        .filter(memberships::group_id.eq(Id::from(group_id)))
        .filter(memberships::user_id.eq(Id::from(of)))
        .filter(memberships::left_version.is_null())
        .select((columns_of::<MembershipRow>(), names::name.nullable()))
        .first(conn)
        .await
        .optional()
        .map_err(reading("memberships"))?;
    let Some((row, name)) = row else { return Ok(None) };
    let mut member = row.named(name)?;
    hide(conn, visibility, user.into(), group_id, std::slice::from_mut(&mut member)).await?;
    Ok(Some(member))
}

pub(crate) async fn history<C: Connection>(
    conn: &mut C,
    actor: Actor,
    group_id: GroupId,
    after: Version,
    limit: u32,
) -> Result<History, QueryError> {
    let Some((_, role)) = visible_group(conn, actor, group_id).await? else { return Ok(History::NotFound) };
    match check_history_access(actor, role) {
        Ok(()) => {}
        Err(Rejection::Forbidden(_)) => return Ok(History::Forbidden),
        Err(_) => return Ok(History::NotFound),
    }
    let (mut changes, mut bytes, mut after) = (Vec::new(), 0, to_stored(after.get()));
    let limit = limit.max(1) as usize;
    let more = 'page: loop {
        let step = CHANGES_PER_STEP.min(limit - changes.len() + 1);
        let rows: Vec<LogRow> = log::table
            .filter(log::group_id.eq(Id::from(group_id)))
            .filter(log::version.gt(after))
            .order(log::version)
            .limit(i64::try_from(step).unwrap_or(i64::MAX))
            .select(columns_of::<LogRow>())
            .load(conn)
            .await
            .map_err(reading("log"))?;
        for row in &rows {
            after = row.version;
            bytes += row.payload.len();
            if changes.len() == limit || (bytes > PAGE_BYTES_MAX && !changes.is_empty()) {
                break 'page true;
            }
            changes.push(row.change()?);
        }
        if rows.len() < step {
            break false;
        }
    };
    let next = more.then(|| changes.last().map(groups_domain::Change::version)).flatten();
    Ok(History::Page { changes, next })
}

pub(crate) async fn names_of<C: Connection>(
    conn: &mut C,
    users: Vec<Id>,
) -> Result<HashMap<UserId, DisplayName>, QueryError> {
    let mut names = HashMap::with_capacity(users.len());
    for users in users.chunks(crate::row_set::ROWS_MAX) {
        let rows: Vec<(Id, String)> = names::table
            .filter(names::user_id.eq_any(users.to_vec()))
            .select((names::user_id, names::name))
            .load(conn)
            .await
            .map_err(reading("names"))?;
        names.extend(rows.into_iter().map(|(user, name)| (user.user(), DisplayName::from_stored(name))));
    }
    Ok(names)
}

pub(crate) async fn people<C: Connection>(
    conn: &mut C,
    prefix: String,
    limit: u32,
) -> Result<Vec<(UserId, DisplayName)>, QueryError> {
    let beyond = beyond(&prefix);
    let rows: Vec<(Id, String)> = starting_with(prefix, beyond)
        .limit(i64::from(limit))
        .select((names::user_id, names::name))
        .load(conn)
        .await
        .map_err(reading("names"))?;
    Ok(rows.into_iter().map(|(user, name)| (user.user(), DisplayName::from_stored(name))).collect())
}

/// The greatest UUIDv7 of a group. Other ids may sort above it, but a database is assumed to have
/// fewer than a thousand of them.
pub(crate) async fn newest_group<C: Connection>(conn: &mut C) -> Result<Option<GroupId>, QueryError> {
    const END: Id = Id(Uuid::from_u128(1 << 127));
    let ids: Vec<Id> = groups::table
        .filter(groups::id.lt(END))
        .order(groups::id.desc())
        .limit(1_000)
        .select(groups::id)
        .load(conn)
        .await
        .map_err(reading("groups"))?;
    Ok(ids.into_iter().find(|id| id.0.get_version_num() == 7).map(Id::group))
}
