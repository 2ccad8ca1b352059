//! Memberships of many users at once, for clients that resume from memory.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use diesel::prelude::*;
use groups_domain::{ReadPoint, UserId};
use uuid::Uuid;

use super::maintenance;
use crate::column::Id;
use crate::connection::{Connection, RunQueryDsl};
use crate::open_row::{OpenRow, open_memberships};
use crate::position::{Seen, Witness, WitnessRow};
use crate::query_error::{QueryError, reading};
use crate::row::to_stored;
use crate::schema::log;
use crate::{Position, ResumePoints, Resumer};

/// Maximum number of memberships of a user that resumes from memory.
const MEMBERSHIPS_MAX: i64 = 1_000;

/// Maximum number of commits that the caller does not know yet. Above it nobody resumes from
/// memory.
const NEWER_MAX: i64 = 4_096;

pub(crate) async fn points<C: Connection>(
    conn: &mut C,
    store: Uuid,
    resumers: Arc<[Resumer]>,
    marks: Arc<[String]>,
    known: ReadPoint,
) -> Result<ResumePoints, QueryError> {
    let seen = conn.read_point().await?;
    points_at(conn, seen, BTreeSet::new(), store, resumers, marks, known).await
}

/// The same at a known read point. The transaction must show the same as at that point, except of the
/// `changed` users, for whom the result is `None`.
pub(crate) async fn points_at<C: Connection>(
    conn: &mut C,
    Seen { point: seen, witness }: Seen,
    changed: BTreeSet<UserId>,
    store: Uuid,
    resumers: Arc<[Resumer]>,
    marks: Arc<[String]>,
    known: ReadPoint,
) -> Result<ResumePoints, QueryError> {
    let cursor = Position::new(store, &seen, witness);
    let floor = maintenance::floor(conn).await?;
    let floors_of_users = maintenance::floors_of_users(conn, &marks).await?;
    let newer = conn.commits_from(known.first_unseen(), NEWER_MAX).await?;
    if i64::try_from(newer.len()).is_ok_and(|count| count == NEWER_MAX) {
        return Ok(ResumePoints { seen, cursor, newer: Vec::new(), memberships: vec![None; resumers.len()] });
    }
    let newer = newer.into_iter().map(|commit| commit.0);
    let newer: BTreeSet<u64> = newer.filter(|commit| seen.sees(*commit) && !known.sees(*commit)).collect();

    let witnesses: BTreeSet<i64> = resumers.iter().map(|resumer| to_stored(resumer.from.witness.seq)).collect();
    let witnesses: Vec<WitnessRow> = log::table
        .filter(log::seq.eq_any(witnesses.into_iter().collect::<Vec<_>>()))
        .select((log::seq, log::group_id, log::version, log::actor_id, log::at))
        .load(conn)
        .await
        .map_err(reading("log"))?;
    let witnesses: HashMap<u64, Witness> =
        witnesses.into_iter().map(Witness::new).map(|witness| (witness.seq, witness)).collect();
    // Like `open_stream`, but a position in an empty log is not of use here.
    let is_valid = |from: &Position, mark: &String| {
        from.is_of(store)
            && from.below <= seen.below
            && from.first_unknown() >= floor.max(floors_of_users.get(mark).copied().unwrap_or_default())
            && witnesses.get(&from.witness.seq).is_some_and(|found| from.witness.is_confirmed_by(*found))
    };

    let users: BTreeSet<Id> = resumers.iter().map(|resumer| resumer.user_id.into()).collect();
    let mut of_users: HashMap<Id, Vec<OpenRow>> = HashMap::with_capacity(users.len());
    let rows = conn.open_memberships(users.into_iter().collect(), MEMBERSHIPS_MAX + 1).await?;
    for row in rows {
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
