//! Facts about people across groups, for all orders of a batch: in how many groups each candidate
//! is, and who may add them.

use std::collections::{BTreeMap, BTreeSet};

use groups_domain::{Actor, AddPolicy, Limits, People, UserId};

use super::statements::{self, CountSql, PairSql};
use crate::Order;
use crate::column::Id;
use crate::connection::{Connection, RunQueryDsl};
use crate::query_error::{QueryError, reading};
use crate::row_set::{Ids, Pairs, RowSet, With};

/// How far beyond the limit memberships are counted. One batch cannot end more memberships of a
/// user than this.
const BEYOND_LIMIT: u64 = 4_096;

/// Number of transactions that may add one person concurrently without a lock before the limit can
/// be exceeded. With more, the limit is approximate: each further transaction can exceed it by the
/// joins in its batch.
const UNLOCKED_WRITERS_MAX: u64 = 16;

/// Maximum number of groups that are counted to find out which of two people is in fewer.
const COMPARED_MAX: u64 = 1_000;

/// The people about whom a batch needs facts outside the orders' own groups.
#[derive(Debug)]
pub(crate) struct Candidates {
    /// How many groups each would join. Empty without a limit of groups for each user.
    joins: BTreeMap<Id, u64>,
    /// Each actor with each person they want to add. An operator may add anybody.
    pairs: BTreeSet<(Id, Id)>,
}

/// The number of groups of each user.
pub(crate) type Counts = BTreeMap<Id, u64>;

/// Which candidates have blocked which actor, as (candidate, actor).
pub(crate) type Blocked = BTreeSet<(UserId, UserId)>;

impl Candidates {
    pub(crate) fn of(orders: &[Order], limits: Limits) -> Self {
        let mut joins: BTreeMap<Id, u64> = BTreeMap::new();
        if limits.groups_per_user_max.is_some() {
            for user in orders.iter().flat_map(|order| order.request.candidates()) {
                *joins.entry(user.into()).or_default() += 1;
            }
        }
        let pairs = orders.iter().flat_map(|Order { request, .. }| {
            let actor_id = match request.actor {
                Actor::Member(user_id) => Some(user_id),
                Actor::Operator(_) => None,
            };
            actor_id.into_iter().flat_map(|actor_id| {
                let added = request.candidates().into_iter().filter(move |user| *user != actor_id);
                added.map(move |user| (Id::from(actor_id), Id::from(user)))
            })
        });
        Self { joins, pairs: pairs.collect() }
    }

    /// Those whose groups are counted, and the statement that counts them.
    #[cfg(feature = "postgres")]
    pub(crate) fn counted(&self, limits: Limits) -> (impl Iterator<Item = (Id,)>, String) {
        let count_max = limits.groups_per_user_max.map_or(0, count_max);
        (self.joins.keys().map(|user| (*user,)), statements::open_memberships_of_users(count_max))
    }

    /// The pairs in which the candidate may have blocked the actor, as (candidate, actor).
    pub(crate) fn blocking(&self) -> impl Iterator<Item = (Id, Id)> {
        self.pairs.iter().map(|(actor, user)| (*user, *actor))
    }
}

/// Counts above this are not exact.
fn count_max(groups_max: u32) -> u64 {
    u64::from(groups_max) + BEYOND_LIMIT
}

/// The counts of the rows that a counting statement returns.
pub(crate) fn counts_of(rows: impl IntoIterator<Item = (Id, i64)>) -> Counts {
    rows.into_iter().map(|(user, count)| (user, u64::try_from(count).unwrap_or_default())).collect()
}

pub(crate) fn blocked_of(rows: impl IntoIterator<Item = (Id, Id)>) -> Blocked {
    rows.into_iter().map(|(user, blocked)| (user.user(), blocked.user())).collect()
}

/// Loads the facts outside the orders' own groups on which the decisions depend.
pub(crate) async fn load<C: Connection>(conn: &mut C, orders: &[Order], limits: Limits) -> Result<People, QueryError> {
    let candidates = Candidates::of(orders, limits);
    let counts = match limits.groups_per_user_max {
        Some(groups_max) => count(conn, candidates.joins.keys().copied(), count_max(groups_max)).await?,
        None => Counts::new(),
    };
    let mut blocked = Blocked::new();
    for pairs in Pairs::chunks(candidates.blocking()) {
        let of_pairs = With::<_, PairSql>::select(pairs, statements::BLOCKS_OF_PAIRS);
        blocked.extend(blocked_of(of_pairs.load::<(Id, Id)>(conn).await.map_err(reading("blocks"))?));
    }
    complete(conn, candidates, counts, blocked, limits).await
}

