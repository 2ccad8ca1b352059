//! Decides a batch of orders in memory: from the loaded rows to the rows to write. No I/O here.

use std::collections::{BTreeMap, HashMap, HashSet};

use groups_domain::{
    Change, Command, Decision, DisplayName, Effect, Facts, GroupId, Limits, LinkId, Membership, People, Rejection,
    Request, Standing, UserId, Version, decide, left_out,
};

use crate::column::Id;
use crate::ledger::{Ledger, Usage};
use crate::payload::{self, Answer};
use crate::recent_commits::CommittedChange;
use crate::recorded::Recorded;
use crate::row::{GroupRow, KeyRow, LinkRow, MembershipFactsRow, MembershipRow, StandingRow, role_number, to_stored};
use crate::row_set::{
    Answers, Changes, Groups, Ids, Keys, LinkUses, Links, MembershipChanges, Memberships, RowSet, StandingEnds,
    Standings, Usages,
};
use crate::{ExecuteError, Executed, MemberRow, Order, StoreError};

/// How long an idempotency key is kept, in milliseconds: 24 hours.
pub(crate) const KEY_KEPT_MS: i64 = 24 * 60 * 60 * 1_000;

/// An idempotency key with its actor.
pub(crate) type Key = (UserId, String);

/// The facts of all orders of a batch, and the decisions made on them.
#[derive(Debug)]
pub(crate) struct Batch {
    limits: Limits,
    slots: HashMap<GroupId, Result<Slot, StoreError>>,
    /// Facts about people across groups. While an order is decided, they are moved into the facts
    /// of the order's group.
    people: People,
    /// Display names of the users that orders refer to, if they have one.
    names: HashMap<UserId, DisplayName>,
    keys: HashMap<Key, Result<Known, StoreError>>,
    writes: Writes,
    ledger: Ledger,
}

/// One group in the batch.
#[derive(Debug)]
struct Slot {
    facts: Facts,
    /// Members in the facts whose rows say that they have made a change in the group.
    acted: HashSet<UserId>,
    /// The versions that made the standings in the facts.
    since: HashMap<UserId, Version>,
    /// Whether the table has a row for the group, deleted or not.
    stored: bool,
    /// The new row, if the batch changes the group.
    pending: Option<GroupRow>,
}

/// The stored answer of an idempotency key.
#[derive(Clone, Debug)]
struct Known {
    fingerprint: Vec<u8>,
    created_at: i64,
    answer: Result<Recorded, Rejection>,
    /// Whether the table has a row for it.
    stored: bool,
}

/// What a batch writes in addition to the group rows.
#[derive(Debug, Default)]
struct Writes {
    /// Memberships by the interval's key; `true` if the row is new.
    memberships: BTreeMap<(GroupId, UserId, Version), (MembershipRow, bool)>,
    /// Standings by the interval's key; `true` if the row is new.
    standings: BTreeMap<(GroupId, UserId, Version), (StandingRow, bool)>,
    links: BTreeMap<LinkId, LinkWrite>,
    changes: Vec<<Changes as RowSet>::Row>,
    /// What these rows say, with the size of each payload in bytes.
    decided: Vec<(Change, usize)>,
    answers: BTreeMap<Key, <Answers as RowSet>::Row>,
    expired: Vec<<Keys as RowSet>::Row>,
}

/// What is written of a link.
#[derive(Debug)]
enum LinkWrite {
    New(LinkRow),
    Uses(u32),
    Removed,
}

/// The result of a batch, valid once its transaction is committed.
#[derive(Debug)]
pub(crate) struct Committed {
    /// One answer for each order.
    pub(crate) answers: Vec<Result<Executed, ExecuteError>>,
    /// What it changed.
    pub(crate) changes: Vec<CommittedChange>,
}

