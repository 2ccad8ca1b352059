//! A client's view of its groups. Checks the delivery guarantee on every message that changes it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use uuid::Uuid;

use crate::message::{Event, Listed, Step};

/// The groups that a client is in, and their versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    groups: HashMap<Uuid, u64>,
    /// The version with which each group was left.
    left: HashMap<Uuid, u64>,
}

/// The effect of a valid event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folded {
    Applied,
    /// Already known; a resume may repeat it.
    Repeated,
}

/// A violation of the delivery guarantee.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    #[error("gap: group {group_id} at {known}, then an event with {version}")]
    Gap { group_id: Uuid, known: u64, version: u64 },
    #[error("repeat: group {group_id} at {version}, and its event was received again")]
    Repeat { group_id: Uuid, version: u64 },
    #[error("reorder: group {group_id} at {known}, then an event with {version}")]
    Reorder { group_id: Uuid, known: u64, version: u64 },
    #[error("foreign: an event with {version} of group {group_id}, which the client is not in")]
    Foreign { group_id: Uuid, version: u64 },
    #[error("stale list: group {group_id} at {known}, then listed at {version}")]
    StaleList { group_id: Uuid, known: u64, version: u64 },
    #[error("lost: group {group_id} at {known}, but its version is {version}")]
    Lost { group_id: Uuid, known: u64, version: u64 },
    #[error("the last view differs from the list: {0}")]
    Differs(String),
    #[error("message: {0}")]
    Message(String),
    #[error("connection: {0}")]
    Connection(String),
}

impl View {
    /// The version of a group in this view, or 0 if the client is not in it.
    pub(crate) fn version_of(&self, group_id: Uuid) -> u64 {
        self.groups.get(&group_id).copied().unwrap_or(0)
    }

