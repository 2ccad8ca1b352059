//! The tables of `docs/ways-in.md`: every command × what the actor is to the group × what the target is × the join policy.

use std::fmt::Write;

use groups_domain::JoinPolicy::{Closed, Open, Request};
use groups_domain::Role::{Admin, Member, Owner};
use groups_domain::{Actor, Audience, Change, Command, Decision, JoinPolicy, Note, UserId};

use super::cast::{
    ASKING, BEA, IDA, LINK, RAY, accept, approve, approve_as, ask, asking_link, ban, decline, expire, invite, join,
    link, revoke, set, take_back, turn_down, unban, use_link, visited, withdraw,
};
use crate::cast::{ADA, BOB, By, CLEO, DAN, EVE, FAY, GUS, Given, OPS, add, by, by_operator, delete, with_names};
use crate::documents::{effect, event, or_dash};
use crate::golden;

#[test]
fn the_generated_tables_of_the_ways_in_are_up_to_date() {
    let sections = [("permissions", permissions()), ("entering", entering()), ("changes", changes())];
    golden::compare_sections("ways-in.md", &sections);
}

/// What the actors of the admin's commands are. An outsider, an invited user, one who has asked and a banned one all see no
/// group.
const ACTORS: [(&str, Actor); 8] = [
    ("owner", Actor::Member(ADA)),
    ("admin", Actor::Member(BOB)),
    ("member", Actor::Member(DAN)),
    ("outsider", Actor::Member(FAY)),
    ("invited", Actor::Member(IDA)),
    ("has asked", Actor::Member(RAY)),
    ("banned", Actor::Member(BEA)),
    ("operator", Actor::Operator(OPS)),
];

const TARGETS: [(&str, UserId); 7] = [
    ("the owner", ADA),
    ("an admin", CLEO),
    ("a member", EVE),
    ("an outsider", GUS),
    ("somebody invited", IDA),
    ("somebody who has asked", RAY),
    ("somebody banned", BEA),
];

fn permissions() -> String {
    let on_people: [OnPeople; 12] = [
        ("Inviting as `member`", |user_id| invite(user_id, Member)),
        ("Inviting as `admin`", |user_id| invite(user_id, Admin)),
        ("Inviting as `owner`", |user_id| invite(user_id, Owner)),
        ("Withdrawing the invitation of", withdraw),
        ("Removing the invitation, if it has expired, of", expire),
        ("Approving the request of", approve),
        ("Approving as `admin` the request of", |user_id| approve_as(user_id, Admin)),
        ("Declining the request of", turn_down),
        ("Banning", ban),
        ("Lifting the ban of", unban),
        ("Adding as `member`", |user_id| add(user_id, Member)),
        ("Adding on a list", |user_id| crate::cast::add_all([(user_id, Member)])),
    ];
    let mut text = String::new();
    let given = visited(Request);
    for (title, command) in on_people {
        head(&mut text, title, &TARGETS.map(|(label, _)| label));
        for (who, actor) in ACTORS {
            let cells = TARGETS.map(|(_, target)| match target == actor.user_id() {
                true if target == ADA => "–".to_owned(),
                _ => cell(&given, actor, command(target)),
            });
            row(&mut text, who, &cells);
        }
    }
    let links = [
        "as `member`",
        "as `admin`",
        "as `owner`",
        "that asks",
        "revoking one",
        "revoking another group's",
        "revoking all",
    ];
    head(&mut text, "Creating a link", &links);
    for (who, actor) in ACTORS {
        let new = super::cast::HOURLY;
        let commands = [
            link(new, Member),
            link(new, Admin),
            link(new, Owner),
            asking_link(new, Member),
            revoke(LINK),
            revoke(new),
            Command::RevokeLinks,
        ];
        row(&mut text, who, &commands.map(|command| cell(&given, actor, command)));
    }
    head(&mut text, "Setting the join policy", &["the same", "another one"]);
    for (who, actor) in ACTORS {
        row(&mut text, who, &[Request, Open].map(|policy| cell(&given, actor, set(policy))));
    }
    text + "\n"
}

