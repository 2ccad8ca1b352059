//! The rules. A comment above each guard states the rule, and a [`Rule`] names it.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use crate::{
    Actor, Change, ChangeKind, Command, Description, Facts, Group, GroupName, LeftOut, NewMember, Rejection, Request,
    Role, Rule, Succession, UserId, Version, admission,
};

/// The outcome of an accepted request. Deliberately exhaustive: there is no third one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The group changes.
    Change(Change),
    /// The request is a no-op: no new version, no event, and no error.
    Unchanged,
}

type Outcome = Result<Decision, Rejection>;

/// Decides one request from its facts.
///
/// The facts must be those of the requested group: its row, the memberships of the users in [`Request::reads`], and the
/// [`People`](crate::People) data of the users in [`Request::candidates`]. They are assumed to be consistent. If they are
/// not, the result is unspecified, but the function does not panic.
///
/// # Errors
/// A [`Rejection`] that names the violated [`Rule`]. Permissions are checked first, so that a rejection reveals nothing
/// else about the group. [`Rule::SeenVersion`] is checked last, as RFC 9110 section 13.2.1 requires for preconditions.
/// [`Command::CreateGroup`] ignores `expected_version`, because a new group has no version yet.
///
/// ```
/// use groups_domain::{Actor, Command, Decision, Facts, GroupId, Limits, Rejection, Request, Timestamp, UserId, Uuid, decide};
///
/// let (ada, eve) = (UserId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
/// let request = |actor_id, command| Request {
///     group_id: GroupId::new(Uuid::from_u128(10)),
///     actor: Actor::Member(actor_id),
///     at: Timestamp::from_unix_millis(1_700_000_000_000),
///     expected_version: None,
///     command,
/// };
///
/// // Read the facts, decide, apply: what a service does in one transaction, here without a database.
/// let mut facts = Facts::nothing(Limits::default());
/// let Decision::Change(change) = decide(&facts, &request(ada, Command::create("Project Team", "")?))? else {
///     unreachable!("a creation always changes something")
/// };
/// facts.apply(&change);
///
/// // Eve is not a member, so she does not learn that the group exists.
/// assert_eq!(decide(&facts, &request(eve, Command::DeleteGroup)), Err(Rejection::GroupNotFound));
/// // The group already has this name: a no-op, not an error.
/// let same = Command::UpdateSettings { name: Some(change.group.name.clone()), description: None };
/// assert_eq!(decide(&facts, &request(ada, same)), Ok(Decision::Unchanged));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide(facts: &Facts, request: &Request) -> Result<Decision, Rejection> {
    if let Command::CreateGroup { name, description, members, owner_id } = &request.command {
        return create(facts, request, name, description, members, *owner_id);
    }
    let authorized = Authorized::new(facts, request)?;
    let decision = authorized.execute(&request.command)?;
    // A request for one version of the group is not executed on another.
    match request.expected_version {
        Some(expected) if expected != authorized.group.version => {
            Err(Rejection::VersionMismatch { expected, current: authorized.group.version })
        }
        _ => Ok(decision),
    }
}

fn create(
    facts: &Facts,
    request: &Request,
    name: &GroupName,
    description: &Description,
    members: &[NewMember],
    owner_id: Option<UserId>,
) -> Outcome {
    // A group is created once.
    if facts.group.is_some() {
        return Err(Rejection::GroupExists);
    }
    let actor = request.actor;
    // Only an operator can create a group for another user, and an operator must name its owner.
    let owner_id = match (actor, owner_id) {
        (Actor::Operator(_), Some(owner_id)) => owner_id,
        (Actor::Member(user_id), owner_id) if owner_id.is_none_or(|owner_id| owner_id == user_id) => user_id,
        _ => return Err(Rejection::Forbidden(Rule::OperatorsNameOwners)),
    };
    // A group always has exactly one owner. Nobody can be added as an owner.
    one_owner(members)?;
    let members = newcomers(members, |user_id| user_id == owner_id);
    if !members.is_empty() {
        // People join by invitation only. Nobody can be added directly.
        admission::adding_is_open(facts, actor)?;
    }
    // A user cannot be in more groups than the limit per user.
    admission::check_owner(facts, owner_id)?;
    // You can only add people who allow it, and who are in fewer groups than one person may be.
    members.iter().try_for_each(|member| admission::check_added(facts, actor, member.user_id))?;
    let group = Group {
        group_id: request.group_id,
        name: name.clone(),
        description: description.clone(),
        owner_id,
        member_count: room_for(facts, 1, members.len())?,
        version: Version::FIRST,
        created_at: request.at,
        updated_at: request.at,
    };
    Ok(Decision::Change(Change { group, actor, kind: ChangeKind::GroupCreated { members } }))
}

