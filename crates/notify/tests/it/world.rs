//! Groups and their log in memory: the reference that hubs and clients are compared with. The
//! crate's unit tests use it too.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use groups_domain::{
    Actor, Audience, Change, Command, Decision, Event, Folded, Group, GroupId, GroupName, Limits, NewMember, Pending,
    ReadPoint, Request, Role, Roster, Sidebar, Timestamp, UserId,
};
use groups_protocol::group_text;
use notify::{Delivery, InitialContent, InitialState, List, ListPiece, PieceMax, SourceError, with_views};
use uuid::Uuid;

pub(crate) const ADA: UserId = user(0xada);
pub(crate) const BOB: UserId = user(0xb0b);
pub(crate) const EVE: UserId = user(0xe7e);

pub(crate) const fn user(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(number))
}

pub(crate) const fn group(number: u128) -> GroupId {
    GroupId::new(Uuid::from_u128(0x6000_0000 + number))
}

/// All groups and their history. Change `i` is commit `i`.
#[derive(Clone, Default)]
pub(crate) struct World {
    rosters: BTreeMap<GroupId, Roster>,
    log: Vec<Change>,
    /// What each change tells whom.
    told: Vec<BTreeMap<UserId, Event>>,
}

impl World {
    /// Number of changes.
    pub(crate) fn len(&self) -> usize {
        self.log.len()
    }

    /// Executes a command. Returns `None` if it is rejected or changes nothing.
    pub(crate) fn try_execute(
        &mut self,
        group_id: GroupId,
        actor: impl Into<Actor>,
        command: Command,
    ) -> Option<Arc<Delivery>> {
        let roster = self.rosters.entry(group_id).or_insert_with(|| Roster::new(group_id, Limits::default()));
        let at = Timestamp::from_unix_millis(1_700_000_000_000 + self.log.len() as i64);
        let request = Request { group_id, actor: actor.into(), at, expected_version: None, command };
        let Ok(Decision::Change(change)) = roster.decide(&request) else { return None };
        self.told.push(roster.told(&change).into_iter().map(|told| (told.user_id, told.event)).collect());
        roster.apply(&change);
        self.log.push(change);
        Some(self.delivery(self.log.len() - 1))
    }

    /// Executes a command that is allowed.
    pub(crate) fn execute(&mut self, group_id: GroupId, actor: impl Into<Actor>, command: Command) -> Arc<Delivery> {
        self.try_execute(group_id, actor, command).expect("the command changes something")
    }

    /// Creates a group with members in one change.
    pub(crate) fn create(&mut self, group_id: GroupId, owner: UserId, members: &[UserId]) -> Arc<Delivery> {
        let name = format!("Group {}", group_id.uuid().as_u128() & 0xFFFF);
        let members = members.iter().copied().map(NewMember::plain).collect();
        let (name, description) = (GroupName::parse(&name).unwrap(), groups_domain::Description::parse("").unwrap());
        self.execute(group_id, owner, Command::CreateGroup { name, description, members, owner_id: None })
    }

    pub(crate) fn rename(&mut self, group_id: GroupId, actor: UserId, name: &str) -> Arc<Delivery> {
        let name = Some(GroupName::parse(name).unwrap());
        self.execute(group_id, actor, Command::UpdateSettings { name, description: None, join_policy: None })
    }

    /// The delivery of change `commit`.
    pub(crate) fn delivery(&self, commit: usize) -> Arc<Delivery> {
        Arc::new(Delivery::new(self.log[commit].clone(), format!("c{}", commit + 1), commit as u64))
    }

    /// What change `commit` tells whom.
    pub(crate) fn told(&self, commit: usize) -> &BTreeMap<UserId, Event> {
        &self.told[commit]
    }

    /// What a user is to groups after the first `read` changes.
    pub(crate) fn audiences(&self, user_id: UserId, read: usize) -> Vec<(GroupId, Audience)> {
        let audience = |roster: &Roster| Some((roster.group_id(), roster.audience_of(user_id)?));
        self.rosters_at(read).values().filter_map(audience).collect()
    }

    /// The same, with what they were to deleted groups. Ascending.
    pub(crate) fn with_deleted(&self, user_id: UserId, read: usize) -> Vec<(GroupId, Audience)> {
        let mut all: BTreeMap<GroupId, Audience> = self.audiences(user_id, read).into_iter().collect();
        for (commit, change) in self.log[..read].iter().enumerate().filter(|(_, change)| change.ends_group()) {
            let before = self.rosters_at(commit);
            let audience = before.get(&change.group_id()).and_then(|roster| roster.audience_of(user_id));
            all.extend(audience.map(|audience| (change.group_id(), audience)));
        }
        all.into_iter().collect()
    }

    fn rosters_at(&self, read: usize) -> BTreeMap<GroupId, Roster> {
        let mut rosters: BTreeMap<GroupId, Roster> = BTreeMap::new();
        for change in &self.log[..read] {
            let group_id = change.group_id();
            rosters.entry(group_id).or_insert_with(|| Roster::new(group_id, Limits::default())).apply(change);
        }
        rosters
    }

    /// The groups of a user after the first `read` changes, newest first.
    pub(crate) fn list(&self, user_id: UserId, read: usize) -> Vec<(Group, Role)> {
        let row = |roster: &Roster| Some((roster.group()?.clone(), roster.role_of(user_id)?));
        self.rosters_at(read).values().rev().filter_map(row).collect()
    }

    /// A user's invitations and requests to join after the first `read` changes.
    pub(crate) fn pending(&self, user_id: UserId, read: usize) -> Vec<Pending> {
        let mut sidebar = Sidebar::default();
        for event in self.told[..read].iter().filter_map(|told| told.get(&user_id)) {
            assert_eq!(sidebar.fold(event), Folded::Applied);
        }
        sidebar.pending().cloned().collect::<Vec<_>>().into_iter().rev().collect()
    }

    /// What a read finds that sees the first `read` changes.
    pub(crate) fn open(&self, user_id: UserId, cursor: Option<&str>, read: usize) -> InitialState {
        let list = self.list(user_id, read);
        let groups = self.audiences(user_id, read);
        let from =
            cursor.and_then(|cursor| cursor.strip_prefix('c')?.parse::<usize>().ok()).filter(|from| *from <= read);
        let content = match from {
            None => {
                InitialContent::Snapshot(Box::new(Listed { groups: list.into(), pending: self.pending(user_id, read) }))
            }
            Some(from) => {
                let missed = (from..read).filter(|commit| self.told(*commit).contains_key(&user_id));
                let missed = missed.map(|commit| self.delivery(commit)).collect();
                InitialContent::Resumed(with_views(user_id, self.with_deleted(user_id, read), missed))
            }
        };
        InitialState {
            seen: ReadPoint { below: read as u64, except: Vec::new() },
            groups,
            content,
            cursor: format!("c{read}"),
        }
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
        let (mut groups, mut bytes): (Vec<(Group, Role)>, _) = (Vec::new(), 0);
        while groups.len() < max.groups {
            let Some((group, _)) = self.groups.front() else { break };
            bytes += 350 + group.name.as_str().len() + group.description.as_str().len();
            if bytes > max.bytes && !groups.is_empty() {
                break;
            }
            groups.extend(self.groups.pop_front());
        }
        let more = !self.groups.is_empty();
        let pending = if more { Vec::new() } else { std::mem::take(&mut self.pending) };
        let groups = groups.iter().map(|(group, role)| (group_text(group), *role)).collect();
        Ok(ListPiece { groups, pending, more })
    }
}