    /// The groups of this view that have not reached these versions: id, known and expected version.
    pub(crate) fn behind<'a>(
        &'a self,
        versions: &'a HashMap<Uuid, u64>,
    ) -> impl Iterator<Item = (Uuid, u64, u64)> + 'a {
        let expected = |(id, known): (&Uuid, &u64)| versions.get(id).map(|version| (*id, *known, *version));
        self.groups.iter().filter_map(expected).filter(|(_, known, version)| known < version)
    }

    /// Applies an event. On a live connection it must not be a repeat; while missed events are
    /// replayed, it may. After a gap the view continues from the event, so that each gap is
    /// reported once.
    pub(crate) fn fold(&mut self, event: &Event<'_>, live: bool) -> Result<Folded, Violation> {
        let Event { group_id, version, step, .. } = *event;
        let known = self.groups.get(&group_id).copied();
        let past = known.or_else(|| self.left.get(&group_id).copied()).unwrap_or(0);
        if version <= past {
            return match live {
                false => Ok(Folded::Repeated),
                true if version == past => Err(Violation::Repeat { group_id, version }),
                true => Err(Violation::Reorder { group_id, known: past, version }),
            };
        }
        let verdict = match (known, step) {
            (Some(known), Step::Stays | Step::Leaves) if version == known + 1 => Ok(Folded::Applied),
            // Joining a group that the client is already in: the event of leaving is missing.
            (Some(known), _) => Err(Violation::Gap { group_id, known, version }),
            (None, Step::Enters) => Ok(Folded::Applied),
            (None, Step::Stays | Step::Leaves) => return Err(Violation::Foreign { group_id, version }),
        };
        if step == Step::Leaves {
            self.groups.remove(&group_id);
            self.left.insert(group_id, version);
        } else {
            self.left.remove(&group_id);
            self.groups.insert(group_id, version);
        }
        verdict
    }

    /// Replaces the view with a list. No group in it may be older than the known version.
    pub(crate) fn replace(&mut self, listed: &[Listed]) -> Result<(), Violation> {
        let old = std::mem::take(&mut self.groups);
        self.left.clear();
        self.groups = listed.iter().map(|group| (group.group_id, group.version)).collect();
        for Listed { group_id, version } in listed {
            match old.get(group_id) {
                Some(known) if version < known => {
                    return Err(Violation::StaleList { group_id: *group_id, known: *known, version: *version });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether the view equals the server's list.
    pub(crate) fn is(&self, listed: &[Listed]) -> bool {
        self.groups.len() == listed.len()
            && listed.iter().all(|group| self.groups.get(&group.group_id) == Some(&group.version))
    }

    /// Describes one difference from the list.
    pub(crate) fn difference(&self, listed: &[Listed]) -> String {
        let stale = listed.iter().find(|group| self.version_of(group.group_id) != group.version);
        match stale {
            Some(Listed { group_id, version }) => {
                format!("group {group_id} known at {}, listed at {version}", self.version_of(*group_id))
            }
            None => format!("{} groups known, {} listed", self.groups.len(), listed.len()),
        }
    }
}

/// Violations of a run: their number, and the first few.
#[derive(Default)]
pub(crate) struct Violations {
    count: AtomicU64,
    first: Mutex<Vec<String>>,
}

impl Violations {
    const KEPT_MAX: usize = 20;

    pub(crate) fn add(&self, violation: &Violation) {
        self.count.fetch_add(1, Relaxed);
        if let Ok(mut first) = self.first.lock()
            && first.len() < Self::KEPT_MAX
        {
            first.push(violation.to_string());
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    pub(crate) fn first(&self) -> Vec<String> {
        self.first.lock().map(|first| first.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    const GROUP: Uuid = Uuid::from_u128(1);

    fn event(step: Step, version: u64) -> Event<'static> {
        Event { step, group_id: GROUP, version, cursor: Cow::Borrowed("c"), renamed: None }
    }

    /// Applies events to a client that was added with version 3.
    fn told(events: &[(Step, u64)], live: bool) -> Result<Folded, Violation> {
        let mut view = View::default();
        view.fold(&event(Step::Enters, 3), live)?;
        let mut last = Ok(Folded::Applied);
        for (step, version) in events {
            last = view.fold(&event(*step, *version), live);
        }
        last
    }

    #[test]
    fn every_version_once_and_in_order_is_accepted() {
        assert_eq!(told(&[(Step::Stays, 4), (Step::Stays, 5), (Step::Leaves, 6)], true), Ok(Folded::Applied));
    }

    #[test]
    fn a_missing_version_is_a_gap() {
        assert_eq!(told(&[(Step::Stays, 5)], true), Err(Violation::Gap { group_id: GROUP, known: 3, version: 5 }));
        let again = [(Step::Enters, 5)];
        assert_eq!(told(&again, true), Err(Violation::Gap { group_id: GROUP, known: 3, version: 5 }));
    }

    #[test]
    fn a_repeated_event_is_accepted_only_during_a_replay() {
        let twice = [(Step::Stays, 4), (Step::Stays, 4)];
        assert_eq!(told(&twice, true), Err(Violation::Repeat { group_id: GROUP, version: 4 }));
        assert_eq!(told(&twice, false), Ok(Folded::Repeated));
    }

    #[test]
    fn an_older_version_is_reported_as_reordered() {
        let back = [(Step::Stays, 4), (Step::Stays, 5), (Step::Stays, 4)];
        assert_eq!(told(&back, true), Err(Violation::Reorder { group_id: GROUP, known: 5, version: 4 }));
    }

    #[test]
    fn an_event_after_leaving_is_reported_as_foreign() {
        let after = [(Step::Leaves, 4), (Step::Stays, 5)];
        assert_eq!(told(&after, true), Err(Violation::Foreign { group_id: GROUP, version: 5 }));
        let again = [(Step::Leaves, 4), (Step::Enters, 9), (Step::Stays, 10)];
        assert_eq!(told(&again, true), Ok(Folded::Applied));
    }

    #[test]
    fn a_view_is_behind_only_in_its_own_groups() {
        let mut view = View::default();
        assert_eq!(view.replace(&[Listed { group_id: GROUP, version: 7 }]), Ok(()));
        let versions = HashMap::from([(GROUP, 8), (Uuid::from_u128(2), 9)]);
        assert_eq!(view.behind(&versions).collect::<Vec<_>>(), [(GROUP, 7, 8)]);
        assert_eq!(view.fold(&event(Step::Stays, 8), true), Ok(Folded::Applied));
        assert_eq!(view.behind(&versions).count(), 0);
    }

    #[test]
    fn a_list_never_goes_back() {
        let mut view = View::default();
        assert_eq!(view.replace(&[Listed { group_id: GROUP, version: 7 }]), Ok(()));
        assert!(view.is(&[Listed { group_id: GROUP, version: 7 }]));
        let older = view.replace(&[Listed { group_id: GROUP, version: 6 }]);
        assert_eq!(older, Err(Violation::StaleList { group_id: GROUP, known: 7, version: 6 }));
    }
}