/// An actor who may see an existing group. What they may do there depends on their rank.
struct Authorized<'a> {
    facts: &'a Facts,
    request: &'a Request,
    group: &'a Group,
    rank: Rank,
}

/// In which rank somebody acts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    Member(Role),
    /// Above every role.
    Operator,
}

impl<'a> Authorized<'a> {
    fn new(facts: &'a Facts, request: &'a Request) -> Result<Self, Rejection> {
        // To users who are not members, the group does not exist.
        let group = facts.group.as_ref().filter(|group| group.group_id == request.group_id);
        let group = group.ok_or(Rejection::GroupNotFound)?;
        let rank = match request.actor {
            Actor::Operator(_) => Rank::Operator,
            Actor::Member(user_id) => Rank::Member(facts.role_of(user_id).ok_or(Rejection::GroupNotFound)?),
        };
        Ok(Self { facts, request, group, rank })
    }

    fn execute(&self, command: &Command) -> Outcome {
        match command {
            // A group is created once, and this one exists.
            Command::CreateGroup { .. } => Err(Rejection::GroupExists),
            Command::UpdateSettings { name, description } => self.update_settings(name.as_ref(), description.as_ref()),
            Command::AddMember(member) => self.add_one(*member),
            Command::AddMembers(members) => self.add_many(members),
            Command::RemoveMember { user_id } if *user_id == self.request.actor.user_id() => self.leave(None),
            Command::RemoveMember { user_id } => self.remove(*user_id),
            Command::Leave { successor } => self.leave(*successor),
            Command::ChangeRole { user_id, role: Role::Owner } => self.transfer_ownership(*user_id),
            Command::ChangeRole { user_id, role } => self.change_role(*user_id, *role),
            Command::DeleteGroup => self.delete(),
        }
    }

    fn update_settings(&self, name: Option<&GroupName>, description: Option<&Description>) -> Outcome {
        // Changing the settings requires the role `admin`.
        self.at_least(Role::Admin, Rule::AdminsSet)?;
        let name = name.filter(|name| **name != self.group.name).cloned();
        let description = description.filter(|description| **description != self.group.description).cloned();
        if name.is_none() && description.is_none() {
            return Ok(Decision::Unchanged);
        }
        Ok(self.change(ChangeKind::SettingsChanged { name: name.clone(), description: description.clone() }, |group| {
            group.name = name.unwrap_or_else(|| group.name.clone());
            group.description = description.unwrap_or_else(|| group.description.clone());
        }))
    }

    fn add_one(&self, member: NewMember) -> Outcome {
        self.may_add(&[member])?;
        // A user can be a member only once.
        if self.facts.role_of(member.user_id).is_some() {
            return Err(Rejection::AlreadyMember { user_id: member.user_id });
        }
        // You can only add people who allow it and are below the group limit per user.
        admission::check_added(self.facts, self.request.actor, member.user_id)?;
        self.add(vec![member])
    }

    fn add_many(&self, members: &[NewMember]) -> Outcome {
        self.may_add(members)?;
        // A user can be a member only once. On a list, existing members are skipped.
        let mut members = newcomers(members, |user_id| self.facts.role_of(user_id).is_some());
        // You can only add people who allow it and are below the group limit per user. On a list, the others join.
        let actor = self.request.actor;
        members.retain(|member| admission::obstacle(self.facts, actor, member.user_id).is_none());
        if members.is_empty() { Ok(Decision::Unchanged) } else { self.add(members) }
    }

