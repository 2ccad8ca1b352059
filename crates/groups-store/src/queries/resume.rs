//! Memberships of many users at once, for clients that resume from memory.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use diesel::dsl::auto_type;
use diesel::prelude::*;
use groups_domain::{ReadPoint, UserId};
use uuid::Uuid;

use super::maintenance;
use crate::column::Id;
use crate::connection::Connection;
use crate::open_row::{OpenRow, open_memberships};
use crate::opening_rows::{ResumeRows, ResumeWanted};
use crate::position::{Seen, Witness};
use crate::query_error::QueryError;
use crate::row::to_stored;
use crate::schema::log;
use crate::{Position, ResumePoints, Resumer};

/// Maximum number of memberships of a user that resumes from memory.
pub(crate) const MEMBERSHIPS_MAX: i64 = 1_000;

/// Maximum number of commits that the caller does not know yet. Above it nobody resumes from
/// memory.
pub(crate) const NEWER_MAX: i64 = 4_096;

/// The witnesses with these numbers, as [`WitnessRow`]s.
#[auto_type(no_type_alias)]
pub(crate) fn witness_rows(seqs: Vec<i64>) -> _ {
    log::table.filter(log::seq.eq_any(seqs)).select((log::seq, log::group_id, log::version, log::actor_id, log::at))
}

pub(crate) async fn points<C: Connection>(
    conn: &mut C,
    store: Uuid,
    resumers: Arc<[Resumer]>,
    marks: Arc<[String]>,
    known: ReadPoint,
) -> Result<ResumePoints, QueryError> {
    points_at(conn, None, BTreeSet::new(), store, resumers, marks, known).await
}

/// The same at a known read point, if it is given. The transaction must show the same as at that point,
/// except of the `changed` users, for whom the result is `None`.
pub(crate) async fn points_at<C: Connection>(
    conn: &mut C,
    at: Option<Seen>,
    changed: BTreeSet<UserId>,
    store: Uuid,
    resumers: Arc<[Resumer]>,
    marks: Arc<[String]>,
    known: ReadPoint,
) -> Result<ResumePoints, QueryError> {
    let witnesses: BTreeSet<i64> = resumers.iter().map(|resumer| to_stored(resumer.from.witness.seq)).collect();
    let users: BTreeSet<Id> = resumers.iter().map(|resumer| resumer.user_id.into()).collect();
    let wanted = ResumeWanted {
        floors: std::iter::once(maintenance::floor_name()).chain(marks.iter().cloned()).collect(),
        newer_from: known.first_unseen(),
        witnesses: witnesses.into_iter().collect(),
        users: users.into_iter().collect(),
    };
    let ResumeRows { seen: Seen { point: seen, witness }, floors, newer, witnesses, open } =
        conn.resume_rows(&wanted, at).await?;
    let cursor = Position::new(store, &seen, witness);
    if i64::try_from(newer.len()).is_ok_and(|count| count == NEWER_MAX) {
        return Ok(ResumePoints { seen, cursor, newer: Vec::new(), memberships: vec![None; resumers.len()] });
    }
    let newer = newer.into_iter().map(|commit| commit.0);
    let newer: BTreeSet<u64> = newer.filter(|commit| seen.sees(*commit) && !known.sees(*commit)).collect();

    let floors = maintenance::floors_in(floors)?;
    let floor_of = |name: &String| floors.get(name).copied().unwrap_or_default();
    let floor = floor_of(&maintenance::floor_name());
    let witnesses: HashMap<u64, Witness> =
        witnesses.into_iter().map(Witness::new).map(|witness| (witness.seq, witness)).collect();
    // Like `open_stream`, but a position in an empty log is not of use here.
    let is_valid = |from: &Position, mark: &String| {
        from.is_of(store)
            && from.below <= seen.below
            && from.first_unknown() >= floor.max(floor_of(mark))
            && witnesses.get(&from.witness.seq).is_some_and(|found| from.witness.is_confirmed_by(*found))
    };

    let mut of_users: HashMap<Id, Vec<OpenRow>> = HashMap::with_capacity(wanted.users.len());
    for row in open {
        of_users.entry(row.user_id).or_default().push(row);
    }
    let memberships = resumers.iter().zip(marks.iter()).map(|(Resumer { user_id, from }, mark)| {
        let rows = of_users.get(&Id::from(*user_id)).map(Vec::as_slice).unwrap_or_default();
        let few = i64::try_from(rows.len()).is_ok_and(|count| count <= MEMBERSHIPS_MAX);
        (few && !changed.contains(user_id) && is_valid(from, mark)).then(|| open_memberships(rows))
    });
    let memberships = memberships.collect();
    Ok(ResumePoints { seen, cursor, newer: newer.into_iter().collect(), memberships })
}
