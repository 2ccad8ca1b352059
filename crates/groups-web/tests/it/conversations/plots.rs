//! What happens in the conversations.

use groups_domain::{Command, GroupId, GroupName, NewMember, Role};
use serde_json::json;

use super::{
    compare,
    story::{ADA, BOB, EVE, Story, group, user},
};

#[test]
fn golden_conversation_of_a_first_visit() {
    let mut story = Story::default();
    for number in 1..=7 {
        story.creates(group(number), ADA, &format!("Group {number}"), &[BOB]);
    }
    story.creates(group(8), ADA, "None of Bob's business", &[EVE]);
    story.connects(3, 0);
    story.agrees();
    story.creates(group(9), BOB, "Bob's own", &[EVE]);
    story.does(group(8), ADA, Command::AddMember(NewMember { user_id: BOB, role: Role::Admin }));
    story.renames(group(3), ADA, "Straße · グループ · مجموعة");
    story.adds(group(9), BOB, user(1));
    story.does(group(9), BOB, Command::AddMembers((100..203).map(|number| NewMember::plain(user(number))).collect()));
    story.makes(group(9), BOB, EVE, Role::Admin);
    story.hears();
    story.also_receives(json!({"type": "pong"}));
    story.also_receives(json!({"type": "confetti", "group_id": group(1), "version": 99, "cursor": "c99"}));
    story.renames(group(1), ADA, "After the confetti");
    story.hears();
    story.agrees();
    compare("first_visit", story);
}

#[test]
fn golden_conversation_of_an_empty_list() {
    let mut story = Story::default();
    story.creates(group(1), ADA, "None of Bob's business", &[EVE]);
    story.connects(500, 0);
    story.agrees();
    story.adds(group(1), ADA, BOB);
    story.hears();
    story.agrees();
    compare("empty_list", story);
}

#[test]
fn golden_conversation_of_a_resume_with_repeats() {
    let mut story = Story::default();
    story.creates(group(1), ADA, "Project Team", &[BOB]);
    story.creates(group(2), ADA, "Choir", &[BOB]);
    story.connects(500, 0);
    story.renames(group(1), ADA, "Project Team 2");
    story.adds(group(2), ADA, EVE);
    story.hears();
    story.cut();
    story.renames(group(1), ADA, "Project Team 3");
    story.makes(group(2), ADA, BOB, Role::Admin);
    story.creates(group(3), EVE, "While he was away", &[BOB]);
    story.connects(500, 4);
    story.agrees();
    // Once more, cut off in the middle of it, when the cursor stands at a repeated event.
    story.cut();
    story.renames(group(3), EVE, "While he was away again");
    story.connects_and_is_cut(5, 2);
    story.shows();
    story.removes(group(1), ADA, BOB);
    story.connects(500, 1);
    story.agrees();
    compare("resume_with_repeats", story);
}

#[test]
fn golden_conversation_of_a_gap() {
    let mut story = Story::default();
    story.creates(group(1), ADA, "Project Team", &[BOB]);
    story.creates(group(2), ADA, "Choir", &[BOB]);
    story.connects(500, 0);
    story.renames(group(1), ADA, "Nobody receives this");
    story.misses();
    story.renames(group(1), ADA, "And so this comes too early");
    story.hears();
    story.shows();
    story.connects(1, 0);
    story.agrees();
    // Being added to what one is in: the removal in between is missing.
    story.removes(group(2), ADA, BOB);
    story.misses();
    story.adds(group(2), ADA, BOB);
    story.hears();
    story.shows();
    story.connects_and_is_cut_in_the_list(1);
    story.shows();
    story.connects(500, 0);
    story.agrees();
    compare("gap", story);
}

#[test]
fn golden_conversation_of_leaving_and_coming_back() {
    let mut story = Story::default();
    story.creates(group(1), ADA, "Project Team", &[BOB, EVE]);
    story.connects(500, 0);
    story.makes(group(1), ADA, BOB, Role::Admin);
    story.does(group(1), BOB, Command::Leave { successor: None });
    story.hears();
    story.agrees();
    story.renames(group(1), ADA, "Without Bob");
    story.hears();
    story.adds(group(1), ADA, BOB);
    story.renames(group(1), ADA, "With Bob");
    story.hears();
    story.agrees();
    story.removes(group(1), ADA, BOB);
    story.adds(group(1), ADA, BOB);
    story.removes(group(1), ADA, BOB);
    story.hears();
    story.agrees();
    compare("leave_and_rejoin", story);
}

