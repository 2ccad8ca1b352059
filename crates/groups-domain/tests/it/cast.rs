//! The users of the tests, short forms of their commands, and groups with a history.

use groups_domain::{
    Actor, AddPolicy, Change, Command, Decision, Description, Facts, GroupId, GroupName, Limits, NewMember, Rejection,
    Request, Role, Roster, Timestamp, UserId, Uuid, Version,
};

/// The owner of the team.
pub(crate) const ADA: UserId = UserId::new(Uuid::from_u128(0xada));
/// An admin of the team.
pub(crate) const BOB: UserId = UserId::new(Uuid::from_u128(0xb0b));
/// Another admin of the team.
pub(crate) const CLEO: UserId = UserId::new(Uuid::from_u128(0xc1e));
/// A member of the team.
pub(crate) const DAN: UserId = UserId::new(Uuid::from_u128(0xda4));
/// Another member of the team.
pub(crate) const EVE: UserId = UserId::new(Uuid::from_u128(0xe7e));
/// Has never been a member of the team.
pub(crate) const FAY: UserId = UserId::new(Uuid::from_u128(0xfa7));
/// A former member of the team.
pub(crate) const GUS: UserId = UserId::new(Uuid::from_u128(0x1_6a5));

pub(crate) const PEOPLE: [(&str, UserId); 7] =
    [("Ada", ADA), ("Bob", BOB), ("Cleo", CLEO), ("Dan", DAN), ("Eve", EVE), ("Fay", FAY), ("Gus", GUS)];

/// An operator of the service who is not a member of any group.
pub(crate) const OPS: UserId = UserId::new(Uuid::from_u128(0x095));

pub(crate) const TEAM: GroupId = GroupId::new(Uuid::from_u128(0x7ea3));

/// 2026-01-05T09:00:00Z, a Monday.
pub(crate) const MONDAY: Timestamp = Timestamp::from_unix_millis(1_767_603_600_000);

/// The default limit of groups per user.
pub(crate) const GROUPS_MAX: u32 = 10_000;

/// Replaces the ids of users with their names.
pub(crate) fn with_names(mut text: String) -> String {
    for (name, user_id) in PEOPLE.into_iter().chain([("Ops", OPS)]) {
        text = text.replace(&format!("{user_id:?}"), name);
    }
    text
}

/// A command and its actor.
#[derive(Clone, Debug)]
pub(crate) struct By {
    pub(crate) actor: Actor,
    pub(crate) command: Command,
    pub(crate) expected_version: Option<Version>,
}

pub(crate) fn by(actor: impl Into<Actor>, command: Command) -> By {
    By { actor: actor.into(), command, expected_version: None }
}

/// A command by an operator who is not a member of any group.
pub(crate) fn by_operator(command: Command) -> By {
    by(Actor::Operator(OPS), command)
}

impl By {
    pub(crate) fn having_seen(self, version: u64) -> Self {
        Self { expected_version: Some(Version::new(version)), ..self }
    }

    pub(crate) fn at(self, at: Timestamp) -> Request {
        let Self { actor, command, expected_version } = self;
        Request { group_id: TEAM, actor, at, expected_version, command }
    }
}

pub(crate) fn create<const N: usize>(members: [(UserId, Role); N]) -> Command {
    Command::CreateGroup {
        name: name("Project Team"),
        description: Description::default(),
        members: people(members),
        owner_id: None,
    }
}

pub(crate) fn create_for<const N: usize>(owner_id: UserId, initial: [(UserId, Role); N]) -> Command {
    match create(initial) {
        Command::CreateGroup { name, description, members, .. } => {
            Command::CreateGroup { name, description, members, owner_id: Some(owner_id) }
        }
        other => other,
    }
}

pub(crate) fn rename(to: &str) -> Command {
    Command::UpdateSettings { name: Some(name(to)), description: None, join_policy: None }
}

pub(crate) fn describe(as_what: &str) -> Command {
    Command::UpdateSettings { name: None, description: Some(Description::parse(as_what).unwrap()), join_policy: None }
}

pub(crate) fn add(user_id: UserId, role: Role) -> Command {
    Command::AddMember(NewMember { user_id, role })
}

pub(crate) fn add_all<const N: usize>(members: [(UserId, Role); N]) -> Command {
    Command::AddMembers(people(members))
}

