//! Groups and their log in memory: the reference that hubs and clients are compared with. The
//! crate's unit tests use it too.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use groups_domain::{
    Actor, Change, Command, Decision, Group, GroupId, GroupName, Limits, NewMember, ReadPoint, Request, Role, Roster,
    Timestamp, UserId,
};
use notify::{Delivery, InitialContent, InitialState, List, ListPiece, PieceMax, SourceError};
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
    /// The recipients of each change: the members before and after it.
    audiences: Vec<Vec<UserId>>,
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
        self.audiences.push(roster.audience(&change));
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
        self.execute(group_id, actor, Command::UpdateSettings { name, description: None })
    }

    /// The delivery of change `commit`.
    pub(crate) fn delivery(&self, commit: usize) -> Arc<Delivery> {
        Arc::new(Delivery::new(self.log[commit].clone(), format!("c{}", commit + 1), commit as u64))
    }

    pub(crate) fn is_told(&self, commit: usize, user_id: UserId) -> bool {
        self.audiences[commit].contains(&user_id)
    }

    /// The groups of a user after the first `read` changes, newest first.
    pub(crate) fn list(&self, user_id: UserId, read: usize) -> Vec<(Group, Role)> {
        let mut rosters: BTreeMap<GroupId, Roster> = BTreeMap::new();
        for change in &self.log[..read] {
            let group_id = change.group_id();
            rosters.entry(group_id).or_insert_with(|| Roster::new(group_id, Limits::default())).apply(change);
        }
        let row = |roster: &Roster| Some((roster.group()?.clone(), roster.role_of(user_id)?));
        rosters.values().rev().filter_map(row).collect()
    }

    /// What a read finds that sees the first `read` changes.
    pub(crate) fn open(&self, user_id: UserId, cursor: Option<&str>, read: usize) -> InitialState {
        let list = self.list(user_id, read);
        let groups = list.iter().map(|(group, _)| group.group_id).collect();
        let from =
            cursor.and_then(|cursor| cursor.strip_prefix('c')?.parse::<usize>().ok()).filter(|from| *from <= read);
        let content = match from {
            None => InitialContent::Snapshot(Box::new(Listed(list.into()))),
            Some(from) => {
                let missed = (from..read).filter(|commit| self.is_told(*commit, user_id));
                InitialContent::Resumed(missed.map(|commit| self.delivery(commit)).collect())
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
struct Listed(VecDeque<(Group, Role)>);

#[async_trait]
impl List for Listed {
    async fn next(&mut self, max: PieceMax) -> Result<ListPiece, SourceError> {
        let (mut groups, mut bytes) = (Vec::new(), 0);
        while groups.len() < max.groups {
            let Some((group, _)) = self.0.front() else { break };
            bytes += 350 + group.name.as_str().len() + group.description.as_str().len();
            if bytes > max.bytes && !groups.is_empty() {
                break;
            }
            groups.extend(self.0.pop_front());
        }
        Ok(ListPiece { groups, more: !self.0.is_empty() })
    }
}