    fn may_add(&self, members: &[NewMember]) -> Result<(), Rejection> {
        // Adding members requires the role `admin`.
        self.at_least(Role::Admin, Rule::AdminsAdd)?;
        // People join by invitation only. Nobody can be added directly.
        admission::adding_is_open(self.facts, self.request.actor)?;
        // A group always has exactly one owner. Nobody can be added as an owner.
        one_owner(members)?;
        // You can only assign roles below your own.
        members.iter().try_for_each(|member| self.gives_below(member.role))
    }

    fn add(&self, members: Vec<NewMember>) -> Outcome {
        let member_count = room_for(self.facts, self.group.member_count, members.len())?;
        Ok(self.change(ChangeKind::MembersAdded { members }, |group| group.member_count = member_count))
    }

    fn remove(&self, user_id: UserId) -> Outcome {
        // You can only manage members whose role is below yours.
        self.acts_below(user_id)?;
        Ok(self.change(ChangeKind::MemberRemoved { user_id }, one_fewer))
    }

    fn leave(&self, successor: Option<UserId>) -> Outcome {
        let actor_id = self.request.actor.user_id();
        // You can only manage members of the group: an operator who is not a member has nothing to leave.
        let role = self.role_of(actor_id)?;
        let successor = match (role, successor) {
            (Role::Owner, Some(user_id)) if user_id != actor_id => Some(self.succession(user_id)?),
            // The last member cannot leave the group. Delete the group instead.
            (Role::Owner, _) if self.group.member_count <= 1 => {
                return Err(Rejection::OwnerMustTransfer(Rule::LastOneDeletes));
            }
            // The owner must name another member as successor when leaving.
            (Role::Owner, _) => return Err(Rejection::OwnerMustTransfer(Rule::OwnerLeavesWithSuccessor)),
            // Only the owner can name a successor when leaving.
            (_, Some(_)) => return Err(Rejection::Forbidden(Rule::OnlyOwnersNameSuccessors)),
            (_, None) => None,
        };
        Ok(self.change(ChangeKind::MemberLeft { successor }, |group| {
            one_fewer(group);
            group.owner_id = successor.map_or(group.owner_id, |to| to.user_id);
        }))
    }

    fn change_role(&self, user_id: UserId, role: Role) -> Outcome {
        // You can only manage members whose role is below yours.
        let previous_role = self.acts_below(user_id)?;
        // You can only assign roles below your own.
        self.gives_below(role)?;
        if role == previous_role {
            return Ok(Decision::Unchanged);
        }
        Ok(self.change(ChangeKind::RoleChanged { user_id, role, previous_role }, |_| {}))
    }

    fn transfer_ownership(&self, user_id: UserId) -> Outcome {
        // Only the owner can transfer the ownership, and becomes `admin`.
        self.at_least(Role::Owner, Rule::OwnerHandsOver)?;
        let (actor_id, owner_id) = (self.request.actor.user_id(), self.group.owner_id);
        let previous_owner_id = match self.rank {
            Rank::Member(_) => actor_id,
            Rank::Operator => owner_id,
        };
        if user_id == previous_owner_id {
            return Ok(Decision::Unchanged);
        }
        let successor = self.succession(user_id)?;
        let previous_owner_id = (previous_owner_id != actor_id).then_some(previous_owner_id);
        let kind = ChangeKind::OwnershipTransferred { successor, previous_owner_id };
        Ok(self.change(kind, |group| group.owner_id = successor.user_id))
    }

    fn delete(&self) -> Outcome {
        // Deleting the group requires the role `owner`.
        self.at_least(Role::Owner, Rule::OwnerDeletes)?;
        Ok(self.change(ChangeKind::GroupDeleted, |_| {}))
    }

