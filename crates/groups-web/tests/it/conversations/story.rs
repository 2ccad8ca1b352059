//! A server with some groups, and one client of it: what is said, and what the client makes of it.

use std::collections::BTreeMap;

use groups_domain::{
    Change, Command, Decision, Description, Event, Folded, Group, GroupId, GroupName, JoinPolicy, Limits, NewMember,
    Note, Pending, PendingKind, Preview, Request, Role, Roster, Sidebar, SidebarRow, Standing, Timestamp, UserId, Uuid,
};
use groups_protocol::{EventBody, GroupBody, ServerMessage, pending_bodies};
use serde_json::{Value, json};

pub(super) const ADA: UserId = user(0xada);
/// Whose client it is.
pub(super) const BOB: UserId = user(0xb0b);
pub(super) const EVE: UserId = user(0xe7e);

pub(super) const fn user(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(0x4000_8000_0000_0000_0000 + number))
}

pub(super) const fn group(number: u128) -> GroupId {
    GroupId::new(Uuid::from_u128((0x0190_0000_0000_7000_8000 << 48) + number))
}

#[derive(Default)]
pub(super) struct Story {
    rosters: BTreeMap<GroupId, Roster>,
    /// Every change, and whether it was told to Bob. Change `i` is at position `i + 1`.
    log: Vec<(Change, Option<Event>)>,
    sidebar: Sidebar,
    /// The position that the client resumes from.
    cursor: Option<usize>,
    /// How much of the log was sent on this connection, or lost on the way.
    sent: usize,
    connected: bool,
    /// Something was lost since the list was read, of which the client may know nothing yet.
    lost: bool,
    lines: Vec<Value>,
}

impl Story {
    pub(super) fn lines(&self) -> &[Value] {
        &self.lines
    }

    /// Somebody asks for something; whether that changed anything.
    pub(super) fn tries(&mut self, group_id: GroupId, actor_id: UserId, command: Command) -> bool {
        let roster = self.rosters.entry(group_id).or_insert_with(|| Roster::new(group_id, Limits::default()));
        let at = Timestamp::from_unix_millis(1_767_225_600_000 + 1_000 * self.log.len() as i64);
        let request = Request { group_id, actor: actor_id.into(), at, expected_version: None, command };
        let Ok(Decision::Change(change)) = roster.decide(&request) else { return false };
        let told = roster.told(&change).into_iter().find(|told| told.user_id == BOB).map(|told| told.event);
        roster.apply(&change);
        self.log.push((change, told));
        true
    }

    /// Somebody does something that is allowed.
    pub(super) fn does(&mut self, group_id: GroupId, actor_id: UserId, command: Command) {
        assert!(self.tries(group_id, actor_id, command), "it changes something");
    }

    pub(super) fn creates(&mut self, group_id: GroupId, owner: UserId, name: &str, members: &[UserId]) {
        let (name, description) = (GroupName::parse(name).unwrap(), Description::parse("").unwrap());
        let members = members.iter().copied().map(NewMember::plain).collect();
        self.does(group_id, owner, Command::CreateGroup { name, description, members, owner_id: None });
    }

    pub(super) fn adds(&mut self, group_id: GroupId, actor: UserId, user_id: UserId) {
        self.does(group_id, actor, Command::AddMember(NewMember::plain(user_id)));
    }

    pub(super) fn renames(&mut self, group_id: GroupId, actor: UserId, name: &str) {
        let name = Some(GroupName::parse(name).unwrap());
        self.does(group_id, actor, Command::UpdateSettings { name, description: None, join_policy: None });
    }

    pub(super) fn removes(&mut self, group_id: GroupId, actor: UserId, user_id: UserId) {
        self.does(group_id, actor, Command::RemoveMember { user_id });
    }

    pub(super) fn makes(&mut self, group_id: GroupId, actor: UserId, user_id: UserId, role: Role) {
        self.does(group_id, actor, Command::ChangeRole { user_id, role });
    }

