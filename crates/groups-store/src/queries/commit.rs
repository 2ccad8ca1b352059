//! One batch of orders inside one transaction: load all facts, decide in memory, write everything
//! as sets.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use groups_domain::{Command, GroupId, Limits, LinkReads};

use super::people;
use super::statements::{self, InsertedSql, KeySql, LinkSql, LogSql, MembershipFactsSql, StandingSql, UsageSql};
use crate::batch::{Batch, Committed, RowsToWrite, member_of};
use crate::column::{CommitId, Id};
use crate::connection::{Connection, RunQueryDsl};
use crate::ledger::{Ledger, Usage};
use crate::payload::{self, Answer};
use crate::query_error::{QueryError, reading};
use crate::recent_commits::CommittedChange;
use crate::row::{KeyRow, LinkRow, LogRow, MembershipFactsRow, StandingRow, to_stored};
use crate::row_set::{Ids, Keys, MembershipKeys, RowSet, StandingKeys, UserDays, Versions, With};
use crate::{Order, Quotas, StoreError};

/// Executes all orders, with the same result as one after the other. Returns one answer for each.
///
/// The answers are valid only if the surrounding transaction commits. A hook requires a batch of
/// one order, and runs only if that order changes something.
pub(crate) async fn execute<C: Connection>(
    conn: &mut C,
    orders: &[Order],
    hook: Option<&C::Hook>,
    limits: Limits,
    quotas: Quotas,
) -> Result<Committed, QueryError> {
    let mut batch = load(conn, orders, limits, quotas).await?;
    let answers: Vec<_> = orders.iter().map(|order| batch.execute_order(order)).collect();
    let changes = write(conn, batch.into_rows()).await?;
    if let (Some(hook), [Ok(executed)]) = (hook, &*answers)
        && !executed.replayed
        && let Some(change) = executed.outcome.change()
    {
        conn.run_hook(hook, change).await?;
    }
    Ok(Committed { answers, changes })
}

async fn load<C: Connection>(
    conn: &mut C,
    orders: &[Order],
    limits: Limits,
    quotas: Quotas,
) -> Result<Batch, QueryError> {
    // Groups are sorted by id, so that two servers that lock several never deadlock.
    let group_ids: BTreeSet<GroupId> = orders.iter().map(|order| order.request.group_id).collect();
    let mut groups = Vec::new();
    for ids in group_ids.into_iter().map(Id::from).collect::<Vec<_>>().chunks(crate::row_set::ROWS_MAX) {
        groups.extend(conn.lock_groups(ids.to_vec()).await?);
    }
    let owners: BTreeMap<Id, Id> = groups.iter().map(|row| (row.id, row.owner_id)).collect();
    let memberships = membership_keys(orders, Some(&owners));
    let mut rows: Vec<MembershipFactsRow> = Vec::with_capacity(memberships.len());
    for keys in MembershipKeys::chunks(memberships) {
        let of_keys = With::<_, MembershipFactsSql>::select(keys, statements::MEMBERSHIP_FACTS);
        rows.extend(of_keys.load::<MembershipFactsRow>(conn).await.map_err(reading("memberships"))?);
    }
    let with_standings: BTreeSet<Id> = groups.iter().filter(|row| row.has_standings()).map(|row| row.id).collect();
    let keys = standing_keys(orders).into_iter().filter(|(group_id, _)| with_standings.contains(group_id));
    let mut standings: Vec<StandingRow> = Vec::new();
    for keys in StandingKeys::chunks(keys) {
        let of_keys = With::<_, StandingSql>::select(keys, statements::STANDINGS_OF_KEYS);
        standings.extend(of_keys.load::<StandingRow>(conn).await.map_err(reading("standings"))?);
    }
    let (of_ids, of_groups) = link_keys(orders);
    let mut links: Vec<LinkRow> = Vec::new();
    for (ids, statement) in [(of_ids, statements::LINKS_OF_IDS), (of_groups, statements::LINKS_OF_GROUPS)] {
        for ids in Ids::chunks(ids.into_iter().map(|id| (id,))) {
            let of_ids = With::<_, LinkSql>::select(ids, statement);
            links.extend(of_ids.load::<LinkRow>(conn).await.map_err(reading("links"))?);
        }
    }
    let people = people::load(conn, orders, limits).await?;
    let ledger = load_usage(conn, orders, quotas).await?;
    let mut batch = Batch::new(limits, groups, rows, (standings, links), people, ledger);
    load_answers(conn, orders, &mut batch).await?;
    Ok(batch)
}

/// The memberships that the orders read, each with whether the user's name is requested. `owners`
/// are those of the existing groups, if they are known already: then other groups are left out.
pub(crate) fn membership_keys(orders: &[Order], owners: Option<&BTreeMap<Id, Id>>) -> Vec<(Id, Id, bool)> {
    let mut memberships: BTreeMap<(Id, Id), bool> = BTreeMap::new();
    for Order { request, .. } in orders {
        let group_id = Id::from(request.group_id);
        if let Some(user) = member_of(request) {
            memberships.insert((group_id, user.into()), true);
        }
        let owner = owners.map(|owners| owners.get(&group_id));
        // Only existing groups have members.
        if owner != Some(None) {
            let owner = owner.flatten().copied().filter(|_| request.reads_owner());
            request.reads().into_iter().map(Id::from).chain(owner).for_each(|user| {
                memberships.entry((group_id, user)).or_default();
            });
        }
    }
    memberships.into_iter().map(|((group_id, user), named)| (group_id, user, named)).collect()
}

