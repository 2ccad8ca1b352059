//! A reading circle that keeps its group in memory: the rules embedded into a program that has nothing else.
//!
//! `cargo run -p groups-domain --example embedded` prints the story that `tests/golden/embedded.txt` holds.

use std::fmt::Write;

use groups_domain::{
    Action, Change, Command, Decision, Event, EventKind, GroupId, GroupName, LeaveReason, Limits, NewMember, Request,
    Role, Roster, Sidebar, Timestamp, UserId, Uuid,
};

const ADA: UserId = UserId::new(Uuid::from_u128(0xada));
const BOB: UserId = UserId::new(Uuid::from_u128(0xb0b));
const CLEO: UserId = UserId::new(Uuid::from_u128(0xc1e));
const DAN: UserId = UserId::new(Uuid::from_u128(0xda4));

/// A stranger.
const ZOE: UserId = UserId::new(Uuid::from_u128(0x20e));

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    print!("{}", story()?);
    Ok(())
}

/// What happens, as text.
pub(crate) fn story() -> Result<String, Error> {
    // Ids and times are the program's own affair; these are made up.
    let limits = Limits { members_max: 4, ..Limits::default() };
    let mut circle = Circle::new(GroupId::new(Uuid::from_u128(0xb00c)), limits);
    circle.says(ADA, "makes the group", Command::create("Reading Circle", "One book a month.")?)?;
    circle.says(ADA, "adds Bob as an admin", Command::AddMember(NewMember { user_id: BOB, role: Role::Admin }))?;
    circle.says(BOB, "adds Cleo and Dan", Command::AddMembers(vec![NewMember::plain(CLEO), NewMember::plain(DAN)]))?;

    // Refusals: a code for the program, a sentence for people, and the rule.
    circle.says(CLEO, "adds Zoe", Command::AddMember(NewMember::plain(ZOE)))?;
    circle.says(BOB, "adds Zoe", Command::AddMember(NewMember::plain(ZOE)))?;
    circle.says(BOB, "removes Ada", Command::RemoveMember { user_id: ADA })?;
    circle.says(ADA, "leaves", Command::Leave { successor: None })?;
    circle.says(ZOE, "looks for a way in", Command::ChangeRole { user_id: ZOE, role: Role::Admin })?;

    // What is as asked for already is neither a change nor a failure.
    circle.says(BOB, "calls the group as it is called", rename("Reading Circle")?)?;
    circle.says(BOB, "calls the group \"Book Club\"", rename("Book Club")?)?;

    circle.says(ADA, "makes Cleo an admin", Command::ChangeRole { user_id: CLEO, role: Role::Admin })?;
    circle.says(BOB, "removes Dan", Command::RemoveMember { user_id: DAN })?;
    // What the roster cannot know by itself: Zoe is in as many other groups as one person may be.
    circle.roster.people_mut().group_counts.extend(limits.groups_per_user_max.map(|groups_max| (ZOE, groups_max)));
    circle.says(BOB, "adds Zoe", Command::AddMember(NewMember::plain(ZOE)))?;
    circle.roster.people_mut().group_counts.remove(&ZOE);
    circle.says(ADA, "leaves the group to Cleo", Command::Leave { successor: Some(CLEO) })?;

    // The changes are all that has to be kept: replayed, they are the group.
    let replayed = Roster::replay(circle.roster.group_id(), circle.limits, &circle.history);
    assert_eq!(replayed, circle.roster);
    writeln!(circle.out, "\nReplayed from its {} changes, the group is the same:", circle.history.len())?;
    let group = replayed.group().ok_or("the group is there")?;
    writeln!(circle.out, "  {} at version {}, {} members", group.name, group.version, group.member_count)?;
    for member in replayed.members() {
        let (who, role, since) = (name_of(member.user_id), member.role, member.joined_version);
        writeln!(circle.out, "  {who}, {role} (came in with version {since})")?;
    }

    // And what each person was told is all that their screen needs.
    writeln!(circle.out, "\nFolded from what they were told, each person's list:")?;
    for (user_id, sidebar) in &circle.sidebars {
        let rows: Vec<String> = sidebar
            .rows()
            .map(|row| format!("{} ({}), {}", row.group.name, row.group.member_count, row.role))
            .collect();
        writeln!(
            circle.out,
            "  {}: {}",
            name_of(*user_id),
            if rows.is_empty() { "empty".to_owned() } else { rows.join("; ") }
        )?;
    }
    Ok(circle.out)
}

fn rename(to: &str) -> Result<Command, Error> {
    Ok(Command::UpdateSettings { name: Some(GroupName::parse(to)?), description: None, join_policy: None })
}

/// The group, its history, everybody's screen, and the story so far.
struct Circle {
    roster: Roster,
    limits: Limits,
    history: Vec<Change>,
    sidebars: [(UserId, Sidebar); 5],
    minute: i64,
    out: String,
}

