//! The permissions as one readable table: every command × the role of the actor × the role of the target.

use std::collections::BTreeSet;
use std::fmt::Write;

use groups_domain::Role::{self, Admin, Member, Owner};
use groups_domain::{Actor, AddPolicy, Command, Decision, Rejection, Rule, UserId, Uuid, check_history_access};

use crate::cast::{
    ADA, BOB, CLEO, DAN, EVE, FAY, GUS, Given, OPS, add, add_all, alone, by, create, create_for, delete, describe,
    give, leave, leave_to, nothing, remove, rename, team,
};
use crate::golden;

#[test]
fn the_permissions_are_those_of_the_golden_table() {
    golden::compare("permissions.md", &table().0);
}

/// The actors by role. The operator is not a member.
const ACTORS: [(&str, Actor); 5] = [
    ("owner", Actor::Member(ADA)),
    ("admin", Actor::Member(BOB)),
    ("member", Actor::Member(DAN)),
    ("outsider", Actor::Member(FAY)),
    ("operator", Actor::Operator(OPS)),
];

/// The targets by role. A target is never the actor, except in the column for the actor themselves.
const OTHERS: [(&str, UserId); 4] = [("the owner", ADA), ("an admin", CLEO), ("a member", EVE), ("an outsider", GUS)];

/// Another outsider.
const ZOE: UserId = UserId::new(Uuid::from_u128(0x20e));

/// The table, and the rules that reject something in it.
pub(crate) fn table() -> (String, BTreeSet<Rule>) {
    let mut table = Table::default();
    table.creating();
    table.plain(
        "Changing the settings",
        &[
            ("another name", rename("Launch")),
            ("the same name", rename("Project Team")),
            ("another description", describe("")),
            ("the same description", describe("Everything about the launch.")),
        ],
    );
    for role in [Member, Admin, Owner] {
        table.on_people(&format!("Adding one user as `{role}`"), |user_id| add(user_id, role));
    }
    for role in [Member, Admin, Owner] {
        table.on_people(&format!("Adding several users as `{role}`, including"), |user_id| {
            // The list also contains an existing member, who is skipped and has no effect on the result.
            add_all([(EVE, Member), (user_id, role)])
        });
    }
    table.in_too_many_groups();
    table.without_consent();
    table.on_people("Removing", remove);
    table.leaving();
    for role in [Member, Admin] {
        table.on_people(&format!("Assigning the role `{role}` to"), |user_id| give(user_id, role));
    }
    table.on_people("Transferring the ownership (assigning the role `owner`) to", |user_id| give(user_id, Owner));
    table.plain("Deleting the group", &[("the group", delete())]);
    table.reading();
    (table.text, table.rules)
}

/// The rejections of actors who may not read the history.
pub(crate) fn history_refusals() -> Vec<Rejection> {
    let roster = team().roster;
    let read = |(_, actor): (_, Actor)| check_history_access(actor, roster.role_of(actor.user_id())).err();
    ACTORS.into_iter().filter_map(read).collect()
}

#[derive(Default)]
struct Table {
    text: String,
    rules: BTreeSet<Rule>,
}

impl Table {
    fn creating(&mut self) {
        let columns = [
            "with nobody else",
            "a `member`",
            "an `admin`",
            "an `owner`",
            "themselves as `member`",
            "themselves as `owner`",
            "nobody else, for another owner",
        ];
        self.head("Creating a group, initially with", &columns);
        let commands = |actor: UserId| {
            [
                create([]),
                create([(GUS, Member)]),
                create([(GUS, Admin)]),
                create([(GUS, Owner)]),
                create([(actor, Member)]),
                create([(actor, Owner)]),
                create_for(GUS, []),
            ]
        };
        self.row("anybody", &nothing(), FAY.into(), commands(FAY).map(Some));
        self.row("operator", &nothing(), Actor::Operator(OPS), commands(OPS).map(Some));
        for (role, actor) in ACTORS {
            self.row(&format!("{role} of one with that id"), &team(), actor, commands(actor.user_id()).map(Some));
        }
    }

    fn reading(&mut self) {
        self.head("Reading", &["the history"]);
        let roster = team().roster;
        for (role, actor) in ACTORS {
            let cell = match check_history_access(actor, roster.role_of(actor.user_id())) {
                Ok(()) => "allowed".to_owned(),
                Err(rejection) => self.refusal(&rejection),
            };
            writeln!(self.text, "| {role} | {cell} |").unwrap();
        }
    }

    fn in_too_many_groups(&mut self) {
        let given = |_| team().in_all_groups_allowed(GUS);
        self.one_by_one_and_on_lists("Adding an outsider who has reached the group limit per user", given);
    }