pub(crate) fn remove(user_id: UserId) -> Command {
    Command::RemoveMember { user_id }
}

pub(crate) fn leave() -> Command {
    Command::Leave { successor: None }
}

pub(crate) fn leave_to(successor: UserId) -> Command {
    Command::Leave { successor: Some(successor) }
}

pub(crate) fn give(user_id: UserId, role: Role) -> Command {
    Command::ChangeRole { user_id, role }
}

pub(crate) fn delete() -> Command {
    Command::DeleteGroup
}

fn name(text: &str) -> GroupName {
    GroupName::parse(text).unwrap()
}

fn people<const N: usize>(members: [(UserId, Role); N]) -> Vec<NewMember> {
    members.map(|(user_id, role)| NewMember { user_id, role }).into()
}

/// A group with its history, and the time of the next request.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) roster: Roster,
    pub(crate) history: Vec<Change>,
    pub(crate) now: Timestamp,
}

/// No group yet.
pub(crate) fn nothing() -> Given {
    nothing_within(Limits::default().members_max)
}

/// No group yet, with this limit of members.
pub(crate) fn nothing_within(members_max: u32) -> Given {
    let limits = Limits { members_max, ..Limits::default() };
    Given { roster: Roster::new(TEAM, limits), history: Vec::new(), now: MONDAY }
}

/// Ada has created a group and is its only member.
pub(crate) fn alone() -> Given {
    nothing().after(by(ADA, create([])))
}

/// A team at version 5: Ada is the owner, Bob and Cleo are admins, Dan and Eve are members. Gus has left, and Fay has never been a
/// member.
pub(crate) fn team() -> Given {
    team_within(Limits::default().members_max)
}

/// The team, with this limit of members.
pub(crate) fn team_within(members_max: u32) -> Given {
    nothing_within(members_max)
        .after(by(ADA, create([(BOB, Role::Admin), (DAN, Role::Member)])))
        .after(by(BOB, add_all([(EVE, Role::Member), (GUS, Role::Member)])))
        .after(by(GUS, leave()))
        .after(by(ADA, add(CLEO, Role::Admin)))
        .after(by(BOB, describe("Everything about the launch.")))
}

impl Given {
    /// The group five minutes later, after this command.
    pub(crate) fn after(mut self, by: By) -> Self {
        match self.decide(by) {
            Ok(Decision::Change(change)) => {
                self.roster.apply(&change);
                self.history.push(change);
                self.now = Timestamp::from_unix_millis(self.now.unix_millis() + 5 * 60_000);
                self
            }
            other => panic!("a change was expected, not {other:?}"),
        }
    }

    /// Puts a user into this number of groups.
    pub(crate) fn in_groups(mut self, user_id: UserId, count: u32) -> Self {
        self.roster.people_mut().group_counts.insert(user_id, count);
        self
    }

    /// Puts a user into as many groups as the limit allows.
    pub(crate) fn in_all_groups_allowed(self, user_id: UserId) -> Self {
        self.in_groups(user_id, GROUPS_MAX)
    }

    /// Lets `user_id` block `blocked` from adding them.
    pub(crate) fn blocking(mut self, user_id: UserId, blocked: UserId) -> Self {
        self.roster.people_mut().blocks.insert((user_id, blocked));
        self
    }

    /// Lets two users share another group.
    pub(crate) fn acquainted(mut self, one: UserId, other: UserId) -> Self {
        self.roster.people_mut().acquaintances.extend([(one, other), (other, one)]);
        self
    }

    /// Replaces the policy for adding users.
    pub(crate) fn under(self, add_policy: AddPolicy) -> Self {
        self.within(Limits { add_policy, ..Limits::default() })
    }

    /// Replaces the limits.
    pub(crate) fn within(self, limits: Limits) -> Self {
        let mut roster = Roster::replay(TEAM, limits, &self.history);
        roster.people_mut().clone_from(self.roster.people());
        Self { roster, ..self }
    }

    /// All facts about the group and its members.
    pub(crate) fn facts(&self) -> Facts {
        self.roster.facts().clone()
    }

    pub(crate) fn decide(&self, by: By) -> Result<Decision, Rejection> {
        self.roster.decide(&by.at(self.now))
    }
}
