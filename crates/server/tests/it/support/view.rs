//! The state of a client: its list of groups, updated with events as the contract says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::check_event;

/// The effect of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folded {
    /// The view has changed, or the connection has progressed.
    Applied,
    /// Already known; a resume may repeat it.
    Repeated,
    /// The view is correct from here on.
    Ready,
    /// Does not affect the view.
    Ephemeral,
}

/// One user's groups on one device, across its connections.
#[derive(Clone, Debug)]
pub(crate) struct View {
    user_id: String,
    groups: BTreeMap<String, Value>,
    /// The invitations and requests to join, by the id of the group.
    pending: BTreeMap<String, Value>,
    /// The version with which each group was left.
    left: BTreeMap<String, u64>,
    /// The cursor to resume from.
    cursor: Option<String>,
    connection: Connection,
    /// How often the whole list was received.
    snapshots: u32,
    /// Every received version in order: the number of the connection, the group, the version.
    received: Vec<(u32, String, u64)>,
}

/// State of the current connection.
#[derive(Clone, Debug, Default)]
struct Connection {
    number: u32,
    stage: Stage,
    resumed: bool,
    /// The last version of each group received on this connection.
    last: BTreeMap<String, u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Nothing,
    Welcome,
    Pieces,
    Complete,
    Ready,
}

impl View {
    pub(crate) fn of(user_id: &str) -> Self {
        Self {
            user_id: user_id.to_owned(),
            groups: BTreeMap::new(),
            pending: BTreeMap::new(),
            left: BTreeMap::new(),
            cursor: None,
            connection: Connection::default(),
            snapshots: 0,
            received: Vec::new(),
        }
    }

    /// Starts a new connection with this cursor.
    pub(crate) fn begin(&mut self) -> Option<&str> {
        self.connection = Connection { number: self.connection.number + 1, ..Connection::default() };
        self.cursor.as_deref()
    }

    /// A new device without state.
    pub(crate) fn forget(&mut self) {
        self.groups.clear();
        self.pending.clear();
        self.left.clear();
        self.cursor = None;
    }

    pub(crate) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The version of a group, if the user is in it.
    pub(crate) fn version(&self, group: &str) -> Option<u64> {
        self.groups.get(group).and_then(|group| group["version"].as_u64())
    }

    /// Whether this connection continues from an earlier one.
    pub(crate) fn resumes(&self) -> bool {
        self.connection.resumed
    }

    /// The groups, by id.
    pub(crate) fn groups(&self) -> Vec<Value> {
        self.groups.values().cloned().collect()
    }

    /// Every version that this device has received since its first list, if every reconnection
    /// since was a resume.
    pub(crate) fn told(&self) -> Option<BTreeSet<(String, u64)>> {
        let told = || self.received.iter().map(|(_, group, version)| (group.clone(), *version)).collect();
        (self.snapshots == 1).then(told)
    }

    /// Applies one message; panics if a guarantee was violated.
    #[track_caller]
    pub(crate) fn take(&mut self, message: &Value) -> Folded {
        match self.try_take(message) {
            Ok(folded) => folded,
            Err(what) => panic!("{}, on connection {}: {what}", self.user_id, self.connection.number),
        }
    }

    /// Applies several messages.
    #[track_caller]
    pub(crate) fn take_all(&mut self, messages: &[Value]) {
        for message in messages {
            self.take(message);
        }
    }

    fn try_take(&mut self, message: &Value) -> Result<Folded, String> {
        let kind = message["type"].as_str().ok_or_else(|| format!("no type: {message}"))?;
        let due = |holds: bool, what: &str| if holds { Ok(()) } else { Err(format!("{what}: {message}")) };
        let stage = self.connection.stage;
        match kind {
            "welcome" => {
                due(stage == Stage::Nothing, "a second welcome")?;
                due(message["user_id"] == self.user_id.as_str(), "somebody else's welcome")?;
                self.connection.stage = Stage::Welcome;
                self.connection.resumed = message["resumed"].as_bool().ok_or("whether it is resumed")?;
                due(!self.connection.resumed || self.cursor.is_some(), "resumed from nothing")?;
                if !self.connection.resumed {
                    self.forget();
                    self.snapshots += 1;
                }
                Ok(Folded::Applied)
            }
            "snapshot" => {
                due(matches!(stage, Stage::Welcome | Stage::Pieces) && !self.connection.resumed, "no snapshot is due")?;
                let groups = message["groups"].as_array().ok_or("a snapshot without groups")?;
                due(groups.len() <= 500, "a piece of more than 500")?;
                for group in groups {
                    let id = group["group_id"].as_str().ok_or("a group without an id")?;
                    let version = group["version"].as_u64().ok_or("a group without a version")?;
                    due(self.groups.insert(id.to_owned(), group.clone()).is_none(), "a group twice in a snapshot")?;
                    self.connection.last.insert(id.to_owned(), version);
                }
                for field in ["invitations", "requests"] {
                    for pending in message[field].as_array().into_iter().flatten() {
                        due(message["more"] == false, "before the last piece")?;
                        let id = pending["group"]["group_id"].as_str().ok_or("no group")?;
                        let version = pending["version"].as_u64().ok_or("no version")?;
                        due(!self.groups.contains_key(id), "an invitation to a group of the list")?;
                        let known = self.pending.insert(id.to_owned(), pending.clone());
                        due(known.is_none(), "two invitations to a group")?;
                        self.connection.last.insert(id.to_owned(), version);
                    }
                }
                self.connection.stage = if message["more"] == true { Stage::Pieces } else { Stage::Complete };
                Ok(Folded::Applied)
            }
            "ready" => {
                let complete = if self.connection.resumed { Stage::Welcome } else { Stage::Complete };
                due(stage == complete, "ready at the wrong time")?;
                self.connection.stage = Stage::Ready;
                self.cursor = Some(message["cursor"].as_str().ok_or("ready without a cursor")?.to_owned());
                Ok(Folded::Ready)
            }
            "pong" | "error" | "typing" | "authenticated" | "token_expiring" => {
                due(stage != Stage::Nothing, "before welcome")?;
                Ok(Folded::Ephemeral)
            }
            _ => {
                let resuming = stage == Stage::Welcome && self.connection.resumed;
                due(resuming || stage == Stage::Ready, "an event at the wrong time")?;
                self.fold(kind, message)
            }
        }
    }

