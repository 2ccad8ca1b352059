//! How often a client's typing is passed on.

use groups_domain::GroupId;

use super::Cx;
use crate::clock::Moment;

/// What was passed on lately. Empty for those who do not type.
#[derive(Debug, Default)]
#[expect(clippy::box_collection, reason = "most connections never type: a third of the size where there is none")]
pub(super) struct Typed(Option<Box<Vec<(GroupId, bool, Moment)>>>);

/// More groups than anybody types in at once; beyond it, typing is dropped until an entry has aged.
const ENTRIES_MAX: usize = 32;

impl Typed {
    /// Notes it, and says whether it is news.
    pub(super) fn note(&mut self, cx: &Cx<'_>, group_id: GroupId, typing: bool) -> bool {
        let lately = self.0.get_or_insert_default();
        lately.retain(|(_, _, at)| cx.now < *at + cx.limits.typing_interval);
        let repeated = lately.iter().any(|(group, state, _)| *group == group_id && *state == typing);
        if repeated || lately.len() >= ENTRIES_MAX {
            return false;
        }
        lately.push((group_id, typing, cx.now));
        true
    }
}
