//! The lists of invitations, requests to join, bans and links, and what outsiders read of a group.

use std::collections::HashSet;

use diesel::prelude::*;
use groups_domain::{
    AccessList, Actor, DisplayName, GroupId, Link, LinkId, Preview, Rejection, Standing, Timestamp, UserId,
    check_list_access,
};

use super::names::acquainted;
use super::read::visible_group;
use super::stream::pending;
use crate::column::Id;
use crate::connection::{Connection, RunQueryDsl};
use crate::query_error::{QueryError, reading};
use crate::row::{
    BANNED, GroupRow, INVITED, LinkRow, REQUESTED, StandingRow, columns_of, not_deleted, not_ended, to_stored,
};
use crate::schema::{groups, links, names, standings};
use crate::{
    AdminRead, LinkKey, LinkPage, NameVisibility, PendingPage, StandingEntry, StandingKey, StandingPage, StoreError,
};

/// Which standings are listed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StandingList {
    /// Invitations that have not expired at this time.
    Invitations(Timestamp),
    JoinRequests,
    Bans,
}

impl StandingList {
    fn kind(self) -> i16 {
        match self {
            Self::Invitations(_) => INVITED,
            Self::JoinRequests => REQUESTED,
            Self::Bans => BANNED,
        }
    }

    fn access(self) -> AccessList {
        match self {
            Self::Invitations(_) => AccessList::Invitations,
            Self::JoinRequests => AccessList::JoinRequests,
            Self::Bans => AccessList::Bans,
        }
    }

    /// Entries that end at this time or before are left out.
    fn ends_after(self) -> i64 {
        match self {
            Self::Invitations(now) => now.unix_millis(),
            Self::JoinRequests | Self::Bans => i64::MIN,
        }
    }
}

/// One page of the current standings of one kind in a group, oldest first.
pub(crate) async fn standings_of_group<C: Connection>(
    conn: &mut C,
    actor: Actor,
    group_id: GroupId,
    list: StandingList,
    after: Option<StandingKey>,
    limit: u32,
    visibility: NameVisibility,
) -> Result<AdminRead<StandingPage<Standing>>, QueryError> {
    if let Some(refused) = refused(conn, actor, group_id, list.access()).await? {
        return Ok(refused);
    }
    let limit = limit.max(1);
    let (since, user) =
        after.map_or((0, Id::default()), |key| (to_stored(key.since_version.get()), key.user_id.into()));
    let mut rows: Vec<(StandingRow, Option<String>)> = standings::table
        .left_join(names::table.on(names::user_id.eq(standings::user_id)))
        .filter(standings::group_id.eq(Id::from(group_id)))
        .filter(standings::kind.eq(list.kind()))
        .filter(standings::ended_version.is_null())
        // Redundant, but it lets the index search start at the right place.
        .filter(standings::since_version.ge(since))
        .filter(standings::since_version.gt(since).or(standings::user_id.gt(user)))
        .filter(standings::expires_at.is_null().or(standings::expires_at.gt(list.ends_after())))
        .order((standings::since_version, standings::user_id))
        .limit(i64::from(limit) + 1)
        .select((columns_of::<StandingRow>(), names::name.nullable()))
        .load(conn)
        .await
        .map_err(reading("standings"))?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let visible = match (visibility, actor) {
        (NameVisibility::Members, _) | (_, Actor::Operator(_)) => None,
        // They have addressed the admins.
        (NameVisibility::Acquainted, Actor::Member(_)) if matches!(list, StandingList::JoinRequests) => None,
        (NameVisibility::Acquainted, Actor::Member(reader)) => {
            let named = rows.iter().filter(|(_, name)| name.is_some()).map(|(row, _)| row.user_id.user());
            Some(acquainted(conn, reader, group_id, named.collect()).await?)
        }
    };
    let rows = rows.into_iter().map(|(row, name)| listed(&row, name, visible.as_ref()));
    let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
    let next = if more { rows.last().map(StandingEntry::key) } else { None };
    Ok(AdminRead::Found(StandingPage { rows, next }))
}