/// The users in groups whose standings the orders read.
pub(crate) fn standing_keys(orders: &[Order]) -> BTreeSet<(Id, Id)> {
    let mut keys = BTreeSet::new();
    for Order { request, .. } in orders {
        let reads = match &request.command {
            // They depend on memberships only, and end no standing.
            Command::CreateGroup { .. }
            | Command::UpdateSettings { .. }
            | Command::RemoveMember { .. }
            | Command::Leave { .. }
            | Command::ChangeRole { .. }
            | Command::DeleteGroup
            | Command::CreateLink { .. }
            | Command::RevokeLink { .. }
            | Command::RevokeLinks => continue,
            // The actor is a member or an operator.
            Command::AddMember(_)
            | Command::AddMembers(_)
            | Command::Invite { .. }
            | Command::WithdrawInvitation { .. }
            | Command::ExpireInvitation { .. }
            | Command::ApproveJoinRequest { .. }
            | Command::DeclineJoinRequest { .. }
            | Command::Ban { .. }
            | Command::Unban { .. }
            | Command::AcceptInvitation
            | Command::DeclineInvitation
            | Command::Join { .. }
            | Command::WithdrawJoinRequest
            | Command::UseLink { .. } => request.reads(),
        };
        keys.extend(reads.into_iter().map(|user| (Id::from(request.group_id), Id::from(user))));
    }
    keys
}

/// The links that the orders read, and the groups of which they read all links.
pub(crate) fn link_keys(orders: &[Order]) -> (BTreeSet<Id>, BTreeSet<Id>) {
    let (mut ids, mut groups) = (BTreeSet::new(), BTreeSet::new());
    for Order { request, .. } in orders {
        match request.reads_links() {
            LinkReads::None => {}
            LinkReads::One(link_id) => drop(ids.insert(Id(link_id.uuid()))),
            LinkReads::All => drop(groups.insert(request.group_id.into())),
        }
    }
    (ids, groups)
}

/// The idempotency keys of the orders.
pub(crate) fn keys_of(orders: &[Order]) -> BTreeSet<(Id, String)> {
    let keys = orders
        .iter()
        .filter_map(|order| Some((order.request.actor.user_id().into(), order.idempotency.as_ref()?.key.clone())));
    keys.collect()
}

/// Usage by user and day: groups, rows, bytes.
pub(crate) type UsageRow = (Id, i64, i64, i64, i64);

/// Adds stored usage.
pub(crate) fn know_usage(ledger: &mut Ledger, rows: Vec<UsageRow>) {
    let stored = |number| u64::try_from(number).unwrap_or_default();
    for (user_id, day, groups, rows, bytes) in rows {
        ledger.know(user_id, day, Usage { groups: stored(groups), rows: stored(rows), bytes: stored(bytes) });
    }
}

/// Loads the usage of the actors on the days of their orders.
async fn load_usage<C: Connection>(conn: &mut C, orders: &[Order], quotas: Quotas) -> Result<Ledger, QueryError> {
    let mut ledger = Ledger::new(quotas);
    for user_days in UserDays::chunks(ledger.wanted(orders.iter().map(|order| &order.request))) {
        let of_user_days = With::<_, UsageSql>::select(user_days, statements::USAGE_OF_USER_DAYS);
        know_usage(&mut ledger, of_user_days.load(conn).await.map_err(reading("usage"))?);
    }
    Ok(ledger)
}

async fn load_answers<C: Connection>(conn: &mut C, orders: &[Order], batch: &mut Batch) -> Result<(), QueryError> {
    let mut rows: Vec<KeyRow> = Vec::new();
    for keys in Keys::chunks(keys_of(orders)) {
        let of_keys = With::<_, KeySql>::select(keys, statements::ANSWERS_OF_KEYS);
        rows.extend(of_keys.load::<KeyRow>(conn).await.map_err(reading("idempotency"))?);
    }
    know_answers(conn, rows, batch).await
}

/// Adds stored answers, with the changes that they refer to.
pub(crate) async fn know_answers<C: Connection>(
    conn: &mut C,
    rows: Vec<KeyRow>,
    batch: &mut Batch,
) -> Result<(), QueryError> {
    let versions: BTreeSet<(Id, i64)> = rows
        .iter()
        .filter_map(|row| match payload::decode_answer(row.format, &row.answer).ok()? {
            Answer::Changed { group_id, version, .. } => Some((group_id.into(), to_stored(version.get()))),
            Answer::Unchanged { .. } | Answer::Rejected(_) => None,
        })
        .collect();
    let mut changes: HashMap<(Id, i64), LogRow> = HashMap::new();
    for versions in Versions::chunks(versions) {
        let of_versions = With::<_, LogSql>::select(versions, statements::CHANGES_OF_VERSIONS);
        let rows = of_versions.load::<LogRow>(conn).await.map_err(reading("log"))?;
        changes.extend(rows.into_iter().map(|row| ((row.group_id, row.version), row)));
    }
    for row in rows {
        batch.know(row, |group_id, version| {
            let missing = || StoreError::Corrupt {
                table: "log",
                id: format!("{group_id}/{version}"),
                detail: "an answer refers to it, but it is missing".to_owned(),
            };
            changes.get(&(group_id.into(), to_stored(version.get()))).ok_or_else(missing)?.change()
        });
    }
    Ok(())
}

