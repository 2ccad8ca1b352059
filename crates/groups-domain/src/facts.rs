//! The bounded read set of a decision.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::{Change, Effect, Group, Limits, Membership, Role, UserId};

/// What a decision depends on: the group, the memberships of the users in [`Request::reads`](crate::Request::reads), and
/// what is known of the users in [`Request::candidates`](crate::Request::candidates) beyond the group.
///
/// More memberships than that do no harm, so the facts of several requests for one group can be one `Facts`:
/// decide the first, [`apply`](Self::apply) its change, decide the next. That is how a batch is decided in memory and
/// written at once.
///
/// A group that was deleted looks like one that never was. Whoever keeps groups sees to it that a deleted group's id is
/// not used again, by choosing ids itself or by remembering the old ones, as [`Roster`](crate::Roster) does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The group; `None` where there is none, or no longer.
    pub group: Option<Group>,
    /// Of the users asked about, those who are members now.
    pub memberships: BTreeMap<UserId, Membership>,
    /// What is known of the candidates beyond this group.
    pub people: People,
    /// What limits the group.
    pub limits: Limits,
}

/// What a decision knows of people beyond its own group.
///
/// It belongs to no group: for a batch that spans several groups, one `People` is moved from the facts of one group to
/// those of the next, so that each decision sees the joins before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// In how many groups each candidate is, this one included. A missing user is in none.
    ///
    /// A count that reaches [`Limits::groups_per_user_max`] must be exact or capped at a number from there on; a lower
    /// one may be any number from the exact count up.
    pub group_counts: BTreeMap<UserId, u32>,
    /// Who has blocked being added by whom: the person, and whom they blocked. Read for candidates and the actor.
    pub blocks: BTreeSet<(UserId, UserId)>,
    /// Which actor shares a group with which candidate. Read under [`AddPolicy::SharedGroup`](crate::AddPolicy).
    ///
    /// Applying a change does not touch it: all requests of a batch are judged by who shared a group before the batch.
    pub acquaintances: BTreeSet<(UserId, UserId)>,
}

impl People {
    /// In how many groups a user is.
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
        Self { group: None, memberships: BTreeMap::new(), people: People::default(), limits }
    }

    /// The role of a user, `None` for somebody who is not a member.
    pub fn role_of(&self, user_id: UserId) -> Option<Role> {
        self.memberships.get(&user_id).map(|membership| membership.role)
    }

    /// Makes the facts those after the change, which has to be the next one of this group.
    pub fn apply(&mut self, change: &Change) {
        for effect in change.effects() {
            match effect {
                Effect::Joined { user_id, role } => {
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
                }
            }
        }
        self.group = (!change.ends_group()).then(|| change.group.clone());
    }
}
