//! How a client sees the changes that it has missed.

use std::collections::HashMap;
use std::sync::Arc;

use groups_domain::{Audience, GroupId, UserId, View};

use crate::Delivery;

/// What a user was to the group before a change, from what they were after it and how they see it.
///
/// A change does not say what the role of a member was who is removed or leaves. They then count as plain
/// members, who are told less.
pub(crate) fn before(view: View, after: Option<Audience>) -> Option<Audience> {
    match view {
        View::Creator | View::Added { .. } | View::Invited | View::JoinRequested => None,
        View::RoleChanged { previous_role, .. } => Some(previous_role.into()),
        View::Removed | View::Banned | View::Left => Some(Audience::Members),
        View::InvitationEnded => Some(Audience::Invited),
        View::JoinRequestEnded => Some(Audience::Requested),
        View::Manager | View::Other => after,
    }
}

/// Adds to each of the missed changes, which are in log order, how the user sees it. `groups` says what
/// the user is to each group afterwards, or was when it was deleted.
pub fn with_views(
    user_id: UserId,
    groups: impl IntoIterator<Item = (GroupId, Audience)>,
    missed: Vec<Arc<Delivery>>,
) -> Vec<(Arc<Delivery>, View)> {
    let mut after: HashMap<GroupId, Audience> = groups.into_iter().collect();
    let mut seen: Vec<(Arc<Delivery>, View)> = Vec::with_capacity(missed.len());
    // Backwards from the known end.
    for delivery in missed.into_iter().rev() {
        let group_id = delivery.change().group_id();
        let audience = after.get(&group_id).copied();
        let Some(view) = delivery.view_for(user_id, audience) else { continue };
        match before(view, audience) {
            Some(audience) => drop(after.insert(group_id, audience)),
            None => drop(after.remove(&group_id)),
        }
        seen.push((delivery, view));
    }
    seen.reverse();
    seen
}
