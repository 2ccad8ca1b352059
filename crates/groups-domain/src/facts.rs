//! The bounded read set of a decision.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::{Audience, Change, Effect, Group, Limits, Link, LinkId, Membership, Role, Standing, UserId};

/// The data that a decision depends on: the group, the memberships and standings of the users in
/// [`Request::reads`](crate::Request::reads), the links in [`Request::reads_links`](crate::Request::reads_links), and the
/// [`People`] data of the users in [`Request::candidates`](crate::Request::candidates).
///
/// Additional memberships are harmless, so several requests for one group can share one `Facts`: decide the first,
/// [`apply`](Self::apply) its change, decide the next. This way, a batch is decided in memory and written at once.
///
/// A deleted group looks like a group that never existed. The program that stores groups must not reuse the id of a
/// deleted group: it can generate ids itself, or remember old ids as [`Roster`](crate::Roster) does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The group; `None` if it does not exist or was deleted.
    pub group: Option<Group>,
    /// The current memberships of the users that the requests read.
    pub memberships: BTreeMap<UserId, Membership>,
    /// What the other users that the requests read are to the group. Members have no standing.
    pub standings: BTreeMap<UserId, Standing>,
    /// The current links that the requests read.
    pub links: BTreeMap<LinkId, Link>,
    /// The number of standings and links of the group, including those that are not among the facts.
    pub counts: Counts,
    /// Data about the candidates from outside of this group.
    pub people: People,
    /// The limits that apply to the group.
    pub limits: Limits,
}

/// How many entries the lists of a group have. An invitation or a link that has expired counts until it is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Invitations that were not answered.
    pub invitations: u32,
    /// Requests to join that were not answered.
    pub join_requests: u32,
    /// Banned users.
    pub bans: u32,
    /// Links.
    pub links: u32,
}

impl Counts {
    fn of(&mut self, standing: &Standing) -> &mut u32 {
        match standing {
            Standing::Invited(_) => &mut self.invitations,
            Standing::Requested(_) => &mut self.join_requests,
            Standing::Banned(_) => &mut self.bans,
        }
    }
}

/// Data about users from outside of the group: group counts, blocks, and shared groups.
///
/// It does not belong to a group. For a batch that spans several groups, move one `People` from the facts of each group to
/// those of the next, so that each decision sees the earlier joins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// The number of groups of each candidate, including this one. A missing user is in no group.
    ///
    /// A value below [`Limits::groups_per_user_max`] may be an overestimate: any number not below the exact count. A value
    /// that reaches the limit must be the exact count, or a cap that is not below the limit.
    pub group_counts: BTreeMap<UserId, u32>,
    /// Pairs of a user and the user whom they blocked from adding them. Read for the candidates and the actor.
    pub blocks: BTreeSet<(UserId, UserId)>,
    /// Pairs of an actor and a candidate who share a group. Read with [`AddPolicy::SharedGroup`](crate::AddPolicy).
    ///
    /// Applying a change does not modify it: all requests of a batch see the shared groups from before the batch.
    pub acquaintances: BTreeSet<(UserId, UserId)>,
}

impl People {
    /// The number of groups that a user is in.
    pub fn group_count(&self, user_id: UserId) -> u32 {
        self.group_counts.get(&user_id).copied().unwrap_or_default()
    }

    fn joined(&mut self, user_id: UserId) {
        let count = self.group_counts.entry(user_id).or_default();
        *count = count.saturating_add(1);
    }

    fn left(&mut self, user_id: UserId) {
        if let Some(count) = self.group_counts.get_mut(&user_id) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.group_counts.remove(&user_id);
            }
        }
    }
}

impl Facts {
    /// The facts of a group that does not exist.
    pub fn nothing(limits: Limits) -> Self {
        Self {
            group: None,
            memberships: BTreeMap::new(),
            standings: BTreeMap::new(),
            links: BTreeMap::new(),
            counts: Counts::default(),
            people: People::default(),
            limits,
        }
    }

    /// The role of a user; `None` if they are not a member.
    pub fn role_of(&self, user_id: UserId) -> Option<Role> {
        self.memberships.get(&user_id).map(|membership| membership.role)
    }

    /// What a user is to the group, as far as it decides what they are told; `None` if they are told nothing.
    pub fn audience_of(&self, user_id: UserId) -> Option<Audience> {
        if let Some(role) = self.role_of(user_id) {
            return Some(role.into());
        }
        match self.standings.get(&user_id)? {
            Standing::Invited(_) => Some(Audience::Invited),
            Standing::Requested(_) => Some(Audience::Requested),
            Standing::Banned(_) => None,
        }
    }

    /// Updates the facts with a change. It must be the next change of this group.
    pub fn apply(&mut self, change: &Change) {
        for effect in change.effects() {
            match effect {
                Effect::Joined { user_id, role } => {
                    self.end_standing(user_id);
                    let (joined_at, joined_version) = (change.at(), change.version());
                    self.memberships.insert(user_id, Membership { user_id, role, joined_at, joined_version });
                    self.people.joined(user_id);
                }
                Effect::RoleSet { user_id, role } => {
                    if let Some(membership) = self.memberships.get_mut(&user_id) {
                        membership.role = role;
                    }
                }
                Effect::Left { user_id } => {
                    self.memberships.remove(&user_id);
                    self.people.left(user_id);
                }
                Effect::AllLeft => {
                    let members = core::mem::take(&mut self.memberships);
                    members.into_keys().for_each(|user_id| self.people.left(user_id));
                    self.standings.clear();
                    self.links.clear();
                    self.counts = Counts::default();
                }
                Effect::StandingSet { user_id, standing } => {
                    self.end_standing(user_id);
                    let count = self.counts.of(&standing);
                    *count = count.saturating_add(1);
                    self.standings.insert(user_id, standing);
                }
                Effect::StandingEnded { user_id } => self.end_standing(user_id),
                Effect::LinkAdded { link } => {
                    self.counts.links = self.counts.links.saturating_add(1);
                    self.links.insert(link.link_id, link);
                }
                Effect::LinkUsed { link_id } => {
                    if let Some(link) = self.links.get_mut(&link_id) {
                        link.uses = link.uses.saturating_add(1);
                    }
                }
                Effect::LinkRemoved { link_id } => {
                    self.counts.links = self.counts.links.saturating_sub(1);
                    self.links.remove(&link_id);
                }
            }
        }
        self.group = (!change.ends_group()).then(|| change.group.clone());
    }

    fn end_standing(&mut self, user_id: UserId) {
        if let Some(standing) = self.standings.remove(&user_id) {
            let count = self.counts.of(&standing);
            *count = count.saturating_sub(1);
        }
    }
}