    fn fold(&mut self, kind: &str, event: &Value) -> Result<Folded, String> {
        check_event(event, &self.user_id)?;
        let id = event["group_id"].as_str().unwrap_or_default().to_owned();
        let version = event["version"].as_u64().unwrap_or_default();
        let enters = matches!(kind, "group_created" | "added_to_group");
        // Those who are not members hear only of the versions that concern them.
        let at_any_version =
            enters || matches!(kind, "invited_to_group" | "invitation_ended" | "join_requested" | "join_request_ended");
        self.received.push((self.connection.number, id.clone(), version));

        // On one connection each version arrives once and in order; only joining leaves a gap
        // before it.
        if let Some(last) = self.connection.last.insert(id.clone(), version) {
            let next = if at_any_version { version > last } else { version == last + 1 };
            if !next {
                return Err(format!("version {version} after {last} on one connection: {event}"));
            }
        }
        self.cursor = event["cursor"].as_str().map(str::to_owned);

        let known = self.version(&id);
        let pending = self.pending.get(&id).and_then(|pending| pending["version"].as_u64());
        let newest = known.or(pending).or_else(|| self.left.get(&id).copied()).unwrap_or(0);
        if version <= newest {
            // Only a resume may repeat events.
            return if self.connection.resumed {
                Ok(Folded::Repeated)
            } else {
                Err(format!("version {version} where {newest} is known, and nothing was resumed: {event}"))
            };
        }
        match known {
            Some(known) if version != known + 1 => return Err(format!("a gap after {known}: {event}")),
            Some(_) if at_any_version => return Err(format!("added to what one is in: {event}")),
            None if !at_any_version => return Err(format!("an event of a stranger's group: {event}")),
            _ => {}
        }
        let was = self.pending.get(&id);
        let invited = was.is_some_and(|pending| !pending["role"].is_null());
        // An invitation that has expired is replaced without an event of its end.
        let replaceable = was.is_none_or(|pending| pending["expires_at"].is_string());
        match kind {
            // A list does not have invitations that have expired, whose end may follow in any way but one.
            "invitation_ended" if !invited && event["reason"] == "declined" => {
                Err(format!("no invitation was known: {event}"))
            }
            "join_request_ended" if invited || was.is_none() => Err(format!("no request was known: {event}")),
            "invited_to_group" | "join_requested" if !replaceable => Err(format!("already known: {event}")),
            _ => self.apply(kind, id, version, event),
        }
    }

    fn apply(&mut self, kind: &str, id: String, version: u64, event: &Value) -> Result<Folded, String> {
        let mut group = event["group"].clone();
        match kind {
            "invited_to_group" | "join_requested" => {
                self.left.remove(&id);
                self.pending.insert(id, event.clone());
                return Ok(Folded::Applied);
            }
            "group_created" | "added_to_group" | "role_changed" => group["role"] = event["role"].clone(),
            "group_updated" => group["role"] = self.groups.get(&id).map_or(json!(null), |known| known["role"].clone()),
            _ => {
                self.groups.remove(&id);
                self.pending.remove(&id);
                self.left.insert(id, version);
                return Ok(Folded::Applied);
            }
        }
        if kind == "role_changed" && self.groups.get(&id).is_some_and(|known| known["role"] != event["previous_role"]) {
            return Err(format!("another role before: {event}"));
        }
        self.left.remove(&id);
        self.pending.remove(&id);
        self.groups.insert(id, group);
        Ok(Folded::Applied)
    }