/// The rows to write, as sets, in this order.
#[derive(Debug, Default)]
pub(crate) struct RowsToWrite {
    pub(crate) groups_new: Vec<Groups>,
    pub(crate) groups_changed: Vec<Groups>,
    pub(crate) memberships_changed: Vec<MembershipChanges>,
    pub(crate) memberships_new: Vec<Memberships>,
    pub(crate) standings_ended: Vec<StandingEnds>,
    pub(crate) standings_new: Vec<Standings>,
    pub(crate) links_new: Vec<Links>,
    pub(crate) links_used: Vec<LinkUses>,
    pub(crate) links_removed: Vec<Ids>,
    pub(crate) changes: Vec<Changes>,
    /// What the rows of `changes` say, in the same order, with the size of each payload in bytes.
    pub(crate) decided: Vec<(Change, usize)>,
    pub(crate) keys_expired: Vec<Keys>,
    pub(crate) answers: Vec<Answers>,
    /// Last, because other transactions wait for these rows.
    pub(crate) usage: Vec<Usages>,
}

impl Batch {
    /// Builds a batch from the loaded rows. An unreadable row affects only its own group or key.
    pub(crate) fn new(
        limits: Limits,
        groups: Vec<GroupRow>,
        memberships: Vec<MembershipFactsRow>,
        (standings, links): (Vec<StandingRow>, Vec<LinkRow>),
        people: People,
        ledger: Ledger,
    ) -> Self {
        let mut slots: HashMap<GroupId, Result<Slot, StoreError>> = HashMap::with_capacity(groups.len());
        for row in groups {
            let (group_id, deleted, counts) = (row.id.group(), row.deleted_version.is_some(), row.counts());
            let slot = row.into_group().map(|group| {
                let facts = Facts { group: (!deleted).then_some(group), counts, ..Facts::nothing(limits) };
                Slot { facts, stored: true, ..Slot::empty(limits) }
            });
            slots.insert(group_id, slot);
        }
        let mut names = HashMap::new();
        for row in memberships {
            let (membership, acted) = (row.membership(), row.acted == Some(true));
            if let Some(name) = row.name {
                names.insert(row.user_id.user(), DisplayName::from_stored(name));
            }
            let Some(slot) = slots.get_mut(&row.group_id.group()) else { continue };
            match (slot.as_mut(), membership) {
                // A deleted group has no members, even if their rows are still open.
                (Ok(slot), Ok(Some(membership))) if slot.facts.group.is_some() => {
                    slot.facts.memberships.insert(membership.user_id, membership);
                    if acted {
                        slot.acted.insert(membership.user_id);
                    }
                }
                (Ok(_), Err(error)) => *slot = Err(error),
                (Ok(_), Ok(_)) | (Err(_), _) => {}
            }
        }
        for row in standings {
            let Some(slot) = slots.get_mut(&row.group_id.group()) else { continue };
            let user_id = row.user_id.user();
            match (slot.as_mut(), row.standing().and_then(|standing| Ok((standing, row.since()?)))) {
                // A server of the previous version adds people without ending their standing.
                (Ok(slot), Ok((standing, since)))
                    if slot.facts.group.is_some() && slot.facts.role_of(user_id).is_none() =>
                {
                    slot.facts.standings.insert(user_id, standing);
                    slot.since.insert(user_id, since);
                }
                (Ok(_), Err(error)) => *slot = Err(error),
                (Ok(_), Ok(_)) | (Err(_), _) => {}
            }
        }
        for row in links {
            let Some(slot) = slots.get_mut(&row.group_id.group()) else { continue };
            match (slot.as_mut(), row.link()) {
                (Ok(slot), Ok(link)) if slot.facts.group.is_some() => drop(slot.facts.links.insert(link.link_id, link)),
                (Ok(_), Err(error)) => *slot = Err(error),
                (Ok(_), Ok(_)) | (Err(_), _) => {}
            }
        }
        Self { limits, slots, people, names, keys: HashMap::new(), writes: Writes::default(), ledger }
    }