#[test]
fn golden_conversation_of_groups_that_stay_gone() {
    let mut story = Story::default();
    story.creates(group(1), ADA, "Left", &[BOB]);
    story.creates(group(2), ADA, "Deleted", &[]);
    story.connects(500, 0);
    story.adds(group(2), ADA, BOB);
    story.renames(group(1), ADA, "Left soon");
    story.does(group(1), BOB, Command::Leave { successor: None });
    story.does(group(2), ADA, Command::DeleteGroup);
    story.hears();
    story.agrees();
    // The resume repeats what was before they went: that brings nothing back.
    story.cut();
    story.connects(500, 4);
    story.agrees();
    story.adds(group(1), ADA, BOB);
    story.hears();
    story.agrees();
    compare("stay_gone", story);
}

#[test]
fn golden_conversation_of_a_change_of_owners() {
    let mut story = Story::default();
    story.creates(group(1), ADA, "Project Team", &[BOB, EVE]);
    story.connects(500, 0);
    story.makes(group(1), ADA, EVE, Role::Owner);
    story.makes(group(1), EVE, BOB, Role::Owner);
    story.hears();
    story.agrees();
    story.makes(group(1), BOB, ADA, Role::Owner);
    story.does(group(1), ADA, Command::Leave { successor: Some(BOB) });
    story.hears();
    story.agrees();
    story.does(group(1), BOB, Command::Leave { successor: Some(EVE) });
    story.hears();
    story.agrees();
    compare("owners", story);
}

#[test]
fn golden_conversation_of_random_changes() {
    const STEPS: usize = 420;
    let mut seed = 2_026_u64;
    let mut below = |bound: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % bound
    };
    let people = [ADA, BOB, EVE, user(1)];
    let mut story = Story::default();
    let mut groups: Vec<GroupId> = Vec::new();
    for number in 0..4 {
        groups.push(group(number));
        story.creates(group(number), ADA, &format!("Group {number}"), &[BOB, EVE]);
    }
    story.connects(2, 0);
    for step in 0..STEPS {
        let person = |number: u64| people[number as usize];
        let (group_id, actor, other) = (groups[below(4) as usize], person(below(4)), person(below(4)));
        let name = GroupName::parse(&format!("Name {step}")).unwrap();
        let role = Role::ALL[below(3) as usize];
        let command = match below(9) {
            0 | 1 => Command::UpdateSettings { name: Some(name), description: None },
            2..=4 => Command::AddMember(NewMember { user_id: other, role }),
            5 => Command::RemoveMember { user_id: other },
            6 => Command::ChangeRole { user_id: other, role },
            7 => Command::Leave { successor: (below(2) == 0).then_some(other) },
            _ => Command::DeleteGroup,
        };
        let ends = matches!(command, Command::DeleteGroup);
        if story.tries(group_id, actor, command) && ends {
            // The place of a deleted group is taken by a new one.
            let number = 100 + step as u128;
            let others: Vec<_> = people.into_iter().filter(|user| *user != actor).collect();
            story.creates(group(number), actor, &format!("Group {number}"), &others);
            groups.iter_mut().filter(|id| **id == group_id).for_each(|id| *id = group(number));
        }
        match below(16) {
            0 if story.is_connected() => story.cut(),
            1 if story.is_connected() => story.misses(),
            _ if story.is_connected() => story.hears(),
            2..=5 => {
                story.connects(1 + below(3) as usize, below(6) as usize);
                if story.is_connected() {
                    story.agrees();
                }
            }
            _ => {}
        }
    }
    while !story.is_connected() {
        story.connects(500, 3);
    }
    story.hears();
    if !story.is_connected() {
        story.connects(500, 0);
    }
    story.agrees();
    compare("by_chance", story);
}
