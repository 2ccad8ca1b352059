//! A committed change with its recipients and encoded frames.

use std::sync::{LazyLock, OnceLock};

use bytes::Bytes;
use groups_domain::{Audience, Change, DisplayName, Effect, Event, Standing, UserId, View};
use groups_protocol::EventBody;

use crate::frame;

/// Estimated fixed memory of a delivery.
const FIXED_BYTES: usize = 1_024;

/// Estimated memory per affected user: in the change, in the lists of a delivery, and in a frame
/// that names the user.
const PERSON_BYTES: usize = 160;

/// Estimated memory of a frame, apart from the group's texts, some characters of which JSON
/// escapes.
const FRAME_BYTES: usize = 768;

/// A committed change with its position in the log. Shared by all sinks and threads. The frame for
/// each view is encoded once, when it is first needed.
#[derive(Debug)]
pub struct Delivery {
    change: Change,
    /// Created when the first frame needs it, or never if no affected user is connected.
    cursor: LazyLock<String, MakeCursor>,
    commit: u64,
    actor_name: Option<DisplayName>,
    /// Sorted by user, because a large addition has many.
    subjects: Vec<(UserId, View)>,
    /// What users are to the group after the change, if it changes that. Sorted by user.
    moves: Vec<(UserId, Option<Audience>)>,
    all_left: bool,
    /// One per view that occurs; there are few.
    frames: Vec<(View, OnceLock<Bytes>)>,
}

type MakeCursor = Box<dyn FnOnce() -> String + Send>;

impl Delivery {
    /// Creates a delivery from a change, the cursor to resume from after it, and its commit number
    /// (see [`ReadPoint`](groups_domain::ReadPoint)).
    pub fn new(change: Change, cursor: String, commit: u64) -> Self {
        Self::with_cursor(change, commit, move || cursor)
    }

    /// Like [`new`](Self::new), but the cursor is computed once, when it is first needed.
    pub fn with_cursor(change: Change, commit: u64, cursor: impl FnOnce() -> String + Send + 'static) -> Self {
        let cursor: LazyLock<String, MakeCursor> = LazyLock::new(Box::new(cursor));
        let mut subjects = change.subjects();
        subjects.sort_unstable_by_key(|(user_id, _)| *user_id);
        let (mut moves, mut all_left) = (Vec::new(), false);
        for effect in change.effects() {
            match effect {
                Effect::Joined { user_id, role } | Effect::RoleSet { user_id, role } => {
                    moves.push((user_id, Some(role.into())));
                }
                Effect::Left { user_id } | Effect::StandingEnded { user_id } => moves.push((user_id, None)),
                Effect::StandingSet { user_id, standing } => moves.push((user_id, audience_of(&standing))),
                Effect::AllLeft => all_left = true,
                Effect::LinkAdded { .. } | Effect::LinkUsed { .. } | Effect::LinkRemoved { .. } => {}
            }
        }
        // A ban ends a membership and begins a standing. The last one counts.
        moves.reverse();
        moves.sort_by_key(|(user_id, _)| *user_id);
        moves.dedup_by_key(|(user_id, _)| *user_id);
        const AUDIENCES: [Audience; 4] =
            [Audience::Managers, Audience::Members, Audience::Invited, Audience::Requested];
        let mut views: Vec<View> = subjects.iter().map(|(_, view)| *view).collect();
        views.extend(AUDIENCES.into_iter().filter_map(|audience| change.view_of_others(audience)));
        views.sort_unstable();
        views.dedup();
        let frames = views.into_iter().map(|view| (view, OnceLock::new())).collect();
        Self { change, cursor, commit, actor_name: None, subjects, moves, all_left, frames }
    }

    /// Sets the display name of the user who made the change. All receivers see it.
    #[must_use]
    pub fn with_actor_name(mut self, actor_name: Option<DisplayName>) -> Self {
        self.actor_name = actor_name;
        self
    }

    /// Approximate memory use in bytes, including all frames, whether or not they are encoded yet.
    pub fn bytes(&self) -> usize {
        let group = &self.change.group;
        let texts = group.name.as_str().len() + group.description.as_str().len() + self.actor_name_bytes();
        let people = self.subjects.len() + self.moves.len();
        FIXED_BYTES + texts + people * PERSON_BYTES + self.frames.len() * (FRAME_BYTES + 2 * texts)
    }

    /// Approximate size of one frame in bytes.
    pub(crate) fn frame_bytes(&self) -> usize {
        let group = &self.change.group;
        FRAME_BYTES + group.name.as_str().len() + group.description.as_str().len() + self.actor_name_bytes()
    }

    fn actor_name_bytes(&self) -> usize {
        self.actor_name().map_or(0, str::len)
    }

