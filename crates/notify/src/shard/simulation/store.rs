//! A model of the store: groups, a log, and transactions that may commit in another order than
//! their numbers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use groups_domain::{
    Audience, Change, Command, Decision, Event, EventKind, Folded, Group, GroupId, JoinPolicy, Limits, NewMember, Note,
    Pending, Preview, ReadPoint, Request, Role, Roster, Sidebar, Timestamp, UserId,
};

use groups_protocol::group_text;

use super::random::Random;
use crate::world::{group, user};
use crate::{
    Delivery, InitialContent, InitialState, List, ListPiece, PieceMax, RecentDeliveries, ReplayMax, Resuming,
    SourceError, with_views,
};

/// Number of users in a simulation.
pub(super) const USERS: u64 = 5;

/// Maximum number of groups at a time. A deleted group is replaced by a new one.
const GROUPS: u64 = 6;

/// Number of rows that the log keeps. An older cursor is answered with a snapshot.
const LOG_ROWS_MAX: usize = 60;

/// Maximum number of concurrent transactions.
const RUNNING_MAX: usize = 5;

/// Maximum number of running transactions in a cursor. Beyond it, the cursor goes back to the first
/// of them.
const EXCEPT_MAX: usize = 2;

/// Maximum number of events in a resume. Beyond it, the client gets a snapshot.
const REPLAY_MAX: usize = 12;

/// Whether transactions commit in the order of their numbers, as on SQLite, or in any order, as on
/// PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommitOrder {
    Kept,
    Free,
}

/// A row of the log.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) seq: u64,
    pub(super) commit: u64,
    pub(super) change: Change,
    /// What it tells whom.
    pub(super) told: BTreeMap<UserId, Event>,
    /// What users were to the group before it.
    pub(super) before: BTreeMap<UserId, Audience>,
}

struct Transaction {
    commit: u64,
    rows: Vec<Row>,
    rosters: BTreeMap<GroupId, Roster>,
}

/// The initial state of a client, and what the client must see of it.
pub(super) struct Read {
    pub(super) opening: InitialState,
    /// The user's list at the read point.
    pub(super) list: Vec<(Group, Role)>,
    /// Their invitations and requests to join.
    pub(super) pending: Vec<Pending>,
}

/// Counts what happened, so that a simulation that never exercises a case fails.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct StoreStats {
    pub(super) changes: u64,
    pub(super) late_commits: u64,
    pub(super) aborts: u64,
    pub(super) shortened_cursors: u64,
    pub(super) expired_cursors: u64,
    pub(super) long_replays: u64,
    pub(super) resumes_from_memory: u64,
    pub(super) invitations: u64,
    pub(super) join_requests: u64,
}

pub(super) struct Store {
    order: CommitOrder,
    rosters: BTreeMap<GroupId, Roster>,
    /// What users would show who miss nothing.
    sidebars: BTreeMap<UserId, Sidebar>,
    /// Committed rows by number.
    log: BTreeMap<u64, Row>,
    by_version: BTreeMap<(GroupId, u64), u64>,
    running: Vec<Transaction>,
    next_seq: u64,
    next_commit: u64,
    /// The highest pruned commit.
    pruned: Option<u64>,
    /// Committed rows that were pruned since the last [`forget`](Self::forget): clients may still
    /// receive them.
    pruned_rows: BTreeMap<u64, Row>,
    /// How often the group in each slot was deleted.
    lives: [u64; GROUPS as usize],
    pub(super) stats: StoreStats,
}

