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

/// Loads the facts outside the orders' own groups on which the decisions depend.
pub(crate) async fn load<C: Connection>(conn: &mut C, orders: &[Order], limits: Limits) -> Result<People, QueryError> {
    let mut people = People::default();
    let candidates = || orders.iter().flat_map(|order| order.request.candidates());
    if let Some(groups_max) = limits.groups_per_user_max {
        let mut joins: BTreeMap<Id, u64> = BTreeMap::new();
        for user in candidates() {
            *joins.entry(user.into()).or_default() += 1;
        }
        let counts = group_counts(conn, &joins, groups_max).await?.into_iter();
        let counts = counts.map(|(user, count)| (user.user(), u32::try_from(count).unwrap_or(u32::MAX)));
        people.group_counts = counts.collect();
    }
    // Each actor with each person they want to add. An operator may add anybody.
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
    let pairs: BTreeSet<(Id, Id)> = pairs.collect();
    people.blocks = blocks(conn, &pairs).await?;
    people.acquaintances = match limits.add_policy {
        AddPolicy::SharedGroup => acquaintances(conn, &pairs).await?,
        AddPolicy::Anybody | AddPolicy::Invitation => BTreeSet::new(),
    };
    Ok(people)
}

/// Which of these candidates have blocked the actor, as (candidate, actor).
async fn blocks<C: Connection>(
    conn: &mut C,
    pairs: &BTreeSet<(Id, Id)>,
) -> Result<BTreeSet<(UserId, UserId)>, QueryError> {
    let mut blocks = BTreeSet::new();
    for pairs in Pairs::chunks(pairs.iter().map(|(actor, user)| (*user, *actor))) {
        let of_pairs = With::<_, PairSql>::select(pairs, statements::BLOCKS_OF_PAIRS);
        let rows: Vec<(Id, Id)> = of_pairs.load(conn).await.map_err(reading("blocks"))?;
        blocks.extend(rows.into_iter().map(|(user, blocked)| (user.user(), blocked.user())));
    }
    Ok(blocks)
}

/// Which of these actors share a group with the candidate.
async fn acquaintances<C: Connection>(
    conn: &mut C,
    pairs: &BTreeSet<(Id, Id)>,
) -> Result<BTreeSet<(UserId, UserId)>, QueryError> {
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
async fn group_counts<C: Connection>(
    conn: &mut C,
    joins: &BTreeMap<Id, u64>,
    groups_max: u32,
) -> Result<BTreeMap<Id, u64>, QueryError> {
    let reaches = |(user, count): (&Id, &u64), writers: u64| {
        let joins = joins.get(user).copied().unwrap_or_default();
        (*count + joins.saturating_mul(writers) > u64::from(groups_max)).then_some(*user)
    };
    let count_max = u64::from(groups_max) + BEYOND_LIMIT;
    let mut counts = count(conn, joins.keys().copied(), count_max).await?;
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
) -> Result<BTreeMap<Id, u64>, QueryError> {
    let statement = statements::open_memberships_of_users(count_max);
    let mut counts = BTreeMap::new();
    for users in Ids::chunks(users.into_iter().map(|user| (user,))) {
        let of_users = With::<_, CountSql>::select(users, statement.clone());
        let rows: Vec<(Id, i64)> = of_users.load(conn).await.map_err(reading("memberships"))?;
        counts.extend(rows.into_iter().map(|(user, count)| (user, u64::try_from(count).unwrap_or_default())));
    }
    Ok(counts)
}
