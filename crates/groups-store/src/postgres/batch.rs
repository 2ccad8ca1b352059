//! One batch of orders in two round trips: the first locks the groups and reads all facts, the second
//! writes everything. The statements of a trip are pipelined: they are sent together, and the server
//! executes them in order.
//!
//! The decisions are those of [`queries::commit`](crate::queries::commit), which runs the statements
//! one after the other.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, SmallInt, Text};
use futures_util::future::{try_join, try_join3, try_join4};
use groups_domain::Limits;

use super::merged::{Merged, Part};
use super::pipelined::{load, load_any};
use super::statement::Prepared;
use crate::batch::{Batch, RowsToWrite};
use crate::column::{CommitId, Id, sql};
use crate::committer::Locked;
use crate::connection::{Connection, PostgresConn};
use crate::ledger::Ledger;
use crate::queries::commit::{self, UsageRow};
use crate::queries::people::{self, Blocked, Candidates, Counts, blocked_of, counts_of};
use crate::queries::statements::{self, CountSql, KeySql, LinkSql, MembershipFactsSql, PairSql, StandingSql, UsageSql};
use crate::query_error::QueryError;
use crate::recent_commits::CommittedChange;
use crate::row::{GroupRow, KeyRow, LinkRow, MembershipFactsRow, StandingRow};
use crate::row_set::{Ids, Keys, MembershipKeys, Pairs, RowSet, StandingKeys, UserDays, With};
use crate::{ExecuteError, Executed, Order, Quotas};

/// What the first trip has read.
pub(super) struct Facts {
    /// The id of the transaction.
    transaction: CommitId,
    groups: Vec<GroupRow>,
    /// Groups that another transaction has locked.
    locked: BTreeSet<Id>,
    memberships: Vec<MembershipFactsRow>,
    standings: Vec<StandingRow>,
    links: Vec<LinkRow>,
    candidates: Candidates,
    counts: Counts,
    blocked: Blocked,
    ledger: Ledger,
    answers: Vec<KeyRow>,
}

/// What a batch has decided.
#[derive(Debug)]
pub(super) struct Decided {
    /// One answer for each order; `None`: its group is locked.
    pub(super) answers: Vec<Option<Result<Executed, ExecuteError>>>,
    /// What it changes. Their places in the log are known once they are written.
    pub(super) changes: Vec<CommittedChange>,
}

/// Sends the statements of the first trip.
pub(super) async fn read(
    conn: &PostgresConn,
    orders: &[Order],
    limits: Limits,
    quotas: Quotas,
    locked: Locked,
) -> Result<Facts, QueryError> {
    let group_ids: BTreeSet<Id> = orders.iter().map(|order| order.request.group_id.into()).collect();
    let of_owners = orders.iter().map(|order| &order.request).filter(|request| request.reads_owner());
    let of_owners: BTreeSet<Id> = of_owners.map(|request| request.group_id.into()).collect();
    let candidates = Candidates::of(orders, limits);
    let (counted, count) = candidates.counted(limits);
    let mut ledger = Ledger::new(quotas);
    let user_days = ledger.wanted(orders.iter().map(|order| &order.request));

    let locks = lock(conn, group_ids, locked);
    let memberships = MembershipKeys::whole(commit::membership_keys(orders, None))
        .map(|keys| With::<_, MembershipFactsSql>::select(keys, statements::MEMBERSHIP_FACTS));
    let memberships = load_any::<MembershipFactsRow, _>(conn, memberships, "memberships");
    let owners = Ids::whole(of_owners.into_iter().map(|id| (id,)))
        .map(|ids| With::<_, MembershipFactsSql>::select(ids, statements::OWNER_FACTS));
    let owners = load_any::<MembershipFactsRow, _>(conn, owners, "memberships");
    let standings = StandingKeys::whole(commit::standing_keys(orders))
        .map(|keys| With::<_, StandingSql>::select(keys, statements::STANDINGS_OF_KEYS));
    let standings = load_any::<StandingRow, _>(conn, standings, "standings");
    let (of_ids, of_groups) = commit::link_keys(orders);
    let links = Ids::whole(of_ids.into_iter().map(|id| (id,)))
        .map(|ids| With::<_, LinkSql>::select(ids, statements::LINKS_OF_IDS));
    let links = load_any::<LinkRow, _>(conn, links, "links");
    let all_links = Ids::whole(of_groups.into_iter().map(|id| (id,)))
        .map(|ids| With::<_, LinkSql>::select(ids, statements::LINKS_OF_GROUPS));
    let all_links = load_any::<LinkRow, _>(conn, all_links, "links");
    let counts = Ids::whole(counted).map(|ids| With::<_, CountSql>::select(ids, count));
    let counts = load_any::<(Id, i64), _>(conn, counts, "memberships");
    let blocks =
        Pairs::whole(candidates.blocking()).map(|pairs| With::<_, PairSql>::select(pairs, statements::BLOCKS_OF_PAIRS));
    let blocks = load_any::<(Id, Id), _>(conn, blocks, "blocks");
    let usage = UserDays::whole(user_days)
        .map(|user_days| With::<_, UsageSql>::select(user_days, statements::USAGE_OF_USER_DAYS));
    let usage = load_any::<UsageRow, _>(conn, usage, "usage");
    let answers =
        Keys::whole(commit::keys_of(orders)).map(|keys| With::<_, KeySql>::select(keys, statements::ANSWERS_OF_KEYS));
    let answers = load_any::<KeyRow, _>(conn, answers, "idempotency");

    // The groups are locked first, so that the other statements see what the last holder of a lock
    // has written.
    let facts = try_join4(memberships, owners, counts, blocks);
    let of_others = try_join3(standings, links, all_links);
    let (
        Locks { transaction, groups, others: locked },
        ((mut memberships, owners, counts, blocks), (standings, mut links, all_links), (usage, answers)),
    ) = try_join(locks, try_join3(facts, of_others, try_join(usage, answers))).await?;
    memberships.extend(owners);
    links.extend(all_links);
    commit::know_usage(&mut ledger, usage);
    let (counts, blocked) = (counts_of(counts), blocked_of(blocks));
    Ok(Facts {
        transaction,
        groups,
        locked,
        memberships,
        standings,
        links,
        candidates,
        counts,
        blocked,
        ledger,
        answers,
    })
}