async fn write<C: Connection>(conn: &mut C, rows: RowsToWrite) -> Result<Vec<CommittedChange>, QueryError> {
    // All fields are listed, so that none is forgotten.
    let RowsToWrite {
        groups_new,
        groups_changed,
        memberships_changed,
        memberships_new,
        standings_ended,
        standings_new,
        links_new,
        links_used,
        links_removed,
        changes,
        decided,
        keys_expired,
        answers,
        usage,
    } = rows;
    for set in groups_new {
        let count = set.len();
        written("groups", count, With::execute(set, statements::INSERT_GROUPS).execute(conn).await?)?;
    }
    for set in groups_changed {
        let count = set.len();
        written("groups", count, With::execute(set, statements::UPDATE_GROUPS).execute(conn).await?)?;
    }
    // Intervals are ended before new ones are inserted: nobody is in a group twice, not even within
    // one transaction.
    for set in memberships_changed {
        let count = set.len();
        written("memberships", count, With::execute(set, statements::UPDATE_MEMBERSHIPS).execute(conn).await?)?;
    }
    for set in memberships_new {
        let count = set.len();
        written("memberships", count, With::execute(set, statements::INSERT_MEMBERSHIPS).execute(conn).await?)?;
    }
    // The same holds for standings.
    for set in standings_ended {
        let count = set.len();
        written("standings", count, With::execute(set, statements::END_STANDINGS).execute(conn).await?)?;
    }
    for set in standings_new {
        let count = set.len();
        written("standings", count, With::execute(set, statements::INSERT_STANDINGS).execute(conn).await?)?;
    }
    for set in links_new {
        let count = set.len();
        written("links", count, With::execute(set, statements::INSERT_LINKS).execute(conn).await?)?;
    }
    for set in links_used {
        let count = set.len();
        written("links", count, With::execute(set, statements::UPDATE_LINK_USES).execute(conn).await?)?;
    }
    for set in links_removed {
        let count = set.len();
        written("links", count, With::execute(set, statements::DELETE_LINKS).execute(conn).await?)?;
    }
    let mut inserted: HashMap<(Id, i64), (i64, CommitId, Option<CommitId>)> = HashMap::with_capacity(decided.len());
    for set in changes {
        let count = set.len();
        let rows = With::<_, InsertedSql>::select(set, C::INSERT_CHANGES);
        let rows: Vec<(i64, CommitId, Id, i64, Option<CommitId>)> = rows.load(conn).await?;
        written("log", count, rows.len())?;
        inserted.extend(rows.into_iter().map(|(seq, commit, id, version, previous)| {
            let previous = previous.filter(|previous| *previous != commit);
            ((id, version), (seq, commit, previous))
        }));
    }
    for set in keys_expired {
        With::execute(set, statements::DELETE_KEYS).execute(conn).await?;
    }
    for set in answers {
        let count = set.len();
        written("idempotency", count, With::execute(set, statements::INSERT_ANSWERS).execute(conn).await?)?;
    }
    for set in usage {
        let count = set.len();
        written("usage", count, With::execute(set, statements::ADD_USAGE).execute(conn).await?)?;
    }
    let committed = decided.into_iter().map(|(change, payload_bytes)| {
        let mut change = CommittedChange::new(change, payload_bytes, CommitId(0));
        let LogRow { group_id, version, .. } = change.row;
        let (seq, commit_id, previous) =
            *inserted.get(&(group_id, version)).ok_or_else(|| missing(group_id, version))?;
        (change.row.seq, change.row.commit_id) = (seq, commit_id);
        change.previous = previous.map(|previous| previous.0);
        Ok(change)
    });
    committed.collect()
}

/// The database did not return a row that it was told to insert.
pub(crate) fn missing(group_id: Id, version: i64) -> QueryError {
    let (id, detail) = (format!("{}/{version}", group_id.0), "the inserted row was not returned".to_owned());
    StoreError::Corrupt { table: "log", id, detail }.into()
}

/// Fails if the database wrote fewer rows than it was told to, for example because of a trigger
/// that somebody added. Otherwise an acknowledged change would be missing.
pub(crate) fn written(table: &'static str, told: usize, done: usize) -> Result<(), QueryError> {
    if told == done {
        return Ok(());
    }
    let (id, detail) = (format!("of a change ({told} rows)"), format!("{done} of {told} rows were written"));
    Err(StoreError::Corrupt { table, id, detail }.into())
}