    pub(super) fn invites(&mut self, group_id: GroupId, actor: UserId, user_id: UserId) {
        self.does(group_id, actor, Command::Invite { user_id, role: Role::Member, expires_in_seconds: None });
    }

    pub(super) fn asks(&mut self, group_id: GroupId, user_id: UserId, message: &str) {
        self.does(group_id, user_id, Command::Join { message: Note::parse(message).unwrap() });
    }

    pub(super) fn bans(&mut self, group_id: GroupId, actor: UserId, user_id: UserId) {
        self.does(group_id, actor, Command::Ban { user_id, reason: Note::default() });
    }

    pub(super) fn lets_in(&mut self, group_id: GroupId, actor: UserId, join_policy: JoinPolicy) {
        let join_policy = Some(join_policy);
        self.does(group_id, actor, Command::UpdateSettings { name: None, description: None, join_policy });
    }

    /// The client comes: with its cursor where it has one. The list goes out in pieces of `piece` groups; a resume begins `repeats`
    /// positions before the cursor.
    pub(super) fn connects(&mut self, piece: usize, repeats: usize) {
        self.opens();
        match self.cursor {
            None => self.sends_list(piece),
            Some(cursor) => self.sends_missed(cursor.saturating_sub(repeats), usize::MAX),
        }
        self.is_ready();
    }

    /// A resume that is cut off after `events` of the events before `ready`.
    pub(super) fn connects_and_is_cut(&mut self, repeats: usize, events: usize) {
        self.opens();
        let cursor = self.cursor.unwrap();
        self.sends_missed(cursor.saturating_sub(repeats), events);
        self.cut();
    }

    /// The first piece of the list, and no more of it.
    pub(super) fn connects_and_is_cut_in_the_list(&mut self, piece: usize) {
        self.opens();
        let (list, cursor) = (self.list(), format!("c{}", self.log.len()));
        let groups = list[..piece].iter().map(|(group, role)| GroupBody::new(group, Some(*role))).collect();
        let cursor = cursor.as_str().into();
        self.says(&ServerMessage::Snapshot { groups, invitations: None, requests: None, more: true, cursor });
        self.cut();
    }

    /// What has happened since goes out.
    pub(super) fn hears(&mut self) {
        self.sends_missed(self.sent, usize::MAX);
    }

    /// What has happened since is lost, as it must never be.
    pub(super) fn misses(&mut self) {
        self.lost |= self.log[self.sent..].iter().any(|(_, told)| told.is_some());
        self.sent = self.log.len();
    }

    /// Something without a version is said, or something of a later version of the contract.
    pub(super) fn also_receives(&mut self, frame: Value) {
        self.lines.push(json!({"frame": frame}));
    }

    pub(super) fn cut(&mut self) {
        self.connected = false;
        self.lines.push(json!({"cut": 1006}));
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected
    }

    /// The client shows what the server would answer, unless something was lost.
    pub(super) fn agrees(&mut self) {
        let truth = self.reads();
        let agrees = self.sidebar.rows().eq(truth.rows()) && self.sidebar.pending().eq(truth.pending());
        assert!(self.lost || agrees, "{:#?}\n{truth:#?}", self.sidebar);
        self.shows();
    }

    /// The client shows what it has folded so far.
    pub(super) fn shows(&mut self) {
        let rows: Vec<_> = self.sidebar.rows().collect();
        let list: Vec<_> = rows.iter().rev().map(|row| GroupBody::new(&row.group, Some(row.role))).collect();
        let pending: Vec<_> = self.sidebar.pending().cloned().collect::<Vec<_>>().into_iter().rev().collect();
        let (invitations, requests) = pending_bodies(&pending);
        let mut line = json!({"list": list});
        if !pending.is_empty() {
            line["invitations"] = json!(invitations);
            line["requests"] = json!(requests);
        }
        self.lines.push(line);
    }

