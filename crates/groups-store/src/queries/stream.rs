//! The start of a user's stream: memberships, and the list or the missed changes, at one point in
//! time.

use diesel::dsl::auto_type;
use diesel::prelude::*;
use groups_domain::{Audience, Invitation, JoinRequest, Pending, PendingKind, Preview, ReadPoint, Standing, UserId};
use uuid::Uuid;

use super::list;
use super::maintenance::Floors;
use super::statements::{CHANGES_OF_SEQS, LogSql};
use crate::caller::Caller;
use crate::column::Id;
use crate::connection::{Connection, RunQueryDsl};
use crate::open_row::open_memberships;
use crate::opening_rows::OpeningRows;
use crate::position::{Seen, Witness, entries};
use crate::query_error::{QueryError, reading};
use crate::row::{BANNED, ColumnsOf, GroupRow, LogRow, StandingRow, columns_of, not_deleted, not_ended};
use crate::row_set::{RowSet, Seqs, With};
use crate::schema::{groups, standings};
use crate::{GroupList, LogEntry, OpenedStream, Position, ReplayRule, StreamStart};

/// Number of missed changes that are read at once. Each may be large, and those beyond the limit
/// are read in vain.
const ROWS_PER_STEP: usize = 128;

/// Maximum number of invitations and requests to join that a client gets with its list.
const PENDING_MAX: i64 = 1_000;

pub(crate) async fn open_stream<C: Connection>(
    conn: &mut C,
    store: Uuid,
    user: UserId,
    mark: String,
    from: Option<Position>,
    rule: ReplayRule,
    caller: Caller,
) -> Result<OpenedStream, QueryError> {
    open_stream_at(conn, None, store, Opening { user, mark, from, rule, caller }).await
}

/// Whose stream is opened, and from where.
pub(crate) struct Opening {
    pub(crate) user: UserId,
    /// See [`Cursors::mark_of`](crate::Cursors).
    pub(crate) mark: String,
    pub(crate) from: Option<Position>,
    pub(crate) rule: ReplayRule,
    pub(crate) caller: Caller,
}

/// The same at a known read point, if it is given. The transaction must show the same of this user as at
/// that point.
pub(crate) async fn open_stream_at<C: Connection>(
    conn: &mut C,
    at: Option<Seen>,
    store: Uuid,
    Opening { user, mark, from, rule, caller }: Opening,
) -> Result<OpenedStream, QueryError> {
    caller.check()?;
    let OpeningRows { seen: Seen { point: seen, witness }, index, pending } = conn.opening_rows(user, at).await?;
    let cursor = Position::new(store, &seen, witness);
    let index = list::index(conn, user, index, &caller).await?;
    let pending = self::pending(pending)?;
    let members = index.iter().map(|listed| (listed.group_id, listed.role.into()));
    let groups = members.chain(pending.iter().map(|pending| (pending.group.group_id, audience_of(pending)))).collect();
    if let Some(from) = from.filter(|from| from.is_of(store) && from.below <= seen.below) {
        let events_max = rule.events_max_for(index.len());
        if let Some(missed) = missed(conn, store, user, &mark, &from, ReplayRule { events_max, ..rule }, &seen).await? {
            let rows = conn.open_memberships(vec![user.into()], i64::MAX).await?;
            let with_deleted = open_memberships(&rows).with_deleted;
            let start = StreamStart::Resumed { missed, with_deleted };
            return Ok(OpenedStream { seen, groups, pending, start, cursor });
        }
    }
    Ok(OpenedStream { seen, groups, pending, start: StreamStart::Snapshot(GroupList::new(index)), cursor })
}