    /// Whether there is an invitation that expires.
    pub(crate) fn waits_for_an_end(&self) -> bool {
        self.pending.values().any(|pending| pending["expires_at"].is_string())
    }

    /// Panics if the view differs from the server's lists of the user's invitations and requests.
    #[track_caller]
    pub(crate) fn assert_pending_is(&self, invitations: &[Value], requests: &[Value]) {
        // A user who was erased since is the nil UUID in the list.
        let is_erased = |pending: &Value| pending["invited_by"] == "00000000-0000-0000-0000-000000000000";
        let facts = |pending: &Value, with_inviter: bool| {
            let message = pending["message"].as_str().unwrap_or_default().to_owned();
            let invited_by = with_inviter.then(|| pending["invited_by"].clone());
            (pending["version"].clone(), pending["role"].clone(), invited_by, message)
        };
        let id = |pending: &Value| pending["group"]["group_id"].as_str().unwrap_or_default().to_owned();
        let listed: BTreeMap<_, _> = invitations.iter().chain(requests).map(|pending| (id(pending), pending)).collect();
        let seen: BTreeMap<_, _> = self
            .pending
            .iter()
            .map(|(id, pending)| {
                let with_inviter = listed.get(id).is_none_or(|listed| !is_erased(listed));
                (id.clone(), facts(pending, with_inviter))
            })
            .collect();
        let listed: BTreeMap<_, _> =
            listed.into_iter().map(|(id, pending)| (id, facts(pending, !is_erased(pending)))).collect();
        assert_eq!(seen, listed, "the invitations and requests of {}", self.user_id);
    }

    /// Panics if the view differs from the server's list.
    #[track_caller]
    pub(crate) fn assert_is(&self, listed: &[Value]) {
        let listed: BTreeMap<_, _> =
            listed.iter().map(|group| (group["group_id"].as_str().unwrap_or_default(), group)).collect();
        for (id, group) in &self.groups {
            assert_eq!(Some(&group), listed.get(id.as_str()), "{} sees a group that is not listed", self.user_id);
        }
        for (id, group) in &listed {
            assert!(self.groups.contains_key(*id), "{} does not see {group}", self.user_id);
        }
    }
}

/// Tests that the view detects violations.
mod tests {
    use serde_json::{Value, json};

    use super::{Folded, View};
    use crate::support::new_id;

    const AT: &str = "2026-01-01T00:00:00.000Z";

    /// A user's view after `ready` with one group, the group, and a function for its event with a
    /// version.
    fn ready(resumed: bool) -> (View, impl Fn(u64) -> Value) {
        let (user, group, owner) = (new_id(), new_id(), new_id());
        let body = move |version: u64| {
            json!({"group_id": group, "name": "Team", "description": "", "admin_id": owner, "member_count": 2,
                   "version": version, "created_at": AT, "updated_at": AT})
        };
        let mut listed = body(3);
        listed["role"] = json!("member");
        let mut view = View::of(&user);
        view.begin();
        view.take(&json!({"type": "welcome", "user_id": user, "resumed": false}));
        view.take(&json!({"type": "snapshot", "groups": [listed], "more": false, "cursor": "a"}));
        view.take(&json!({"type": "ready", "cursor": "a"}));
        if resumed {
            view.begin();
            view.take(&json!({"type": "welcome", "user_id": user, "resumed": true}));
            view.take(&json!({"type": "ready", "cursor": "a"}));
        }
        let event = move |version: u64| {
            let group = body(version);
            json!({"type": "group_updated", "action": "settings_changed", "group_id": group["group_id"], "version": version,
                   "cursor": "b", "at": AT, "actor_id": group["admin_id"], "group": group})
        };
        (view, event)
    }

    #[test]
    fn the_next_version_is_accepted_and_a_gap_is_not() {
        let (mut view, event) = ready(false);
        assert_eq!(view.try_take(&event(4)), Ok(Folded::Applied));
        assert!(view.try_take(&event(6)).is_err());
    }

    #[test]
    fn a_resume_can_repeat_an_event_once() {
        assert!(ready(false).0.try_take(&ready(false).1(4)).is_err(), "another group");
        let (mut view, event) = ready(false);
        assert!(view.try_take(&event(3)).is_err(), "nothing was resumed");
        let (mut view, event) = ready(true);
        assert_eq!(view.try_take(&event(3)), Ok(Folded::Repeated));
        assert!(view.try_take(&event(3)).is_err(), "twice on one connection");
    }

    #[test]
    fn malformed_and_misplaced_events_are_rejected() {
        for field in ["cursor", "at", "actor_id", "group", "action"] {
            let (mut view, event) = ready(false);
            let mut event = event(4);
            event.as_object_mut().unwrap().remove(field);
            assert!(view.try_take(&event).is_err(), "without {field}");
        }
        let (mut view, event) = ready(false);
        view.begin();
        assert!(view.try_take(&event(4)).is_err(), "before welcome");
        assert!(view.try_take(&json!({"type": "ready", "cursor": "c"})).is_err(), "before the list");
    }
}