/// Decides the orders. Needs further queries only for users near a limit, for
/// [`AddPolicy::SharedGroup`](groups_domain::AddPolicy), for retried orders, and for users who leave
/// a group and join it again in one batch.
pub(super) async fn decide(
    conn: &mut PostgresConn,
    facts: Facts,
    orders: &[Order],
    limits: Limits,
) -> Result<(Decided, Option<Merged>), QueryError> {
    let Facts {
        transaction,
        groups,
        locked,
        memberships,
        standings,
        links,
        candidates,
        counts,
        blocked,
        ledger,
        answers,
    } = facts;
    let people = people::complete(conn, candidates, counts, blocked, limits).await?;
    let mut batch = Batch::new(limits, groups, memberships, (standings, links), people, ledger);
    commit::know_answers(conn, answers, &mut batch).await?;
    let execute =
        |order: &Order| (!locked.contains(&order.request.group_id.into())).then(|| batch.execute_order(order));
    let answers = orders.iter().map(execute).collect();
    let (changes, first, second) = writes(batch.into_rows(), transaction);
    if let Some(first) = first {
        first.run(conn).await?;
    }
    Ok((Decided { answers, changes }, second))
}

/// Sends the statement of the second trip.
pub(super) async fn write(conn: &PostgresConn, statement: Option<Merged>) -> Result<Inserted, QueryError> {
    let rows = match statement {
        Some(statement) => statement.run(conn).await?,
        None => Vec::new(),
    };
    let places = rows.into_iter().map(|(seq, commit, id, version, previous)| ((id, version), (seq, commit, previous)));
    Ok(Inserted(places.collect()))
}

/// The places in the log of the changes that were inserted, by group and version.
pub(super) struct Inserted(HashMap<(Id, i64), (i64, CommitId, Option<CommitId>)>);

impl Inserted {
    /// Adds their places to changes.
    pub(super) fn place(&self, changes: &mut [CommittedChange]) {
        for change in changes {
            let Some((seq, commit, previous)) = self.0.get(&(change.row.group_id, change.row.version)) else {
                continue;
            };
            change.row.seq = *seq;
            change.previous = previous.filter(|previous| previous != commit).map(|previous| previous.0);
        }
    }
}

/// The transaction's id, a group's row, and whether the group is free.
type LockSql = (
    sql::Commit,
    Nullable<Bool>,
    Nullable<sql::Id>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<sql::Id>,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<SmallInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
);

#[derive(Queryable)]
struct LockRow {
    transaction: CommitId,
    free: Option<bool>,
    id: Option<Id>,
    name: Option<String>,
    description: Option<String>,
    owner_id: Option<Id>,
    member_count: Option<i64>,
    version: Option<i64>,
    created_at: Option<i64>,
    updated_at: Option<i64>,
    deleted_version: Option<i64>,
    join_policy: Option<i16>,
    invitations: Option<i64>,
    join_requests: Option<i64>,
    bans: Option<i64>,
    links: Option<i64>,
}

impl LockRow {
    fn group(self) -> Option<GroupRow> {
        Some(GroupRow {
            id: self.id?,
            name: self.name?,
            description: self.description?,
            owner_id: self.owner_id?,
            member_count: self.member_count?,
            version: self.version?,
            created_at: self.created_at?,
            updated_at: self.updated_at?,
            deleted_version: self.deleted_version,
            join_policy: self.join_policy?,
            invitations: self.invitations?,
            join_requests: self.join_requests?,
            bans: self.bans?,
            links: self.links?,
        })
    }
}

