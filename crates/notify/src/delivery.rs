//! A committed change on its way to those whom it concerns.

use std::sync::{LazyLock, OnceLock};

use bytes::Bytes;
use groups_domain::{Change, Effect, Event, UserId, View};

use crate::frame;
use groups_protocol::EventBody;

/// What a delivery takes up whatever it is about.
const FIXED_BYTES: usize = 1_024;

/// What a person takes up that it is about: in the change, in the lists of a delivery, and in a frame that names them.
const PERSON_BYTES: usize = 160;

/// What a frame takes up apart from the group's texts, some of whose characters JSON escapes.
const FRAME_BYTES: usize = 768;

/// A committed change with its place in the log. Shared by all sinks and threads; each view's frame is encoded once,
/// when first needed.
#[derive(Debug)]
pub struct Delivery {
    change: Change,
    /// Made when the first frame needs it, or never if nobody is connected who hears of the change.
    cursor: LazyLock<String, MakeCursor>,
    commit: u64,
    /// By user, so that a large addition is searched quickly.
    subjects: Vec<(UserId, View)>,
    joined: Vec<UserId>,
    left: Vec<UserId>,
    all_left: bool,
    /// One for each view that occurs; there are few.
    frames: Vec<(View, OnceLock<Bytes>)>,
}

type MakeCursor = Box<dyn FnOnce() -> String + Send>;

impl Delivery {
    /// The change, the position to resume from after it, and its commit as a [`ReadPoint`] counts them.
    pub fn new(change: Change, cursor: String, commit: u64) -> Self {
        Self::with_cursor(change, commit, move || cursor)
    }

    /// As [`new`](Self::new); the cursor is made when it is first needed, and once.
    pub fn with_cursor(change: Change, commit: u64, cursor: impl FnOnce() -> String + Send + 'static) -> Self {
        let cursor: LazyLock<String, MakeCursor> = LazyLock::new(Box::new(cursor));
        let mut subjects = change.subjects();
        subjects.sort_unstable_by_key(|(user_id, _)| *user_id);
        let (mut joined, mut left, mut all_left) = (Vec::new(), Vec::new(), false);
        for effect in change.effects() {
            match effect {
                Effect::Joined { user_id, .. } => joined.push(user_id),
                Effect::RoleSet { .. } => {}
                Effect::Left { user_id } => left.push(user_id),
                Effect::AllLeft => all_left = true,
            }
        }
        let mut views: Vec<View> = subjects.iter().map(|(_, view)| *view).collect();
        views.push(View::Other);
        views.sort_unstable();
        views.dedup();
        let frames = views.into_iter().map(|view| (view, OnceLock::new())).collect();
        Self { change, cursor, commit, subjects, joined, left, all_left, frames }
    }

    /// About how many bytes of memory it takes up, with its frames, whether they are encoded already or not.
    pub fn bytes(&self) -> usize {
        let group = &self.change.group;
        let texts = group.name.as_str().len() + group.description.as_str().len();
        let people = self.subjects.len() + self.joined.len() + self.left.len();
        FIXED_BYTES + texts + people * PERSON_BYTES + self.frames.len() * (FRAME_BYTES + 2 * texts)
    }

    /// The change itself.
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// The position to resume from after it.
    pub fn cursor(&self) -> &str {
        &self.cursor
    }

    /// Its commit, see [`ReadPoint`].
    pub fn commit(&self) -> u64 {
        self.commit
    }

    /// Those to whom it is more than news about others, by user id.
    pub(crate) fn subjects(&self) -> &[(UserId, View)] {
        &self.subjects
    }

    /// How an affected user sees it.
    pub(crate) fn view_of(&self, user_id: UserId) -> View {
        match self.subjects.binary_search_by_key(&user_id, |(subject, _)| *subject) {
            Ok(at) => self.subjects[at].1,
            Err(_) => View::Other,
        }
    }

    /// Who becomes a member with it.
    pub(crate) fn joined(&self) -> &[UserId] {
        &self.joined
    }

    /// Who ceases to be a member with it, one by one.
    pub(crate) fn left(&self) -> &[UserId] {
        &self.left
    }

    /// Whether everybody ceases to be a member with it.
    pub(crate) fn all_left(&self) -> bool {
        self.all_left
    }

    /// The text frame for everybody with this view.
    pub(crate) fn frame(&self, view: View) -> Bytes {
        match self.frames.iter().find(|(known, _)| *known == view) {
            Some((_, frame)) => frame.get_or_init(|| self.encode(view)).clone(),
            None => self.encode(view),
        }
    }

    fn encode(&self, view: View) -> Bytes {
        let event: Event = self.change.event(view);
        frame::json(&EventBody::new(&event, &self.cursor))
    }
}

/// Which commits a read has seen: commit `c` was seen if and only if `c < below` and `c` is not in `except`.
///
/// Two read points of one database can be compared: the later read has seen all that the earlier has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadPoint {
    /// Nothing from here on was seen.
    pub below: u64,
    /// What was under way below it, and so was not seen either.
    pub except: Vec<u64>,
}

impl ReadPoint {
    /// Whether the read has seen this commit.
    pub fn sees(&self, commit: u64) -> bool {
        commit < self.below && !self.except.contains(&commit)
    }

    /// Whether there is nothing that this read has seen and `later` has not.
    pub(crate) fn within(&self, later: &Self) -> bool {
        self.below <= later.below && later.except.iter().all(|commit| !self.sees(*commit))
    }
}