    /// Bob's groups as the server knows them, newest first.
    fn list(&self) -> Vec<(Group, Role)> {
        let row = |roster: &Roster| Some((roster.group()?.clone(), roster.role_of(BOB)?));
        self.rosters.values().rev().filter_map(row).collect()
    }

    /// Bob's invitations and requests to join as the server knows them, newest group first.
    fn pending(&self) -> Vec<Pending> {
        let pending = |roster: &Roster| {
            let (at, kind) = match roster.standing_of(BOB)? {
                Standing::Invited(invitation) => {
                    let (role, invited_by, expires_at) =
                        (invitation.role, invitation.invited_by, invitation.expires_at);
                    (invitation.at, PendingKind::Invitation { role, invited_by, expires_at })
                }
                Standing::Requested(request) => {
                    (request.at, PendingKind::JoinRequest { message: request.message.clone() })
                }
                Standing::Banned(_) => return None,
            };
            let made = |(change, _): &&(Change, _)| {
                change.group.group_id == roster.group_id() && change.group.updated_at == at
            };
            let (change, _) = self.log.iter().find(made)?;
            Some(Pending { group: Preview::from(&change.group), version: change.group.version, at, kind })
        };
        self.rosters.values().rev().filter_map(pending).collect()
    }

    /// What the server answers to a client that comes without a cursor.
    fn reads(&self) -> Sidebar {
        Sidebar::with_pending(self.list().into_iter().map(|(group, role)| SidebarRow { group, role }), self.pending())
    }

    fn opens(&mut self) {
        assert!(!self.connected);
        self.connected = true;
        let resumed = self.cursor.is_some();
        self.lines.push(json!({"connect": {"cursor": self.cursor.map(|cursor| format!("c{cursor}"))}}));
        let connection_id = Uuid::from_u128(0xc0);
        self.says(&ServerMessage::Welcome { user_id: BOB, connection_id, resumed, heartbeat_seconds: 25 });
    }

    fn is_ready(&mut self) {
        if self.connected {
            let position = self.log.len();
            self.says(&ServerMessage::Ready { cursor: format!("c{position}").into() });
            self.cursor = Some(position);
        }
    }

    fn says(&mut self, message: &ServerMessage<'_>) {
        self.lines.push(json!({"frame": message}));
    }

    fn sends_list(&mut self, piece: usize) {
        let (list, pending, position) = (self.list(), self.pending(), self.log.len());
        let cursor = format!("c{position}");
        let mut rest = &list[..];
        loop {
            let (head, tail) = rest.split_at(piece.min(rest.len()));
            let groups = head.iter().map(|(group, role)| GroupBody::new(group, Some(*role))).collect();
            let more = !tail.is_empty();
            let (invitations, requests) = (!more).then(|| pending_bodies(&pending)).unzip();
            let cursor = cursor.as_str().into();
            self.says(&ServerMessage::Snapshot { groups, invitations, requests, more, cursor });
            rest = tail;
            if rest.is_empty() {
                break;
            }
        }
        self.sidebar = self.reads();
        (self.cursor, self.sent, self.lost) = (Some(position), position, false);
    }

    /// The events from a position on, at most so many; none after a gap, with which the client hangs up.
    fn sends_missed(&mut self, from: usize, events_max: usize) {
        let missed = self.log.iter().enumerate().skip(from);
        let told: Vec<(usize, Event)> =
            missed.filter_map(|(index, (_, told))| Some((index, told.clone()?))).take(events_max).collect();
        for (index, event) in told {
            let folded = self.sidebar.fold(&event);
            let name = match folded {
                Folded::Applied => "applied",
                Folded::Stale => "stale",
                Folded::Gap => "gap",
            };
            let frame = json!(EventBody::new(&event, &format!("c{}", index + 1)));
            self.lines.push(json!({"frame": frame, "folded": name}));
            self.cursor = Some(index + 1);
            if folded == Folded::Gap {
                self.cursor = None;
                self.connected = false;
                return;
            }
        }
        self.sent = self.log.len();
    }
}