    /// Adds a stored answer, and the change that it refers to, if any.
    pub(crate) fn know(&mut self, row: KeyRow, change: impl FnOnce(GroupId, Version) -> Result<Change, StoreError>) {
        let corrupt = |detail| {
            let id = format!("{}/{}", row.actor_id.0, row.key);
            StoreError::Corrupt { table: "idempotency", id, detail }
        };
        let answer = payload::decode_answer(row.format, &row.answer).map_err(corrupt).and_then(|answer| {
            Ok(match answer {
                Answer::Unchanged { group, role, member, standing, left_out } => {
                    Ok(Recorded { group, change: None, role, member, standing, left_out })
                }
                Answer::Changed { group_id, version, role, member, left_out } => {
                    let change = change(group_id, version)?;
                    let (group, standing) = (change.group.clone(), None);
                    Ok(Recorded { group, change: Some(change), role, member, standing, left_out })
                }
                Answer::Rejected(rejection) => Err(rejection),
            })
        });
        let (fingerprint, created_at) = (row.fingerprint, row.created_at);
        let known = answer.map(|answer| Known { fingerprint, created_at, answer, stored: true });
        self.keys.insert((row.actor_id.user(), row.key), known);
    }

    /// Decides one order, on the facts as changed by the orders before it.
    pub(crate) fn execute_order(&mut self, order: &Order) -> Result<Executed, ExecuteError> {
        if let Some(answer) = self.known(order)? {
            // A fingerprint that two different commands share does not make them one request.
            return answer?.answer(&order.request, true).ok_or(ExecuteError::IdempotencyKeyReused);
        }
        let answer = match self.decide(order) {
            Ok(recorded) => Ok(recorded),
            // Not stored: a version that is outdated stays outdated, so a retry gets the same
            // answer.
            Err(ExecuteError::Rejected(rejection)) if !matches!(rejection, Rejection::VersionMismatch { .. }) => {
                Err(rejection)
            }
            Err(error) => return Err(error),
        };
        self.remember(order, &answer)?;
        answer?.answer(&order.request, false).ok_or_else(|| {
            let detail = "the rules made a change that does not fit the command".to_owned();
            ExecuteError::Store(StoreError::Database { detail })
        })
    }

    /// The stored answer to a retried order.
    fn known(&mut self, order: &Order) -> Result<Option<Result<Recorded, Rejection>>, ExecuteError> {
        let Some(idempotency) = &order.idempotency else { return Ok(None) };
        let key = (order.request.actor.user_id(), idempotency.key.clone());
        let known = match self.keys.get(&key) {
            None => return Ok(None),
            Some(Err(error)) => return Err(error.clone().into()),
            Some(Ok(known)) => known,
        };
        if order.request.at.unix_millis().saturating_sub(known.created_at) >= KEY_KEPT_MS {
            // Expired; only its row still exists.
            if known.stored {
                self.writes.expired.push((key.0.into(), key.1.clone()));
            }
            self.keys.remove(&key);
            return Ok(None);
        }
        if known.fingerprint != idempotency.fingerprint {
            return Err(ExecuteError::IdempotencyKeyReused);
        }
        Ok(Some(known.answer.clone()))
    }

    fn decide(&mut self, order: &Order) -> Result<Recorded, ExecuteError> {
        let request = &order.request;
        let slot = self.slots.entry(request.group_id).or_insert_with(|| Ok(Slot::empty(self.limits)));
        let slot = slot.as_mut().map_err(|error| error.clone())?;
        // The id of a deleted group cannot be reused: its row and its history still exist.
        if matches!(request.command, Command::CreateGroup { .. }) && (slot.stored || slot.pending.is_some()) {
            return Err(Rejection::GroupExists.into());
        }
        slot.facts.people = std::mem::take(&mut self.people);
        let recorded = slot.execute(request, &self.names, &mut self.writes, &mut self.ledger);
        self.people = std::mem::take(&mut slot.facts.people);
        recorded
    }

