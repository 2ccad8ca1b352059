//! The rules for bans. A comment above each guard states the rule, and a [`Rule`] names it.

use crate::authority::Authorized;
use crate::decision::Outcome;
use crate::{AccessList, Audience, ChangeKind, Decision, Note, Role, Rule, Standing, UserId, admission};

impl Authorized<'_> {
    pub(crate) fn ban(&self, user_id: UserId, reason: &Note) -> Outcome {
        // Banning people requires the role `admin`.
        self.at_least(Role::Admin, Rule::AdminsBan)?;
        // You can only manage members whose role is below yours.
        let role = match self.facts.role_of(user_id) {
            Some(_) => Some(self.acts_below(user_id)?),
            None => None,
        };
        let before = match self.facts.standings.get(&user_id) {
            Some(Standing::Banned(_)) => return Ok(Decision::Unchanged),
            Some(Standing::Invited(_)) => Some(Audience::Invited),
            Some(Standing::Requested(_)) => Some(Audience::Requested),
            None => role.map(Audience::from),
        };
        // A group cannot have more bans than the limit.
        self.has_room(AccessList::Bans, self.facts.counts.bans, self.facts.limits.bans_max)?;
        Ok(self.change(ChangeKind::Banned { user_id, reason: reason.clone(), before }, |group| {
            if role.is_some() {
                admission::one_fewer(group);
            }
        }))
    }

    pub(crate) fn unban(&self, user_id: UserId) -> Outcome {
        // Lifting bans requires the role `admin`.
        self.at_least(Role::Admin, Rule::AdminsBan)?;
        if admission::is_banned(self.facts, user_id) {
            Ok(self.change(ChangeKind::Unbanned { user_id }, |_| {}))
        } else {
            Ok(Decision::Unchanged)
        }
    }
}