fn listed(
    row: &StandingRow,
    name: Option<String>,
    visible: Option<&HashSet<UserId>>,
) -> Result<StandingEntry<Standing>, StoreError> {
    let user_id = row.user_id.user();
    let name = name.filter(|_| visible.is_none_or(|visible| visible.contains(&user_id)));
    Ok(StandingEntry {
        user_id,
        name: name.map(DisplayName::from_stored),
        since_version: row.since()?,
        standing: row.standing()?,
    })
}

/// One page of the links of a group, oldest first.
pub(crate) async fn links_of_group<C: Connection>(
    conn: &mut C,
    actor: Actor,
    group_id: GroupId,
    after: Option<LinkKey>,
    limit: u32,
) -> Result<AdminRead<LinkPage>, QueryError> {
    if let Some(refused) = refused(conn, actor, group_id, AccessList::Links).await? {
        return Ok(refused);
    }
    let limit = limit.max(1);
    let (created, id) = match after {
        Some(key) => (to_stored(key.created_version.get()), Id(key.link_id.uuid())),
        None => (0, Id::default()),
    };
    let mut rows: Vec<LinkRow> = links::table
        .filter(links::group_id.eq(Id::from(group_id)))
        .filter(links::created_version.ge(created))
        .filter(links::created_version.gt(created).or(links::id.gt(id)))
        .order((links::created_version, links::id))
        .limit(i64::from(limit) + 1)
        .select(columns_of::<LinkRow>())
        .load(conn)
        .await
        .map_err(reading("links"))?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = match rows.last() {
        Some(row) if more => Some(row.key()?),
        _ => None,
    };
    let links = rows.iter().map(LinkRow::link).collect::<Result<Vec<_>, StoreError>>()?;
    Ok(AdminRead::Found(LinkPage { links, next }))
}

/// One link of a group.
pub(crate) async fn link<C: Connection>(
    conn: &mut C,
    actor: Actor,
    group_id: GroupId,
    link_id: LinkId,
) -> Result<AdminRead<Option<Link>>, QueryError> {
    if let Some(refused) = refused(conn, actor, group_id, AccessList::Links).await? {
        return Ok(refused);
    }
    let row: Option<LinkRow> = links::table
        .find(Id(link_id.uuid()))
        .filter(links::group_id.eq(Id::from(group_id)))
        .select(columns_of::<LinkRow>())
        .first(conn)
        .await
        .optional()
        .map_err(reading("links"))?;
    Ok(AdminRead::Found(row.map(|row| row.link()).transpose()?))
}

/// A link with its group; `None` if the user cannot use it.
pub(crate) async fn link_preview<C: Connection>(
    conn: &mut C,
    user: UserId,
    link_id: LinkId,
    now: Timestamp,
) -> Result<Option<(Preview, Link)>, QueryError> {
    let row: Option<(LinkRow, GroupRow)> = links::table
        .inner_join(groups::table.on(groups::id.eq(links::group_id)))
        .filter(links::id.eq(Id(link_id.uuid())))
        .filter(not_deleted())
        .select((columns_of::<LinkRow>(), columns_of::<GroupRow>()))
        .first(conn)
        .await
        .optional()
        .map_err(reading("links"))?;
    let Some((link, group)) = row else { return Ok(None) };
    let (link, group) = (link.link()?, group.into_group()?);
    if link.is_over(now) || !banning(conn, user, vec![group.group_id]).await?.is_empty() {
        return Ok(None);
    }
    Ok(Some((Preview::from(&group), link)))
}

/// The group to which a link belongs, whether the link can be used or not.
pub(crate) async fn group_of_link<C: Connection>(conn: &mut C, link_id: LinkId) -> Result<Option<GroupId>, QueryError> {
    let row: Option<Id> = links::table
        .find(Id(link_id.uuid()))
        .select(links::group_id)
        .first(conn)
        .await
        .optional()
        .map_err(reading("links"))?;
    Ok(row.map(Id::group))
}