impl Circle {
    fn new(group_id: GroupId, limits: Limits) -> Self {
        let sidebars = [ADA, BOB, CLEO, DAN, ZOE].map(|user_id| (user_id, Sidebar::default()));
        Self {
            roster: Roster::new(group_id, limits),
            limits,
            history: Vec::new(),
            sidebars,
            minute: 0,
            out: String::new(),
        }
    }

    /// Somebody asks for something.
    fn says(&mut self, actor_id: UserId, what: &str, command: Command) -> Result<(), Error> {
        self.minute += 1;
        let at = Timestamp::from_unix_millis(1_767_603_600_000 + self.minute * 60_000);
        let request =
            Request { group_id: self.roster.group_id(), actor: actor_id.into(), at, expected_version: None, command };
        write!(self.out, "{} {what}: ", name_of(actor_id))?;
        match self.roster.decide(&request) {
            Err(refused) => writeln!(self.out, "{} ({}): {refused}", refused.code(), refused.rule().id())?,
            Ok(Decision::Unchanged) => writeln!(self.out, "nothing to do")?,
            Ok(Decision::Change(change)) => {
                writeln!(self.out, "version {}", change.version())?;
                // Keep the change first, then tell of it: a message may get lost, a change may not.
                let told = self.roster.told(&change);
                self.roster.apply(&change);
                self.history.push(change);
                for told in told {
                    writeln!(self.out, "    {} reads: {}", name_of(told.user_id), in_words(&told.event))?;
                    for (_, sidebar) in self.sidebars.iter_mut().filter(|(user_id, _)| *user_id == told.user_id) {
                        sidebar.fold(&told.event);
                    }
                }
            }
        }
        Ok(())
    }
}

fn name_of(user_id: UserId) -> &'static str {
    match user_id {
        ADA => "Ada",
        BOB => "Bob",
        CLEO => "Cleo",
        DAN => "Dan",
        _ => "Zoe",
    }
}

/// An event as a screen may put it.
fn in_words(event: &Event) -> String {
    let actor = name_of(event.actor_id());
    match &event.kind {
        EventKind::GroupCreated { group } => format!("you made {}", group.name),
        EventKind::AddedToGroup { group, role, .. } => format!("{actor} added you to {} as {role}", group.name),
        EventKind::RoleChanged { group, role, .. } => format!("{actor} made you {role} of {}", group.name),
        EventKind::RemovedFromGroup { group_name, reason: LeaveReason::Left } => format!("you left {group_name}"),
        EventKind::RemovedFromGroup { group_name, reason: LeaveReason::Removed } => {
            format!("{actor} removed you from {group_name}")
        }
        EventKind::RemovedFromGroup { group_name, reason: LeaveReason::Banned } => {
            format!("{actor} banned you from {group_name}")
        }
        EventKind::InvitedToGroup { group, role, .. } => format!("{actor} invited you to {} as {role}", group.name),
        EventKind::InvitationEnded { group_name, .. } => format!("you are not invited to {group_name} any longer"),
        EventKind::JoinRequested { group, .. } => format!("you asked to join {}", group.name),
        EventKind::JoinRequestEnded { group_name, .. } => format!("you will not join {group_name}"),
        EventKind::GroupDeleted { group_name } => format!("{actor} deleted {group_name}"),
        EventKind::GroupUpdated { group, action } => {
            let what = match action {
                Action::MemberAdded { user_id, .. } => format!("{actor} added {}", name_of(*user_id)),
                Action::MembersAdded { user_ids } => format!("{actor} added {} people", user_ids.len()),
                Action::MemberRemoved { user_id } => format!("{actor} removed {}", name_of(*user_id)),
                Action::MemberLeft { user_id, .. } => format!("{} left", name_of(*user_id)),
                Action::RoleChanged { user_id, role } => format!("{} is {role} now", name_of(*user_id)),
                Action::OwnerChanged { user_id } => format!("{} is the owner now", name_of(*user_id)),
                Action::SettingsChanged => format!("{actor} changed the settings"),
                Action::Invited { user_id, .. } => format!("{actor} invited {}", name_of(*user_id)),
                Action::JoinRequested { user_id, .. } => format!("{} asked to join", name_of(*user_id)),
                Action::Banned { user_id, .. } => format!("{actor} banned {}", name_of(*user_id)),
                Action::AccessChanged
                | Action::InvitationEnded { .. }
                | Action::JoinRequestEnded { .. }
                | Action::Unbanned { .. }
                | Action::LinkCreated { .. }
                | Action::LinksRevoked { .. } => "the ways into the group changed".to_owned(),
            };
            format!("{} ({}): {what}", group.name, group.member_count)
        }
    }
}