impl Store {
    pub(super) fn new(order: CommitOrder) -> Self {
        Self {
            order,
            rosters: BTreeMap::new(),
            sidebars: BTreeMap::new(),
            log: BTreeMap::new(),
            by_version: BTreeMap::new(),
            running: Vec::new(),
            next_seq: 1,
            next_commit: 1,
            pruned: None,
            pruned_rows: BTreeMap::new(),
            lives: [0; GROUPS as usize],
            stats: StoreStats::default(),
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        !self.running.is_empty()
    }

    /// Begins a transaction with up to three commands on different groups, whose rows are locked
    /// until it ends.
    pub(super) fn begin(&mut self, random: &mut Random) {
        let at_once = if self.order == CommitOrder::Kept { 1 } else { RUNNING_MAX };
        if self.running.len() >= at_once {
            return;
        }
        let mut transaction = Transaction { commit: self.next_commit, rows: Vec::new(), rosters: BTreeMap::new() };
        for _ in 0..=random.below(3) {
            let place = random.index(GROUPS as usize);
            let group_id = group(u128::from(self.lives[place] * GROUPS + place as u64));
            let locked = self.running.iter().any(|other| other.rosters.contains_key(&group_id));
            if locked || transaction.rosters.contains_key(&group_id) {
                continue;
            }
            let mut roster =
                self.rosters.get(&group_id).cloned().unwrap_or_else(|| Roster::new(group_id, Limits::default()));
            let at = Timestamp::from_unix_millis(self.next_seq as i64);
            let (actor_id, command) = any_command(&roster, random, self.next_seq);
            let request = Request { group_id, actor: actor_id.into(), at, expected_version: None, command };
            let Ok(Decision::Change(change)) = roster.decide(&request) else { continue };
            let told: BTreeMap<UserId, Event> =
                roster.told(&change).into_iter().map(|told| (told.user_id, told.event)).collect();
            let before = told.keys().filter_map(|user| Some((*user, roster.audience_of(*user)?))).collect();
            roster.apply(&change);
            transaction.rows.push(Row { seq: self.next_seq, commit: transaction.commit, change, told, before });
            transaction.rosters.insert(group_id, roster);
            self.next_seq += 1;
        }
        if !transaction.rows.is_empty() {
            self.next_commit += 1;
            self.running.push(transaction);
        }
    }

    /// Ends a running transaction. Returns whether something was committed.
    pub(super) fn end(&mut self, random: &mut Random) -> bool {
        if self.running.is_empty() {
            return false;
        }
        let which = random.index(self.running.len());
        let transaction = self.running.swap_remove(which);
        if random.chance(5) {
            self.stats.aborts += 1;
            return false;
        }
        let newest = self.log.values().map(|row| row.commit).max();
        self.stats.late_commits += u64::from(newest.is_some_and(|newest| newest > transaction.commit));
        for (group_id, roster) in transaction.rosters {
            if roster.group().is_none() {
                let number = (group_id.uuid().as_u128() - group(0).uuid().as_u128()) as u64;
                self.lives[(number % GROUPS) as usize] += 1;
                self.rosters.remove(&group_id);
            } else {
                self.rosters.insert(group_id, roster);
            }
        }
        for row in transaction.rows {
            self.stats.changes += 1;
            for (user_id, event) in &row.told {
                self.stats.invitations += u64::from(matches!(event.kind, EventKind::InvitedToGroup { .. }));
                self.stats.join_requests += u64::from(matches!(event.kind, EventKind::JoinRequested { .. }));
                let folded = self.sidebars.entry(*user_id).or_default().fold(event);
                assert_eq!(folded, Folded::Applied, "the commits of a group are in order");
            }
            self.by_version.insert((row.change.group_id(), row.change.version().get()), row.seq);
            self.log.insert(row.seq, row);
        }
        self.prune();
        true
    }

    fn prune(&mut self) {
        while self.log.len() > LOG_ROWS_MAX
            && let Some((seq, row)) = self.log.pop_first()
        {
            self.pruned = self.pruned.max(Some(row.commit));
            self.pruned_rows.insert(seq, row);
        }
    }

    /// Drops rows that every client has received.
    pub(super) fn forget(&mut self) {
        for row in std::mem::take(&mut self.pruned_rows).into_values() {
            self.by_version.remove(&(row.change.group_id(), row.change.version().get()));
        }
    }

    /// All rows committed since the last [`forget`](Self::forget), and some older ones.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.pruned_rows.values().chain(self.log.values())
    }

    /// Returns the row of a group's version.
    pub(super) fn row(&self, group_id: GroupId, version: u64) -> Option<&Row> {
        let seq = self.by_version.get(&(group_id, version))?;
        self.log.get(seq).or_else(|| self.pruned_rows.get(seq))
    }

    /// Whether a user leaves the group of a row after it.
    pub(super) fn leaves_after(&self, row: &Row, user_id: UserId) -> bool {
        let (group_id, version) = (row.change.group_id(), row.change.version());
        let later = self.rows().filter(|later| later.change.group_id() == group_id && later.change.version() > version);
        let mut told = later.filter_map(|later| later.told.get(&user_id));
        told.any(|event| matches!(event.kind, EventKind::RemovedFromGroup { .. }))
    }

    /// The read point of a read that starts now.
    pub(super) fn read_point(&self) -> ReadPoint {
        let mut running: Vec<u64> = self.running.iter().map(|transaction| transaction.commit).collect();
        running.sort_unstable();
        match self.order {
            CommitOrder::Kept => {
                ReadPoint { below: running.first().copied().unwrap_or(self.next_commit), except: Vec::new() }
            }
            CommitOrder::Free => ReadPoint { below: self.next_commit, except: running },
        }
    }