    fn remember(&mut self, order: &Order, answer: &Result<Recorded, Rejection>) -> Result<(), ExecuteError> {
        let Some(idempotency) = &order.idempotency else { return Ok(()) };
        let stored = match answer {
            Ok(Recorded { group, change, role, member, standing, left_out }) => {
                let (role, member, left_out) = (*role, member.clone(), left_out.clone());
                let standing = standing.clone();
                match change {
                    Some(change) => {
                        let (group_id, version) = (change.group_id(), change.version());
                        Answer::Changed { group_id, version, role, member, left_out }
                    }
                    None => Answer::Unchanged { group: group.clone(), role, member, standing, left_out },
                }
            }
            Err(rejection) => Answer::Rejected(*rejection),
        };
        let (format, stored) = payload::encode_answer(&stored).map_err(not_encoded)?;
        let (actor_id, key) = (order.request.actor.user_id(), idempotency.key.clone());
        let fingerprint = idempotency.fingerprint.to_vec();
        let created_at = order.request.at.unix_millis();
        let row = (actor_id.into(), key.clone(), fingerprint.clone(), created_at, format, stored);
        self.writes.answers.insert((actor_id, key.clone()), row);
        let known = Known { fingerprint, created_at, answer: answer.clone(), stored: false };
        self.keys.insert((actor_id, key), Ok(known));
        Ok(())
    }

    /// The rows to write for all decisions.
    pub(crate) fn into_rows(self) -> RowsToWrite {
        let mut groups_new = Vec::new();
        let mut groups_changed = Vec::new();
        for slot in self.slots.into_values().flatten() {
            let Some(row) = slot.pending else { continue };
            let row = row.into_row();
            if slot.stored { groups_changed.push(row) } else { groups_new.push(row) }
        }
        let (new, changed): (Vec<_>, Vec<_>) = self.writes.memberships.into_values().partition(|(_, new)| *new);
        let (standings_new, standings_ended): (Vec<_>, Vec<_>) =
            self.writes.standings.into_values().partition(|(_, new)| *new);
        let (mut links_new, mut links_used, mut links_removed) = (Vec::new(), Vec::new(), Vec::new());
        for (link_id, write) in self.writes.links {
            let id = Id(link_id.uuid());
            match write {
                LinkWrite::New(row) => links_new.push(row.into_row()),
                LinkWrite::Uses(uses) => links_used.push((id, i64::from(uses))),
                LinkWrite::Removed => links_removed.push((id,)),
            }
        }
        RowsToWrite {
            groups_new: Groups::chunks(groups_new),
            groups_changed: Groups::chunks(groups_changed),
            memberships_changed: MembershipChanges::chunks(changed.into_iter().map(|(row, _)| {
                (row.group_id, row.user_id, row.joined_version, row.role, row.left_version, row.left_at, row.acted)
            })),
            memberships_new: Memberships::chunks(new.into_iter().map(|(row, _)| {
                let (joined, left) = ((row.joined_version, row.ordinal), (row.left_version, row.left_at));
                (row.group_id, row.user_id, joined.0, joined.1, row.role, row.joined_at, left.0, left.1, row.acted)
            })),
            standings_ended: StandingEnds::chunks(standings_ended.into_iter().filter_map(|(row, _)| {
                Some((row.group_id, row.user_id, row.since_version, row.ended_version?, row.ended_at?))
            })),
            standings_new: Standings::chunks(standings_new.into_iter().map(|(row, _)| row.into_row())),
            links_new: Links::chunks(links_new),
            links_used: LinkUses::chunks(links_used),
            links_removed: Ids::chunks(links_removed),
            changes: Changes::chunks(self.writes.changes),
            decided: self.writes.decided,
            keys_expired: Keys::chunks(self.writes.expired),
            answers: Answers::chunks(self.writes.answers.into_values()),
            usage: self.ledger.into_rows(),
        }
    }
}

impl Slot {
    /// A group that does not exist.
    fn empty(limits: Limits) -> Self {
        Self {
            facts: Facts::nothing(limits),
            acted: HashSet::new(),
            since: HashMap::new(),
            stored: false,
            pending: None,
        }
    }