/// Which of these groups have banned the user.
pub(crate) async fn banning<C: Connection>(
    conn: &mut C,
    user: UserId,
    groups: Vec<GroupId>,
) -> Result<HashSet<GroupId>, QueryError> {
    let mut banning = HashSet::new();
    for groups in groups.chunks(crate::row_set::ROWS_MAX) {
        let ids: Vec<Id> = groups.iter().copied().map(Id::from).collect();
        let rows: Vec<Id> = standings::table
            .filter(standings::group_id.eq_any(ids))
            .filter(standings::user_id.eq(Id::from(user)))
            .filter(standings::kind.eq(BANNED))
            .filter(not_ended())
            .select(standings::group_id)
            .load(conn)
            .await
            .map_err(reading("standings"))?;
        banning.extend(rows.into_iter().map(Id::group));
    }
    Ok(banning)
}

/// One page of the user's own invitations or requests to join, newest group first.
pub(crate) async fn own<C: Connection>(
    conn: &mut C,
    user: UserId,
    list: StandingList,
    after: Option<GroupId>,
    limit: u32,
) -> Result<PendingPage, QueryError> {
    /// Behind all ids.
    const END: Id = Id(uuid::Uuid::max());
    let limit = limit.max(1);
    let mut rows: Vec<(StandingRow, GroupRow)> = standings::table
        .inner_join(groups::table.on(groups::id.eq(standings::group_id)))
        .filter(standings::user_id.eq(Id::from(user)))
        .filter(standings::group_id.lt(after.map_or(END, Id::from)))
        .filter(not_ended())
        .filter(standings::kind.eq(list.kind()))
        .filter(standings::expires_at.is_null().or(standings::expires_at.gt(list.ends_after())))
        .filter(not_deleted())
        .order(standings::group_id.desc())
        .limit(i64::from(limit) + 1)
        .select((columns_of::<StandingRow>(), columns_of::<GroupRow>()))
        .load(conn)
        .await
        .map_err(reading("standings"))?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let pending = pending(rows)?;
    let next = more.then(|| pending.last().map(|last| last.group.group_id)).flatten();
    Ok(PendingPage { pending, next })
}

/// The current standings of a user in all groups, at most so many.
pub(crate) async fn standings_of_user<C: Connection>(
    conn: &mut C,
    user: UserId,
    bans: bool,
    limit: u32,
) -> Result<Vec<(GroupId, Standing)>, QueryError> {
    let last_kind = if bans { BANNED } else { REQUESTED };
    let rows: Vec<StandingRow> = standings::table
        .inner_join(groups::table.on(groups::id.eq(standings::group_id)))
        .filter(standings::user_id.eq(Id::from(user)))
        .filter(not_ended())
        .filter(standings::kind.le(last_kind))
        .filter(not_deleted())
        .order(standings::group_id)
        .limit(i64::from(limit))
        .select(columns_of::<StandingRow>())
        .load(conn)
        .await
        .map_err(reading("standings"))?;
    Ok(rows.iter().map(|row| Ok((row.group_id.group(), row.standing()?))).collect::<Result<_, StoreError>>()?)
}

/// The groups and users of invitations that have expired, oldest first.
pub(crate) async fn expired_invitations<C: Connection>(
    conn: &mut C,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(GroupId, UserId)>, QueryError> {
    let rows: Vec<(Id, Id)> = standings::table
        .inner_join(groups::table.on(groups::id.eq(standings::group_id)))
        .filter(standings::ended_version.is_null())
        .filter(standings::expires_at.le(now.unix_millis()))
        .filter(not_deleted())
        .order(standings::expires_at)
        .limit(i64::from(limit))
        .select((standings::group_id, standings::user_id))
        .load(conn)
        .await
        .map_err(reading("standings"))?;
    Ok(rows.into_iter().map(|(group, user)| (group.group(), user.user())).collect())
}

/// Why the actor may not read a list; `None` if they may.
async fn refused<C: Connection, T>(
    conn: &mut C,
    actor: Actor,
    group_id: GroupId,
    list: AccessList,
) -> Result<Option<AdminRead<T>>, QueryError> {
    let Some((_, role)) = visible_group(conn, actor, group_id).await? else { return Ok(Some(AdminRead::NotFound)) };
    Ok(match check_list_access(actor, role, list) {
        Ok(()) => None,
        Err(Rejection::Forbidden(_)) => Some(AdminRead::Forbidden),
        Err(_) => Some(AdminRead::NotFound),
    })
}