    fn at_least(&self, role: Role, rule: Rule) -> Result<(), Rejection> {
        match self.rank {
            Rank::Member(own) if own < role => Err(Rejection::Forbidden(rule)),
            Rank::Member(_) | Rank::Operator => Ok(()),
        }
    }

    fn is_below(&self, role: Role) -> bool {
        match self.rank {
            Rank::Member(own) => role < own,
            Rank::Operator => true,
        }
    }

    fn gives_below(&self, role: Role) -> Result<(), Rejection> {
        if self.is_below(role) { Ok(()) } else { Err(Rejection::Forbidden(Rule::GiveBelow)) }
    }

    /// Checks that the actor may manage this member, and returns the member's role.
    fn acts_below(&self, user_id: UserId) -> Result<Role, Rejection> {
        // Nobody is below a plain member, no matter which user is named.
        self.at_least(Role::Admin, Rule::ActBelow)?;
        let role = self.role_of(user_id)?;
        if !self.is_below(role) {
            return Err(Rejection::Forbidden(Rule::ActBelow));
        }
        // Transfer the ownership before you remove the owner or change their role.
        if role == Role::Owner {
            return Err(Rejection::OwnerMustTransfer(Rule::OwnerIsReplacedFirst));
        }
        Ok(role)
    }

    fn succession(&self, user_id: UserId) -> Result<Succession, Rejection> {
        Ok(Succession { user_id, previous_role: self.role_of(user_id)? })
    }

    fn role_of(&self, user_id: UserId) -> Result<Role, Rejection> {
        // You can only manage members of the group.
        self.facts.role_of(user_id).ok_or(Rejection::MemberNotFound { user_id })
    }

    fn change(&self, kind: ChangeKind, edit: impl FnOnce(&mut Group)) -> Decision {
        let mut group = self.group.clone();
        edit(&mut group);
        group.version = group.version.next();
        // Server clocks differ, but the times of a group's changes never go back.
        group.updated_at = group.updated_at.max(self.request.at);
        Decision::Change(Change { group, actor: self.request.actor, kind })
    }
}

/// The users on the list of [`Command::AddMembers`] who cannot join although the others can, without duplicates and in
/// list order. Empty for every other command.
///
/// Pass the facts from before the change is applied. The result is meaningful only if [`decide`] accepts the request. Each
/// user on the list is then already a member, joins, or is left out.
pub fn left_out(facts: &Facts, request: &Request) -> Vec<LeftOut> {
    let Command::AddMembers(members) = &request.command else { return Vec::new() };
    let members = newcomers(members, |user_id| facts.role_of(user_id).is_some());
    let obstacle = |member: NewMember| {
        let obstacle = admission::obstacle(facts, request.actor, member.user_id)?;
        Some(LeftOut { user_id: member.user_id, obstacle })
    };
    members.into_iter().filter_map(obstacle).collect()
}

fn one_owner(members: &[NewMember]) -> Result<(), Rejection> {
    if members.iter().any(|member| member.role == Role::Owner) { Err(Rejection::InvalidRole) } else { Ok(()) }
}

/// The users who are not members yet, without duplicates, in list order.
fn newcomers(members: &[NewMember], is_in: impl Fn(UserId) -> bool) -> Vec<NewMember> {
    let mut seen = BTreeSet::new();
    members.iter().filter(|member| !is_in(member.user_id) && seen.insert(member.user_id)).copied().collect()
}

fn one_fewer(group: &mut Group) {
    group.member_count = group.member_count.saturating_sub(1);
}

fn room_for(facts: &Facts, member_count: u32, newcomers: usize) -> Result<u32, Rejection> {
    // A group cannot have more members than its limit.
    let members_max = facts.limits.members_max;
    let would_be = u64::from(member_count) + newcomers as u64;
    match u32::try_from(would_be) {
        Ok(count) if count <= members_max => Ok(count),
        _ => Err(Rejection::TooManyMembers { would_be, members_max }),
    }
}