    /// The rows that `now` sees and `seen` does not, in log order. A relay may be behind the pruned
    /// rows, as in a store that prunes by age, without losing anything.
    pub(super) fn between(&self, seen: &ReadPoint, now: &ReadPoint) -> VecDeque<Row> {
        self.rows().filter(|row| now.sees(row.commit) && !seen.sees(row.commit)).cloned().collect()
    }

    /// The groups of a user, newest first.
    pub(super) fn list(&self, user_id: UserId) -> Vec<(Group, Role)> {
        let row = |roster: &Roster| Some((roster.group()?.clone(), roster.role_of(user_id)?));
        self.rosters.values().rev().filter_map(row).collect()
    }

    /// The invitations and requests to join of a user, newest group first.
    pub(super) fn pending(&self, user_id: UserId) -> Vec<Pending> {
        let now = |pending: &Pending| {
            let group = self.rosters[&pending.group.group_id].group().expect("it is not deleted");
            Pending { group: Preview::from(group), ..pending.clone() }
        };
        let mut all: Vec<Pending> =
            self.sidebars.get(&user_id).into_iter().flat_map(Sidebar::pending).map(now).collect();
        all.reverse();
        all
    }

    /// What a user is to groups. Ascending.
    fn audiences(&self, user_id: UserId) -> Vec<(GroupId, Audience)> {
        let audience = |roster: &Roster| Some((roster.group_id(), roster.audience_of(user_id)?));
        self.rosters.values().filter_map(audience).collect()
    }

    /// The same, with what they were to deleted groups. Ascending.
    fn with_deleted(&self, user_id: UserId) -> Vec<(GroupId, Audience)> {
        let deleted = self.rows().filter(|row| row.change.ends_group());
        let deleted = deleted.filter_map(|row| Some((row.change.group_id(), *row.before.get(&user_id)?)));
        let all: BTreeMap<GroupId, Audience> = self.audiences(user_id).into_iter().chain(deleted).collect();
        all.into_iter().collect()
    }

    /// One consistent read for one user.
    pub(super) fn open(&mut self, user_id: UserId, cursor: Option<&str>) -> Read {
        let (seen, list, pending) = (self.read_point(), self.list(user_id), self.pending(user_id));
        let from = cursor.map(parse_cursor).filter(|from| {
            let kept = self.pruned.is_none_or(|pruned| pruned < first_unknown(from));
            self.stats.expired_cursors += u64::from(!kept);
            kept
        });
        let content = from.and_then(|from| {
            let missed = self.log.values().filter(|row| seen.sees(row.commit) && !from.sees(row.commit));
            let missed: Vec<Row> = missed.filter(|row| row.told.contains_key(&user_id)).cloned().collect();
            if missed.len() > REPLAY_MAX {
                self.stats.long_replays += 1;
                return None;
            }
            let missed = self.deliveries(&missed, &seen, []).into_iter().map(Arc::new).collect();
            Some(InitialContent::Resumed(with_views(user_id, self.with_deleted(user_id), missed)))
        });
        let listed = || Listed { groups: list.clone().into(), pending: pending.clone() };
        let content = content.unwrap_or_else(|| InitialContent::Snapshot(Box::new(listed())));
        let cursor = self.cursor(&seen);
        let groups = self.audiences(user_id);
        Read { opening: InitialState { seen, groups, content, cursor }, list, pending }
    }

    /// One read for a user who resumes from the deliveries that a server has in memory; `None` if
    /// the server must read the log.
    pub(super) fn resume(&mut self, recent: &RecentDeliveries, user_id: UserId, cursor: &str) -> Option<Read> {
        let (from, seen) = (parse_cursor(cursor), self.read_point());
        let (list, pending) = (self.list(user_id), self.pending(user_id));
        let is_kept = self.pruned.is_none_or(|pruned| pruned < first_unknown(&from));
        let caught_up = self.log.values().all(|row| !seen.sees(row.commit) || recent.known().sees(row.commit));
        if !is_kept || !caught_up {
            return None;
        }
        let (groups, with_deleted) = (self.audiences(user_id), self.with_deleted(user_id));
        let resuming = Resuming { user_id, groups: &with_deleted, from: &from, until: &seen };
        let missed = recent.missed(resuming, ReplayMax { events: REPLAY_MAX, bytes: usize::MAX })?;
        self.stats.resumes_from_memory += 1;
        let cursor = self.cursor(&seen);
        let opening = InitialState { seen, groups, content: InitialContent::Resumed(missed), cursor };
        Some(Read { opening, list, pending })
    }