/// The title of a table, and its command by the target.
type OnPeople = (&'static str, fn(UserId) -> Command);

/// What people do for themselves, by the join policy of the group.
fn entering() -> String {
    let mut text = String::new();
    for policy in [Closed, Request, Open] {
        let given = visited(policy);
        let columns =
            ["joining", "taking back a request", "accepting", "declining", "using a link", "using a link that asks"];
        head(&mut text, &format!("If the join policy is `{policy}`"), &columns);
        for (who, actor) in ACTORS {
            let commands = [join(), take_back(), accept(), decline(), use_link(LINK), use_link(ASKING)];
            row(&mut text, who, &commands.map(|command| cell(&given, actor, command)));
        }
    }
    text + "\n"
}

fn head(text: &mut String, title: &str, columns: &[&str]) {
    let rule = "---|".repeat(columns.len() + 1);
    writeln!(text, "\n**{title}**\n\n| who | {} |\n|{rule}", columns.join(" | ")).unwrap();
}

fn row(text: &mut String, who: &str, cells: &[String]) {
    writeln!(text, "| {who} | {} |", cells.join(" | ")).unwrap();
}

fn cell(given: &Given, actor: Actor, command: Command) -> String {
    match given.decide(by(actor, command)) {
        Ok(Decision::Change(change)) => match becomes(&change) {
            Some(what) => format!("**{what}**"),
            None => "**changed**".to_owned(),
        },
        Ok(Decision::Unchanged) => "unchanged".to_owned(),
        Err(rejection) => format!("`{}` {}", rejection.code(), rejection.rule().id()),
    }
}

/// What a change that makes a member makes of somebody.
fn becomes(change: &Change) -> Option<String> {
    use groups_domain::ChangeKind;
    match &change.kind {
        ChangeKind::Joined { role, via, .. } => Some(format!("joins as `{role}` via `{via}`")),
        ChangeKind::JoinRequested { .. } => Some("has asked".to_owned()),
        _ => None,
    }
}

/// In the order of the document.
fn changes() -> String {
    let (closed, request, open) = (visited(Closed), visited(Request), visited(Open));
    let rows: [(&str, &Given, By); 20] = [
        ("Bob invites Fay", &closed, by(BOB, invite(FAY, Member))),
        ("Ida accepts", &closed, by(IDA, accept())),
        ("Ida declines", &closed, by(IDA, decline())),
        ("Bob withdraws Ida's invitation", &closed, by(BOB, withdraw(IDA))),
        ("Bob adds Ida", &closed, by(BOB, add(IDA, Member))),
        ("Bob bans Ida", &closed, by(BOB, ban(IDA))),
        ("Fay asks to join", &request, by(FAY, ask("It is me"))),
        ("Bob approves Ray's request", &request, by(BOB, approve(RAY))),
        ("Bob invites Ray", &request, by(BOB, invite(RAY, Member))),
        ("Bob declines Ray's request", &request, by(BOB, turn_down(RAY))),
        ("Ray takes it back", &request, by(RAY, take_back())),
        ("Fay joins the open group", &open, by(FAY, join())),
        ("Fay uses a link", &closed, by(FAY, use_link(LINK))),
        ("Fay uses a link that asks", &closed, by(FAY, use_link(ASKING))),
        ("Bob bans Dan, a member", &closed, by(BOB, ban(DAN))),
        ("Bob bans Fay, an outsider", &closed, by(BOB, ban(FAY))),
        ("Bob lifts Bea's ban", &closed, by(BOB, unban(BEA))),
        ("Ada creates a link", &closed, by(ADA, link(super::cast::HOURLY, Member))),
        ("An operator revokes all links", &closed, by_operator(Command::RevokeLinks)),
        ("Ada deletes the group", &closed, by(ADA, delete())),
    ];
    let columns =
        "| change | what changes | the person | the actor | other admins | other members |\n|---|---|---|---|---|---|";
    let mut text = format!("\n{columns}\n");
    for (what, given, by) in rows {
        let Ok(Decision::Change(change)) = given.decide(by.clone()) else { panic!("{what} changes something") };
        let cells = told(given, &change);
        writeln!(text, "| {what} | {} |", cells.join(" | ")).unwrap();
    }
    text + "\n"
}

/// What changes, and the events of the person whom it is about, of the actor, of other admins, and of other members.
fn told(given: &Given, change: &Change) -> [String; 5] {
    let named = |text: String| {
        [("Ida", IDA), ("Ray", RAY), ("Bea", BEA)]
            .into_iter()
            .fold(with_names(text), |text, (name, user_id)| text.replace(&format!("{user_id:?}"), name))
    };
    let mut columns: [Vec<String>; 4] = Default::default();
    for told in given.roster.told(change) {
        let text = event(&told.event.kind);
        let (column, text) = match given.roster.audience_of(told.user_id) {
            _ if told.user_id == change.actor_id() => (1, text),
            Some(Audience::Managers) => (2, text),
            Some(Audience::Members) if change.subjects().iter().all(|(user_id, _)| *user_id != told.user_id) => {
                (3, text)
            }
            _ => (0, format!("{:?}: {text}", told.user_id)),
        };
        let text = named(text);
        if !columns[column].contains(&text) {
            columns[column].push(text);
        }
    }
    let effects: Vec<String> = change.effects().iter().map(|one| named(effect(one))).collect();
    let [person, actor, admins, members] = columns.map(|column| or_dash(&column));
    [or_dash(&effects), person, actor, admins, members]
}

#[test]
fn everybody_in_the_tables_is_what_the_tables_say() {
    let roster = visited(Request).roster;
    let audiences = ACTORS.map(|(_, actor)| roster.audience_of(actor.user_id()));
    let (managers, members) = (Some(Audience::Managers), Some(Audience::Members));
    let (invited, requested) = (Some(Audience::Invited), Some(Audience::Requested));
    assert_eq!(audiences, [managers, managers, members, None, invited, requested, None, None]);
    assert!(roster.standing_of(BEA).is_some() && roster.standing_of(FAY).is_none());
    assert_eq!(Note::default().as_str(), "");
    let policies = JoinPolicy::ALL.map(|policy| visited(policy).roster.group().map(|group| group.join_policy));
    assert_eq!(policies, JoinPolicy::ALL.map(Some));
}