/// Completes the facts about candidates whose groups were counted, and of whom it is known whom they
/// have blocked. Needs further queries only for users near the limit, and for
/// [`AddPolicy::SharedGroup`].
pub(crate) async fn complete<C: Connection>(
    conn: &mut C,
    candidates: Candidates,
    counts: Counts,
    blocks: Blocked,
    limits: Limits,
) -> Result<People, QueryError> {
    let mut people = People { blocks, ..People::default() };
    if let Some(groups_max) = limits.groups_per_user_max {
        let counts = exact_counts(conn, &candidates.joins, counts, groups_max).await?.into_iter();
        let counts = counts.map(|(user, count)| (user.user(), u32::try_from(count).unwrap_or(u32::MAX)));
        people.group_counts = counts.collect();
    }
    people.acquaintances = match limits.add_policy {
        AddPolicy::SharedGroup => acquaintances(conn, &candidates.pairs).await?,
        AddPolicy::Anybody | AddPolicy::Invitation => BTreeSet::new(),
    };
    Ok(people)
}

/// Which of these actors share a group with the candidate.
async fn acquaintances<C: Connection>(
    conn: &mut C,
    pairs: &BTreeSet<(Id, Id)>,
) -> Result<BTreeSet<(UserId, UserId)>, QueryError> {
    if pairs.is_empty() {
        return Ok(BTreeSet::new());
    }
    conn.plan_each_time().await?;
    let users: BTreeSet<Id> = pairs.iter().flat_map(|(actor, user)| [*actor, *user]).collect();
    let counts = count(conn, users, COMPARED_MAX).await?;
    let fewer_first = |(actor, user): &(Id, Id)| match counts.get(actor) <= counts.get(user) {
        true => (*actor, *user),
        false => (*user, *actor),
    };
    let mut acquaintances = BTreeSet::new();
    for sets in Pairs::chunks(pairs.iter().map(fewer_first)) {
        let of_pairs = With::<_, PairSql>::select(sets, statements::PAIRS_IN_ONE_GROUP);
        let rows: Vec<(Id, Id)> = of_pairs.load(conn).await.map_err(reading("memberships"))?;
        // Sharing a group is symmetric.
        acquaintances
            .extend(rows.into_iter().flat_map(|(one, other)| [(one.user(), other.user()), (other.user(), one.user())]));
    }
    Ok(acquaintances)
}

/// The number of groups of each of these users, given how many each would join in this batch.
async fn exact_counts<C: Connection>(
    conn: &mut C,
    joins: &BTreeMap<Id, u64>,
    mut counts: Counts,
    groups_max: u32,
) -> Result<Counts, QueryError> {
    let reaches = |(user, count): (&Id, &u64), writers: u64| {
        let joins = joins.get(user).copied().unwrap_or_default();
        (*count + joins.saturating_mul(writers) > u64::from(groups_max)).then_some(*user)
    };
    let count_max = count_max(groups_max);
    // Memberships that other transactions add concurrently are not counted. Near the limit, a lock
    // serializes the transactions.
    let is_half = |count: u64| count >= u64::from(groups_max.div_ceil(2));
    let near: Vec<Id> = counts
        .iter()
        .filter_map(|(user, count)| reaches((user, count), UNLOCKED_WRITERS_MAX).or(is_half(*count).then_some(*user)))
        .collect();
    if conn.lock_users(&near).await? {
        counts.extend(count(conn, near, count_max).await?);
    }
    // Deleting a group does not end its memberships, because there may be many. They are ended
    // here, when they count against the limit.
    let full: Vec<Id> = counts.iter().filter_map(|counted| reaches(counted, 1)).collect();
    if full.is_empty() {
        return Ok(counts);
    }
    conn.plan_each_time().await?;
    for users in Ids::chunks(full.iter().map(|user| (*user,))) {
        With::execute(users, statements::END_MEMBERSHIPS_OF_DELETED_GROUPS).execute(conn).await?;
    }
    counts.extend(count(conn, full, count_max).await?);
    Ok(counts)
}

/// The number of open memberships of each of these users, counted up to `count_max`, including
/// those in deleted groups.
async fn count<C: Connection>(
    conn: &mut C,
    users: impl IntoIterator<Item = Id>,
    count_max: u64,
) -> Result<Counts, QueryError> {
    let statement = statements::open_memberships_of_users(count_max);
    let mut counts = Counts::new();
    for users in Ids::chunks(users.into_iter().map(|user| (user,))) {
        let of_users = With::<_, CountSql>::select(users, statement.clone());
        let rows: Vec<(Id, i64)> = of_users.load(conn).await.map_err(reading("memberships"))?;
        counts.extend(counts_of(rows));
    }
    Ok(counts)
}
