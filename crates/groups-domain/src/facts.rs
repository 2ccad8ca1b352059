//! The bounded read set of a decision.

use alloc::collections::BTreeMap;

use crate::{Change, Effect, Group, Limits, Membership, Role, UserId};

/// What a decision depends on: the group, and the memberships of the users in [`Request::reads`](crate::Request::reads).
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
    /// What limits the group.
    pub limits: Limits,
}

impl Facts {
    /// The facts of a group that does not exist.
    pub fn nothing(limits: Limits) -> Self {
        Self { group: None, memberships: BTreeMap::new(), limits }
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
                }
                Effect::RoleSet { user_id, role } => {
                    if let Some(membership) = self.memberships.get_mut(&user_id) {
                        membership.role = role;
                    }
                }
                Effect::Left { user_id } => {
                    self.memberships.remove(&user_id);
                }
                Effect::AllLeft => self.memberships.clear(),
            }
        }
        self.group = (!change.ends_group()).then(|| change.group.clone());
    }
}