/// The invitations and requests to join of a user as [`PendingRow`]s, newest group first, up to
/// [`PENDING_MAX`].
#[auto_type(no_type_alias)]
pub(crate) fn pending_rows(user: Id) -> _ {
    let (banned, max): (i16, i64) = (BANNED, PENDING_MAX);
    let columns: (ColumnsOf<StandingRow>, ColumnsOf<GroupRow>) =
        (columns_of::<StandingRow>(), columns_of::<GroupRow>());
    standings::table
        .inner_join(groups::table.on(groups::id.eq(standings::group_id)))
        .filter(standings::user_id.eq(user))
        .filter(not_ended())
        .filter(standings::kind.lt(banned))
        .filter(not_deleted())
        .order(standings::group_id.desc())
        .limit(max)
        .select(columns)
}

/// Invitations and requests to join from their rows.
pub(super) fn pending(rows: Vec<(StandingRow, GroupRow)>) -> Result<Vec<Pending>, QueryError> {
    let mut all = Vec::with_capacity(rows.len());
    for (row, group) in rows {
        let (version, standing, group) = (row.since()?, row.standing()?, group.into_group()?);
        let (at, kind) = match standing {
            Standing::Invited(Invitation { role, invited_by, at, expires_at }) => {
                (at, PendingKind::Invitation { role, invited_by, expires_at })
            }
            Standing::Requested(JoinRequest { message, at, .. }) => (at, PendingKind::JoinRequest { message }),
            Standing::Banned(_) => continue,
        };
        all.push(Pending { group: Preview::from(&group), version, at, kind });
    }
    Ok(all)
}

fn audience_of(pending: &Pending) -> Audience {
    match pending.kind {
        PendingKind::Invitation { .. } => Audience::Invited,
        PendingKind::JoinRequest { .. } => Audience::Requested,
    }
}

/// Whether the position belongs to this history: the database was not restored to a state from
/// before the position was issued, after which different changes may have been written. A position
/// whose witness was pruned is not trusted either.
async fn is_of_this_history<C: Connection>(conn: &mut C, from: &Position, floor: u64) -> Result<bool, QueryError> {
    if from.witness == Witness::NONE {
        // The log was empty at the position, so it started there.
        return Ok(from.below.max(1) == floor.max(1));
    }
    Ok(super::sinks::witness(conn, from).await?.is_some_and(|found| from.witness.is_confirmed_by(found)))
}

/// The changes within the user's intervals after a position; `None` if the list is the better
/// answer.
async fn missed<C: Connection>(
    conn: &mut C,
    store: Uuid,
    user: UserId,
    mark: &str,
    from: &Position,
    rule: ReplayRule,
    seen: &ReadPoint,
) -> Result<Option<Vec<LogEntry>>, QueryError> {
    let Floors { floor, of_user } = super::maintenance::floors(conn, mark).await?;
    if from.first_unknown() < floor.max(of_user) || !is_of_this_history(conn, from, floor).await? {
        return Ok(None);
    }
    // Counted first, because the rows themselves may be large.
    let mut seqs = conn.missed_seqs(user, from, i64::from(rule.events_max) + 1).await?;
    if seqs.len() > rule.events_max as usize {
        return Ok(None);
    }
    // Sorted here, because the database might scan the whole log to get the order.
    seqs.sort_unstable();
    let (mut rows, mut bytes) = (Vec::with_capacity(seqs.len()), 0);
    for step in seqs.chunks(ROWS_PER_STEP) {
        for seqs in Seqs::chunks(step.iter().map(|seq| (*seq,))) {
            let of_seqs = With::<_, LogSql>::select(seqs, CHANGES_OF_SEQS);
            rows.extend(of_seqs.load::<LogRow>(conn).await.map_err(reading("log"))?);
        }
        bytes += rows[rows.len().saturating_sub(step.len())..].iter().map(|row| row.payload.len()).sum::<usize>();
        if bytes > rule.bytes_max {
            return Ok(None);
        }
    }
    let missed = entries(store, rows, seen, [], C::COMMIT_ORDER);
    if let Some(error) = missed.failed {
        // The list does not need the unreadable row.
        tracing::error!(%error, %user, "a missed change cannot be read: the user gets the whole list instead");
        return Ok(None);
    }
    Ok(Some(missed.entries))
}