    /// Decides a request on the facts and applies the resulting change to them.
    fn execute(
        &mut self,
        request: &Request,
        names: &HashMap<UserId, DisplayName>,
        writes: &mut Writes,
        ledger: &mut Ledger,
    ) -> Result<Recorded, ExecuteError> {
        let member = |facts: &Facts| {
            let membership = *facts.memberships.get(&member_of(request)?)?;
            Some(MemberRow { membership, name: names.get(&membership.user_id).cloned() })
        };
        let decision = decide(&self.facts, request)?;
        let left_out = left_out(&self.facts, request);
        match decision {
            Decision::Unchanged => {
                // Only if the group exists.
                let group = self.facts.group.clone().ok_or(Rejection::GroupNotFound)?;
                let role = self.facts.role_of(request.actor.user_id());
                let (member, standing) = (member(&self.facts), standing_of(&self.facts, &request.command));
                Ok(Recorded { group, change: None, role, member, standing, left_out })
            }
            Decision::Change(change) => {
                let (format, payload) = payload::encode_change(&change).map_err(not_encoded)?;
                ledger.charge(request, Usage::of(&change, &payload))?;
                writes.change(&self.facts, &change, (&mut self.acted, &mut self.since), (format, payload));
                self.facts.apply(&change);
                self.pending = Some(GroupRow::new(&change.group, self.facts.counts, change.ends_group()));
                let (group, role) = (change.group.clone(), self.facts.role_of(request.actor.user_id()));
                let member = member(&self.facts);
                Ok(Recorded { group, change: Some(change), role, member, standing: None, left_out })
            }
        }
    }
}

impl Writes {
    /// Records what a change writes. `before` are the facts before the change, `acted` the members
    /// who have made a change, `since` the versions that made the standings.
    fn change(
        &mut self,
        before: &Facts,
        change: &Change,
        (acted, since): (&mut HashSet<UserId>, &mut HashMap<UserId, Version>),
        payload: (i16, String),
    ) {
        let actor_id = change.actor_id();
        let (group_id, version, at) = (change.group_id(), change.version(), change.at());
        // An operator may not be a member, and then has no row.
        let (mut ordinal, mut actor_stays) = (0, before.role_of(actor_id).is_some());
        for effect in change.effects() {
            match effect {
                Effect::Joined { user_id, role } => {
                    self.end_standing(before, change, user_id, since);
                    let row = MembershipRow {
                        group_id: group_id.into(),
                        user_id: user_id.into(),
                        joined_version: to_stored(version.get()),
                        ordinal,
                        role: role_number(role),
                        joined_at: at.unix_millis(),
                        left_version: None,
                        left_at: None,
                        acted: user_id == actor_id,
                    };
                    if row.acted {
                        acted.insert(user_id);
                    }
                    ordinal += 1;
                    self.memberships.insert((group_id, user_id, version), (row, true));
                }
                Effect::RoleSet { user_id, role } => {
                    if let Some(row) = self.membership_row(before, group_id, user_id) {
                        row.role = role_number(role);
                    }
                }
                Effect::Left { user_id } => {
                    acted.remove(&user_id);
                    actor_stays &= user_id != actor_id;
                    if let Some(row) = self.membership_row(before, group_id, user_id) {
                        row.left_version = Some(to_stored(version.get()));
                        row.left_at = Some(at.unix_millis());
                    }
                }
                // The group's own row ends all intervals at once, regardless of their number.
                Effect::AllLeft => actor_stays = false,
                Effect::StandingSet { user_id, standing } => {
                    self.end_standing(before, change, user_id, since);
                    since.insert(user_id, version);
                    let row = StandingRow::new(group_id, user_id, version, &standing);
                    self.standings.insert((group_id, user_id, version), (row, true));
                }
                Effect::StandingEnded { user_id } => self.end_standing(before, change, user_id, since),
                Effect::LinkAdded { link } => {
                    let row = LinkRow::new(group_id, version, &link);
                    self.links.insert(link.link_id, LinkWrite::New(row));
                }
                Effect::LinkUsed { link_id } => {
                    let uses = before.links.get(&link_id).map_or(0, |link| link.uses).saturating_add(1);
                    match self.links.get_mut(&link_id) {
                        Some(LinkWrite::New(row)) => row.uses = i64::from(uses),
                        Some(write) => *write = LinkWrite::Uses(uses),
                        None => drop(self.links.insert(link_id, LinkWrite::Uses(uses))),
                    }
                }
                Effect::LinkRemoved { link_id } => {
                    // A link that the same batch creates is never written.
                    if !matches!(self.links.remove(&link_id), Some(LinkWrite::New(_))) {
                        self.links.insert(link_id, LinkWrite::Removed);
                    }
                }
            }
        }
        if actor_stays
            && acted.insert(actor_id)
            && let Some(row) = self.membership_row(before, group_id, actor_id)
        {
            row.acted = true;
        }
        let ((format, payload), version) = (payload, to_stored(version.get()));
        self.decided.push((change.clone(), payload.len()));
        self.changes.push((group_id.into(), version, actor_id.into(), at.unix_millis(), format, payload));
    }