    /// Converts rows into deliveries, each with the cursor to resume from after it: a client that
    /// has received all of them and the commits of `rest` knows everything that `seen` sees.
    pub(super) fn deliveries(
        &mut self,
        rows: &[Row],
        seen: &ReadPoint,
        rest: impl IntoIterator<Item = u64>,
    ) -> Vec<Delivery> {
        let mut unknown: BTreeSet<u64> = rest.into_iter().chain(seen.except.iter().copied()).collect();
        let mut deliveries = Vec::new();
        for row in rows.iter().rev() {
            let point = match self.order {
                CommitOrder::Kept => {
                    let below = unknown.first().map_or(seen.below, |first| seen.below.min(*first));
                    ReadPoint { below, except: Vec::new() }
                }
                CommitOrder::Free => ReadPoint { below: seen.below, except: unknown.iter().copied().collect() },
            };
            deliveries.push(Delivery::new(row.change.clone(), self.cursor(&point), row.commit));
            unknown.insert(row.commit);
        }
        deliveries.reverse();
        deliveries
    }

    fn cursor(&mut self, point: &ReadPoint) -> String {
        if point.except.len() > EXCEPT_MAX {
            self.stats.shortened_cursors += 1;
            return format!("{}", first_unknown(point));
        }
        let numbers = std::iter::once(point.below).chain(point.except.iter().copied());
        numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(".")
    }
}

pub(super) fn parse_cursor(cursor: &str) -> ReadPoint {
    let mut numbers = cursor.split('.').map(|number| number.parse().unwrap());
    ReadPoint { below: numbers.next().unwrap(), except: numbers.collect() }
}

fn first_unknown(point: &ReadPoint) -> u64 {
    point.except.iter().copied().fold(point.below, u64::min)
}

/// Returns a command that is often allowed.
fn any_command(roster: &Roster, random: &mut Random, salt: u64) -> (UserId, Command) {
    let mut any_user = || user(u128::from(1 + random.below(USERS)));
    let (actor, target) = (any_user(), any_user());
    let Some(group) = roster.group() else { return (actor, Command::create("A", "").unwrap()) };
    let actor = if random.chance(60) { group.owner_id } else { actor };
    let any_role = if random.chance(70) { Role::Member } else { Role::Admin };
    let command = match random.below(40) {
        0..6 => Command::AddMember(NewMember::plain(target)),
        6 => Command::AddMembers((1..=USERS).map(|number| NewMember::plain(user(u128::from(number)))).collect()),
        7..12 => Command::RemoveMember { user_id: target },
        12 => Command::Leave { successor: Some(target) },
        13 => Command::ChangeRole { user_id: target, role: Role::Owner },
        14 => Command::ChangeRole { user_id: target, role: Role::Admin },
        15 if random.chance(50) => Command::DeleteGroup,
        16..22 => return (target, way_in(random)),
        22..25 => Command::Invite { user_id: target, role: any_role, expires_in_seconds: None },
        25 => Command::WithdrawInvitation { user_id: target },
        26..28 => Command::ApproveJoinRequest { user_id: target, role: None },
        28 => Command::DeclineJoinRequest { user_id: target },
        29..31 => Command::Ban { user_id: target, reason: Note::default() },
        31..34 => Command::Unban { user_id: target },
        34..36 => {
            let join_policy = Some(JoinPolicy::ALL[random.index(JoinPolicy::ALL.len())]);
            Command::UpdateSettings { name: None, description: None, join_policy }
        }
        _ => Command::UpdateSettings {
            name: Some(groups_domain::GroupName::parse(&format!("Name {salt}")).unwrap()),
            description: None,
            join_policy: None,
        },
    };
    (actor, command)
}

/// Something that users do who are not members.
fn way_in(random: &mut Random) -> Command {
    match random.below(8) {
        0..2 => Command::AcceptInvitation,
        2 => Command::DeclineInvitation,
        3 => Command::WithdrawJoinRequest,
        _ => Command::Join { message: Note::default() },
    }
}

/// A list in memory.
#[derive(Debug)]
struct Listed {
    groups: VecDeque<(Group, Role)>,
    pending: Vec<Pending>,
}

#[async_trait]
impl List for Listed {
    async fn next(&mut self, max: PieceMax) -> Result<ListPiece, SourceError> {
        let count = max.groups.min(self.groups.len());
        let groups = self.groups.drain(..count).map(|(group, role)| (group_text(&group), role)).collect();
        let more = !self.groups.is_empty();
        let pending = if more { Vec::new() } else { std::mem::take(&mut self.pending) };
        Ok(ListPiece { groups, pending, more })
    }
}

/// A batch, shared by the workers.
pub(super) type Batch = Arc<[Arc<Delivery>]>;