    fn without_consent(&mut self) {
        let given = |actor| team().blocking(GUS, actor);
        self.one_by_one_and_on_lists("Adding an outsider who has blocked the actor", given);
        let given = |actor| team().acquainted(actor, ZOE).under(AddPolicy::SharedGroup);
        self.one_by_one_and_on_lists("If a shared group is required: adding an outsider without one", given);
        let given = |actor| team().acquainted(actor, GUS).acquainted(actor, ZOE).under(AddPolicy::SharedGroup);
        self.one_by_one_and_on_lists("If a shared group is required: adding an outsider with one", given);
        let given = |_| team().under(AddPolicy::Invitation);
        self.one_by_one_and_on_lists("If people join by invitation only: adding an outsider", given);
    }

    fn one_by_one_and_on_lists(&mut self, title: &str, given: impl Fn(UserId) -> Given) {
        self.head(title, &["alone", "alone, on a list", "with another user, on a list"]);
        for (role, actor) in ACTORS {
            let (alone, list) = (add(GUS, Member), add_all([(GUS, Member)]));
            let both = add_all([(GUS, Member), (ZOE, Member)]);
            self.row(role, &given(actor.user_id()), actor, [alone, list, both].map(Some));
        }
    }

    fn leaving(&mut self) {
        let others = OTHERS.map(|(label, _)| label);
        let columns: Vec<&str> = std::iter::once("none").chain(others).chain(["themselves"]).collect();
        self.head("Leaving, with this successor", &columns);
        let commands = |actor: UserId| {
            let others = OTHERS.map(|(_, user_id)| (user_id != actor).then(|| leave_to(user_id)));
            std::iter::once(Some(leave())).chain(others).chain([Some(leave_to(actor))])
        };
        for (role, actor) in ACTORS {
            self.row(role, &team(), actor, commands(actor.user_id()));
        }
        let nobody_there = [Some(leave()), None, None, None, Some(leave_to(GUS)), Some(leave_to(ADA))];
        self.row("owner, alone", &alone(), ADA.into(), nobody_there);
    }

    fn on_people(&mut self, title: &str, command: impl Fn(UserId) -> Command) {
        let columns: Vec<&str> = OTHERS.iter().map(|(label, _)| *label).chain(["themselves"]).collect();
        self.head(title, &columns);
        for (role, actor) in ACTORS {
            let actor_id = actor.user_id();
            let others = OTHERS.map(|(_, user_id)| (user_id != actor_id).then(|| command(user_id)));
            self.row(role, &team(), actor, others.into_iter().chain([Some(command(actor_id))]));
        }
    }

    fn plain(&mut self, title: &str, columns: &[(&str, Command)]) {
        let labels: Vec<&str> = columns.iter().map(|(label, _)| *label).collect();
        self.head(title, &labels);
        for (role, actor) in ACTORS {
            self.row(role, &team(), actor, columns.iter().map(|(_, command)| Some(command.clone())));
        }
    }

    fn head(&mut self, title: &str, columns: &[&str]) {
        let blank = if self.text.is_empty() { "" } else { "\n" };
        let rule = "---|".repeat(columns.len() + 1);
        writeln!(self.text, "{blank}**{title}**\n\n| who | {} |\n|{rule}", columns.join(" | ")).unwrap();
    }

    fn row(&mut self, role: &str, given: &Given, actor: Actor, commands: impl IntoIterator<Item = Option<Command>>) {
        let cells: Vec<String> = commands.into_iter().map(|command| self.cell(given, actor, command)).collect();
        writeln!(self.text, "| {role} | {} |", cells.join(" | ")).unwrap();
    }

    /// A `None` command marks an impossible case: the actor and the target would both be the only owner.
    fn cell(&mut self, given: &Given, actor: Actor, command: Option<Command>) -> String {
        match command.map(|command| given.decide(by(actor, command))) {
            None => "–".to_owned(),
            Some(Ok(Decision::Change(_))) => "**changed**".to_owned(),
            Some(Ok(Decision::Unchanged)) => "unchanged".to_owned(),
            Some(Err(rejection)) => self.refusal(&rejection),
        }
    }

    fn refusal(&mut self, rejection: &Rejection) -> String {
        self.rules.insert(rejection.rule());
        format!("`{}` {}", rejection.code(), rejection.rule().id())
    }
}

#[test]
fn every_rule_rejects_something_in_the_table_or_in_a_test() {
    let (_, mut exercised) = table();
    exercised.extend(crate::ways_in::cases().iter().map(|case| case.rejection.rule()));
    exercised.extend(crate::refusals::cases().iter().map(|case| case.rejection.rule()));
    let forgotten: Vec<&Rule> = Rule::ALL.iter().filter(|rule| !exercised.contains(rule)).collect();
    assert_eq!(forgotten, Vec::<&Rule>::new());
}

#[test]
fn everybody_in_the_table_has_one_role() {
    let roster = team().roster;
    let expected: [Option<Role>; 5] = [Some(Owner), Some(Admin), Some(Member), None, None];
    assert_eq!(ACTORS.map(|(_, actor)| roster.role_of(actor.user_id())), expected);
    assert_eq!(OTHERS.map(|(_, user_id)| roster.role_of(user_id)), expected[..4]);
}