/// The groups of a batch.
pub(super) struct Locks {
    /// The id of the transaction.
    transaction: CommitId,
    /// Those that are locked now.
    groups: Vec<GroupRow>,
    /// Those that somebody else has locked.
    pub(super) others: BTreeSet<Id>,
}

/// Locks the groups in id order, so that transactions never deadlock. It either
/// waits for those that somebody else has locked, or reports them.
pub(super) async fn lock(conn: &PostgresConn, group_ids: BTreeSet<Id>, locked: Locked) -> Result<Locks, QueryError> {
    const COLUMNS: &str = "g.id, g.name, g.description, g.owner_id, g.member_count, g.version, g.created_at, \
        g.updated_at, g.deleted_version, g.join_policy, g.invitations, g.join_requests, g.bans, g.links";
    let (skip, others) = match locked {
        Locked::Wait => ("", String::new()),
        Locked::Skip => (
            " SKIP LOCKED",
            format!(
                " UNION ALL SELECT false, {COLUMNS} FROM groups AS g WHERE g.id = ANY ($1) \
                 AND g.id NOT IN (SELECT id FROM mine)"
            ),
        ),
    };
    let statement = Prepared::<_, LockSql>::new(format!(
        "WITH mine AS MATERIALIZED \
         (SELECT {COLUMNS} FROM groups AS g WHERE g.id = ANY ($1) ORDER BY g.id FOR UPDATE{skip}) \
         SELECT pg_current_xact_id(), found.* FROM (VALUES (1)) AS one LEFT JOIN \
         (SELECT true, mine.* FROM mine{others}) AS found ON true"
    ));
    let statement = statement.bind::<Array<sql::Id>, _>(group_ids.into_iter().collect::<Vec<_>>());
    let rows = load::<LockRow, _>(conn, statement, "groups").await?;
    let transaction = rows.as_slice().first().map_or(CommitId(0), |row| row.transaction);
    let (mut groups, mut others) = (Vec::with_capacity(rows.len()), BTreeSet::new());
    for row in rows {
        match row.free {
            Some(true) => groups.extend(row.group()),
            Some(false) => others.extend(row.id),
            None => {}
        }
    }
    Ok(Locks { transaction, groups, others })
}

/// What these rows change, and the statements that write them. The first is rarely needed.
fn writes(rows: RowsToWrite, transaction: CommitId) -> (Vec<CommittedChange>, Option<Merged>, Option<Merged>) {
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
    let groups_new = Part::new("groups", whole(groups_new), statements::INSERT_GROUPS);
    let groups_changed = Part::new("groups", whole(groups_changed), statements::UPDATE_GROUPS);
    let memberships_changed = Part::new("memberships", whole(memberships_changed), statements::UPDATE_MEMBERSHIPS);
    let memberships_new = Part::new("memberships", whole(memberships_new), statements::INSERT_MEMBERSHIPS);
    let standings_ended = Part::new("standings", whole(standings_ended), statements::END_STANDINGS);
    let standings_new = Part::new("standings", whole(standings_new), statements::INSERT_STANDINGS);
    let links_new = Part::new("links", whole(links_new), statements::INSERT_LINKS);
    let links_used = Part::new("links", whole(links_used), statements::UPDATE_LINK_USES);
    let links_removed = Part::new("links", whole(links_removed), statements::DELETE_LINKS);
    let log = Part::new("log", whole(changes), PostgresConn::INSERT_CHANGES);
    let expired = Part::new("idempotency", whole(keys_expired), statements::DELETE_KEYS);
    let answers = Part::new("idempotency", whole(answers), statements::INSERT_ANSWERS);
    let usage = Part::new("usage", whole(usage), statements::ADD_USAGE);
    // The parts of one statement are executed in no particular order. So intervals are ended before
    // new ones are inserted, and expired keys are deleted before they are used again, by a statement
    // of their own.
    let mut first = Merged::new(transaction);
    first.delete(expired);
    let mut second = Merged::new(transaction);
    let ended = if memberships_new.is_some() { &mut first } else { &mut second };
    ended.write(memberships_changed);
    let ended = if standings_new.is_some() { &mut first } else { &mut second };
    ended.write(standings_ended);
    for part in [groups_new, groups_changed, memberships_new, standings_new, links_new, links_used, links_removed] {
        second.write(part);
    }
    second.insert_log(log);
    second.write(answers);
    second.write(usage);
    let decided = decided.into_iter();
    let changes = decided.map(|(change, bytes)| CommittedChange::new(change, bytes, transaction)).collect();
    (changes, first.if_any(), second.if_any())
}

/// All rows in one set, however many: for PostgreSQL, a set is one parameter for each column.
fn whole<S: RowSet>(sets: Vec<S>) -> Option<S> {
    sets.into_iter().reduce(|mut whole, set| {
        whole.append(set);
        whole
    })
}
