//! Whose display names a reader sees.

use std::collections::HashSet;

use diesel::dsl::auto_type;
use diesel::prelude::*;
use groups_domain::{Actor, GroupId, UserId};

use super::statements;
use crate::column::{Id, sql};
use crate::connection::{Connection, RunQueryDsl};
use crate::query_error::{QueryError, reading};
use crate::row_set::{RowSet, Sights, With};
use crate::schema::names;
use crate::{MemberRow, NameVisibility};

/// The first search key after those that start with a prefix. Both backends compare keys by bytes,
/// and `char::MAX` is the greatest character.
pub(super) fn beyond(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}

/// The names whose search key starts with a prefix, by key.
#[auto_type(no_type_alias)]
pub(super) fn starting_with(prefix: String, beyond: String) -> _ {
    names::table
        .filter(names::name_key.ge(prefix))
        .filter(names::name_key.lt(beyond))
        .order((names::name_key, names::user_id))
}

/// Removes the names that the reader may not see.
pub(crate) async fn hide<C: Connection>(
    conn: &mut C,
    visibility: NameVisibility,
    reader: Actor,
    group_id: GroupId,
    members: &mut [MemberRow],
) -> Result<(), QueryError> {
    let reader = match (visibility, reader) {
        (NameVisibility::Members, _) | (NameVisibility::Acquainted, Actor::Operator(_)) => return Ok(()),
        (NameVisibility::Acquainted, Actor::Member(reader)) => reader,
    };
    let named = members.iter().filter(|member| member.name.is_some()).map(|member| member.membership.user_id);
    let acquainted = acquainted(conn, reader, group_id, named.collect()).await?;
    for member in members.iter_mut().filter(|member| !acquainted.contains(&member.membership.user_id)) {
        member.name = None;
    }
    Ok(())
}

/// Which of these members of a group the reader is acquainted with: see
/// [`NameVisibility::Acquainted`].
pub(crate) async fn acquainted<C: Connection>(
    conn: &mut C,
    reader: UserId,
    group_id: GroupId,
    users: Vec<UserId>,
) -> Result<HashSet<UserId>, QueryError> {
    let (group_id, reader) = (Id::from(group_id), Id::from(reader));
    let mut acquainted = HashSet::with_capacity(users.len());
    for sights in Sights::chunks(users.into_iter().map(|user| (group_id, reader, Id::from(user)))) {
        let of_sights = With::<_, sql::Id>::select(sights, statements::ACQUAINTED);
        let rows: Vec<Id> = of_sights.load(conn).await.map_err(reading("memberships"))?;
        acquainted.extend(rows.into_iter().map(Id::user));
    }
    Ok(acquainted)
}