    /// Ends the standing of a user who has one.
    fn end_standing(&mut self, before: &Facts, change: &Change, user_id: UserId, since: &mut HashMap<UserId, Version>) {
        let (Some(standing), Some(made)) = (before.standings.get(&user_id), since.remove(&user_id)) else { return };
        let group_id = change.group_id();
        let entry = self.standings.entry((group_id, user_id, made));
        let (row, _) = entry.or_insert_with(|| (StandingRow::new(group_id, user_id, made, standing), false));
        row.ended_version = Some(to_stored(change.version().get()));
        row.ended_at = Some(change.at().unix_millis());
    }

    /// The row of a member, for editing.
    fn membership_row(&mut self, before: &Facts, group_id: GroupId, user_id: UserId) -> Option<&mut MembershipRow> {
        let Membership { role, joined_at, joined_version, .. } = *before.memberships.get(&user_id)?;
        let entry = self.memberships.entry((group_id, user_id, joined_version));
        let (row, _) = entry.or_insert_with(|| {
            let row = MembershipRow {
                group_id: group_id.into(),
                user_id: user_id.into(),
                joined_version: to_stored(joined_version.get()),
                // Not written for an existing row.
                ordinal: 0,
                role: role_number(role),
                joined_at: joined_at.unix_millis(),
                left_version: None,
                left_at: None,
                acted: false,
            };
            (row, false)
        });
        Some(row)
    }
}

/// The single member that a request refers to, if the answer includes them.
pub(crate) fn member_of(request: &Request) -> Option<UserId> {
    match &request.command {
        Command::AddMember(member) => Some(member.user_id),
        Command::ChangeRole { user_id, .. }
        | Command::Invite { user_id, .. }
        | Command::ApproveJoinRequest { user_id, .. } => Some(*user_id),
        Command::AcceptInvitation | Command::Join { .. } | Command::UseLink { .. } => Some(request.actor.user_id()),
        Command::CreateGroup { .. }
        | Command::UpdateSettings { .. }
        | Command::AddMembers(_)
        | Command::RemoveMember { .. }
        | Command::Leave { .. }
        | Command::DeleteGroup
        | Command::WithdrawInvitation { .. }
        | Command::ExpireInvitation { .. }
        | Command::DeclineJoinRequest { .. }
        | Command::Ban { .. }
        | Command::Unban { .. }
        | Command::CreateLink { .. }
        | Command::RevokeLink { .. }
        | Command::RevokeLinks
        | Command::DeclineInvitation
        | Command::WithdrawJoinRequest => None,
    }
}

/// The standing that the answer to a no-op includes.
fn standing_of(facts: &Facts, command: &Command) -> Option<Standing> {
    match command {
        Command::Invite { user_id, .. } | Command::Ban { user_id, .. } => facts.standings.get(user_id).cloned(),
        _ => None,
    }
}

fn not_encoded(error: serde_json::Error) -> ExecuteError {
    ExecuteError::Store(StoreError::Database { detail: format!("not encoded: {error}") })
}