    /// The committed change.
    ///
    /// With Serde it has the format of `groups-domain`, not that of the wire. `EventBody` of
    /// `groups-protocol` is the wire event as one user receives it: see [`EventSink`](crate::EventSink).
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// The cursor to resume from after this change.
    pub fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The display name of the user who made the change, if all receivers may see it.
    pub fn actor_name(&self) -> Option<&str> {
        self.actor_name.as_ref().map(DisplayName::as_str)
    }

    /// Its commit number, see [`ReadPoint`](groups_domain::ReadPoint).
    pub fn commit(&self) -> u64 {
        self.commit
    }

    /// Users whom the change itself is about, sorted by id. Everybody else sees it as a change to others.
    pub(crate) fn subjects(&self) -> &[(UserId, View)] {
        &self.subjects
    }

    /// How a user sees the change whom it is about.
    pub(crate) fn subject_view(&self, user_id: UserId) -> Option<View> {
        let at = self.subjects.binary_search_by_key(&user_id, |(subject, _)| *subject).ok()?;
        Some(self.subjects[at].1)
    }

    /// How a user sees the change. `audience` is what they are to the group before the change, or after
    /// it if they are nothing before. `None` if they are not told.
    pub(crate) fn view_for(&self, user_id: UserId, audience: Option<Audience>) -> Option<View> {
        self.subject_view(user_id).or_else(|| self.change.view_of_others(audience?))
    }

    /// How everybody with this audience sees the change whom it is not about.
    pub(crate) fn view_of_others(&self, audience: Audience) -> Option<View> {
        self.change.view_of_others(audience)
    }

    /// What users are to the group after the change, if it changes that, sorted by user. If
    /// [`all_left`](Self::all_left), nobody is anything.
    pub(crate) fn moves(&self) -> &[(UserId, Option<Audience>)] {
        &self.moves
    }

    /// Whether all members, and all others who were something to the group, leave with this change.
    pub(crate) fn all_left(&self) -> bool {
        self.all_left
    }

    /// The encoded text frame for all users with this view.
    pub(crate) fn frame(&self, view: View) -> Bytes {
        match self.frames.iter().find(|(known, _)| *known == view) {
            Some((_, frame)) => frame.get_or_init(|| self.encode(view)).clone(),
            None => self.encode(view),
        }
    }

    fn encode(&self, view: View) -> Bytes {
        let event: Event = self.change.event(view);
        // Some events name nobody.
        let actor_name = self.actor_name().filter(|_| event.actor == self.change.actor);
        frame::json(&EventBody::new(&event, &self.cursor).with_actor_name(actor_name))
    }
}

fn audience_of(standing: &Standing) -> Option<Audience> {
    match standing {
        Standing::Invited(_) => Some(Audience::Invited),
        Standing::Requested(_) => Some(Audience::Requested),
        Standing::Banned(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use groups_domain::{ChangeKind, Command, Description, GroupName, NewMember, Role};

    use super::*;
    use crate::world::{ADA, BOB, EVE, World, group, user};

    /// What a delivery holds after all of its frames were encoded.
    fn held(delivery: &Delivery) -> usize {
        let frames: usize = delivery.frames.iter().map(|(view, _)| delivery.frame(*view).len()).sum();
        let lists = size_of_val(delivery.subjects()) + size_of_val(delivery.moves());
        let Change { group, kind, .. } = &delivery.change;
        let members = match kind {
            ChangeKind::GroupCreated { members } | ChangeKind::MembersAdded { members } => size_of_val(&members[..]),
            _ => 0,
        };
        let texts = group.name.as_str().len() + group.description.as_str().len();
        size_of_val(delivery) + frames + lists + members + texts
    }

    #[test]
    fn the_estimated_size_is_at_least_what_a_delivery_holds_and_at_most_seven_times_as_much() {
        let mut world = World::default();
        // JSON escapes quotation marks. The other description has more bytes than characters.
        for (number, description) in [(1, "\"".repeat(1_000)), (2, "🚀".repeat(1_000)), (3, String::new())] {
            let members = vec![NewMember { user_id: BOB, role: Role::Admin }, NewMember::plain(EVE)];
            let create = Command::CreateGroup {
                name: GroupName::parse("Team").unwrap(),
                description: Description::parse(&description).unwrap(),
                members,
                owner_id: None,
            };
            let many = (1..=500).map(|number| NewMember::plain(user(number))).collect();
            for command in
                [create, Command::AddMembers(many), Command::RemoveMember { user_id: BOB }, Command::DeleteGroup]
            {
                let delivery = world.execute(group(number), ADA, command);
                let (estimated, held) = (delivery.bytes(), held(&delivery));
                assert!((held..=7 * held).contains(&estimated), "{estimated} for {held}: {:?}", delivery.change);
            }
        }
    }
}
