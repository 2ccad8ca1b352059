//! Search among the people with whom a user shares a group.

use std::collections::BTreeMap;

use diesel::prelude::*;
use groups_domain::{DisplayName, UserId};

use super::names::{beyond, starting_with};
use super::statements::{self, NameSql};
use crate::NameVisibility;
use crate::column::{Id, sql};
use crate::connection::{Connection, RunQueryDsl};
use crate::query_error::{QueryError, reading};
use crate::row_set::{Pairs, ReaderNames, RowSet, With};
use crate::schema::names;

/// Number of names in the range that are checked for a common group.
const NAMES_CHECKED_MAX: i64 = 512;

/// Number of memberships in the reader's newest groups that are looked at, if there are more names
/// in the range.
const MEMBERSHIPS_MAX: u32 = 20_000;

/// The people other than the reader whose search key starts with the prefix and with whom the reader
/// shares a group, ordered by name. In a large database it may miss some of many matches; a longer
/// prefix finds them.
pub(crate) async fn search<C: Connection>(
    conn: &mut C,
    reader: UserId,
    prefix: String,
    limit: u32,
    visibility: NameVisibility,
) -> Result<Vec<(UserId, DisplayName)>, QueryError> {
    let acted = match visibility {
        NameVisibility::Members => false,
        NameVisibility::Acquainted => true,
    };
    let reader = Id::from(reader);
    let beyond = beyond(&prefix);
    let candidates: Vec<(Id, String, String)> = starting_with(prefix.clone(), beyond.clone())
        .filter(names::user_id.ne(reader))
        .limit(NAMES_CHECKED_MAX)
        .select((names::user_id, names::name, names::name_key))
        .load(conn)
        .await
        .map_err(reading("names"))?;
    let is_complete = i64::try_from(candidates.len()).is_ok_and(|count| count < NAMES_CHECKED_MAX);
    let mut found = BTreeMap::new();
    for pairs in Pairs::chunks(candidates.iter().map(|(user, ..)| (*user, reader))) {
        let of_pairs = With::<_, sql::Id>::select(pairs, statements::acquaintances_of_reader(acted));
        let acquainted: Vec<Id> = of_pairs.load(conn).await.map_err(reading("memberships"))?;
        let acquainted: std::collections::HashSet<Id> = acquainted.into_iter().collect();
        let rows = candidates.iter().filter(|(user, ..)| acquainted.contains(user));
        found.extend(rows.map(|(user, name, key)| ((key.clone(), *user), name.clone())));
    }
    if !is_complete && found.len() < limit as usize {
        conn.plan_each_time().await?;
        for range in ReaderNames::chunks([(reader, prefix, beyond)]) {
            let near = With::<_, NameSql>::select(range, statements::names_near_reader(acted, MEMBERSHIPS_MAX));
            let rows: Vec<(Id, String, String)> = near.load(conn).await.map_err(reading("names"))?;
            found.extend(
                rows.into_iter().filter(|(user, ..)| *user != reader).map(|(user, name, key)| ((key, user), name)),
            );
        }
    }
    let person = |((_, user), name): ((String, Id), String)| (user.user(), DisplayName::from_stored(name));
    Ok(found.into_iter().take(limit as usize).map(person).collect())
}
