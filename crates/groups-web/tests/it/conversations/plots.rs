//! What happens in the conversations.

use groups_domain::{Command, GroupId, GroupName, JoinPolicy, LinkId, NewMember, Note, Role, Uuid};
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
fn golden_conversation_of_invitations() {
    let mut story = Story::default();
    story.creates(group(1), ADA, "Project Team", &[BOB]);
    for number in 2..=6 {
        story.creates(group(number), ADA, &format!("Group {number}"), &[]);
    }
    story.invites(group(2), ADA, BOB);
    story.does(group(3), ADA, Command::Invite { user_id: BOB, role: Role::Admin, expires_in_seconds: Some(3_600) });
    story.connects(500, 0);
    story.agrees();
    // What happens in the group meanwhile is not told.
    story.renames(group(2), ADA, "Group 2, renamed");
    story.adds(group(2), ADA, EVE);
    story.invites(group(4), ADA, BOB);
    story.hears();
    story.agrees();
    story.does(group(2), BOB, Command::AcceptInvitation);
    story.does(group(3), BOB, Command::DeclineInvitation);
    story.does(group(4), ADA, Command::WithdrawInvitation { user_id: BOB });
    story.hears();
    story.agrees();
    story.renames(group(2), ADA, "Group 2 with Bob");
    story.invites(group(4), ADA, BOB);
    story.does(group(5), ADA, Command::Invite { user_id: BOB, role: Role::Member, expires_in_seconds: Some(1) });
    story.does(group(6), ADA, Command::Invite { user_id: BOB, role: Role::Member, expires_in_seconds: Some(1) });
    story.hears();
    story.shows();
    // One that has expired is ended soon after, or replaced.
    story.renames(group(1), ADA, "Time passes");
    story.does(group(5), ADA, Command::ExpireInvitation { user_id: BOB });
    story.does(group(6), ADA, Command::Invite { user_id: BOB, role: Role::Admin, expires_in_seconds: Some(60) });
    story.hears();
    story.agrees();
    // Plainly added in spite of an invitation, and invited again after leaving.
    story.adds(group(4), ADA, BOB);
    story.does(group(2), BOB, Command::Leave { successor: None });
    story.invites(group(2), ADA, BOB);
    story.hears();
    story.agrees();
    story.cut();
    story.does(group(2), ADA, Command::DeleteGroup);
    story.invites(group(5), ADA, BOB);
    story.connects(500, 9);
    story.agrees();
    story.cut();
    story.connects(500, 30);
    story.agrees();
    compare("invitations", story);
}

#[test]
fn golden_conversation_of_requests_to_join() {
    let link = |number| LinkId::new(Uuid::from_u128((0x8000_8000 << 64) + number));
    let uses = |link_id| Command::UseLink { link_id, message: Note::default() };
    let mut story = Story::default();
    for number in 1..=5 {
        story.creates(group(number), ADA, &format!("Group {number}"), &[]);
        story.lets_in(group(number), ADA, JoinPolicy::Request);
    }
    story.asks(group(1), BOB, "It's me, Bob.");
    story.connects(500, 0);
    story.agrees();
    // On another device of his.
    story.asks(group(2), BOB, "");
    story.asks(group(3), BOB, "Eve says hello, too · مرحبا");
    story.asks(group(4), BOB, "");
    story.hears();
    story.agrees();
    story.does(group(1), ADA, Command::ApproveJoinRequest { user_id: BOB, role: Some(Role::Admin) });
    story.does(group(2), ADA, Command::DeclineJoinRequest { user_id: BOB });
    story.does(group(3), BOB, Command::WithdrawJoinRequest);
    story.invites(group(4), ADA, BOB);
    story.hears();
    story.agrees();
    story.asks(group(2), BOB, "Once more");
    story.lets_in(group(2), ADA, JoinPolicy::Open);
    story.hears();
    story.agrees();
    story.asks(group(2), BOB, "");
    story.hears();
    story.agrees();
    for (number, approval) in [(3, false), (5, true)] {
        let link = Command::CreateLink {
            link_id: link(number),
            role: Role::Member,
            expires_in_seconds: None,
            uses_max: None,
            approval,
        };
        story.does(group(number), ADA, link);
    }
    story.does(group(3), BOB, uses(link(3)));
    story.does(group(5), BOB, uses(link(5)));
    story.hears();
    story.agrees();
    story.cut();
    story.connects(500, 8);
    story.agrees();
    story.does(group(5), ADA, Command::DeleteGroup);
    story.hears();
    story.agrees();
    compare("requests_to_join", story);
}

#[test]
fn golden_conversation_of_bans() {
    let mut story = Story::default();
    story.creates(group(1), ADA, "A member", &[BOB, EVE]);
    for (number, name) in [(2, "Invited"), (3, "Has asked"), (4, "An outsider")] {
        story.creates(group(number), ADA, name, &[]);
        story.lets_in(group(number), ADA, JoinPolicy::Request);
    }
    story.invites(group(2), ADA, BOB);
    story.asks(group(3), BOB, "");
    story.connects(1, 0);
    story.agrees();
    // As a member he is told that others come and go, with no name.
    story.bans(group(1), ADA, EVE);
    story.does(group(1), ADA, Command::Unban { user_id: EVE });
    story.hears();
    story.agrees();
    for number in 1..=4 {
        story.bans(group(number), ADA, BOB);
    }
    story.hears();
    story.agrees();
    story.cut();
    story.connects(500, 6);
    story.agrees();
    for number in 1..=4 {
        story.does(group(number), ADA, Command::Unban { user_id: BOB });
    }
    story.invites(group(1), ADA, BOB);
    story.asks(group(4), BOB, "");
    story.hears();
    story.agrees();
    compare("bans", story);
}

#[test]
fn golden_conversation_of_an_admin_who_receives_all_ways_in_and_out() {
    let link_id = LinkId::new(Uuid::from_u128((0x8000_8000 << 64) + 1));
    let mut story = Story::default();
    story.creates(group(1), ADA, "Project Team", &[BOB]);
    story.makes(group(1), ADA, BOB, Role::Admin);
    story.lets_in(group(1), ADA, JoinPolicy::Request);
    story.connects(500, 0);
    story.invites(group(1), BOB, EVE);
    story.does(group(1), EVE, Command::DeclineInvitation);
    story.asks(group(1), EVE, "Hello");
    story.does(group(1), BOB, Command::DeclineJoinRequest { user_id: EVE });
    story.asks(group(1), EVE, "Please");
    story.does(group(1), ADA, Command::ApproveJoinRequest { user_id: EVE, role: None });
    story.bans(group(1), BOB, EVE);
    story.does(group(1), ADA, Command::Unban { user_id: EVE });
    story.does(
        group(1),
        BOB,
        Command::CreateLink {
            link_id,
            role: Role::Member,
            expires_in_seconds: Some(60),
            uses_max: None,
            approval: false,
        },
    );
    story.does(group(1), EVE, Command::UseLink { link_id, message: Note::default() });
    story.does(group(1), ADA, Command::RevokeLinks);
    story.hears();
    story.agrees();
    story.cut();
    story.connects(500, 5);
    story.agrees();
    compare("an_admin", story);
}

#[test]
fn golden_conversation_of_gaps_around_invitations() {
    let mut story = Story::default();
    story.creates(group(1), ADA, "Project Team", &[BOB]);
    story.creates(group(2), ADA, "Choir", &[]);
    story.lets_in(group(2), ADA, JoinPolicy::Request);
    story.asks(group(2), BOB, "");
    story.connects(500, 0);
    // Invited to a group of the list: the removal in between is missing.
    story.removes(group(1), ADA, BOB);
    story.misses();
    story.invites(group(1), ADA, BOB);
    story.hears();
    story.shows();
    story.connects(500, 0);
    story.agrees();
    // A change in a group of which he has only asked to be a member: the approval is missing.
    story.does(group(2), ADA, Command::ApproveJoinRequest { user_id: BOB, role: None });
    story.misses();
    story.renames(group(2), ADA, "Choir with Bob");
    story.hears();
    story.shows();
    story.connects(500, 0);
    story.agrees();
    // The end of an invitation that never arrived is no gap: other versions of that group are nobody's business.
    story.does(group(1), ADA, Command::WithdrawInvitation { user_id: BOB });
    story.invites(group(1), ADA, BOB);
    story.misses();
    story.does(group(1), ADA, Command::WithdrawInvitation { user_id: BOB });
    story.hears();
    story.agrees();
    compare("gaps_around_invitations", story);
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
            0 | 1 => Command::UpdateSettings { name: Some(name), description: None, join_policy: None },
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

#[test]
fn golden_conversation_of_random_ways_in_and_out() {
    const STEPS: usize = 800;
    let mut seed = 12_u64;
    let mut below = |bound: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % bound
    };
    // Mostly Ada, who may do most, and Bob, whose client it is.
    let (actors, others) = ([ADA, ADA, ADA, BOB, EVE], [BOB, BOB, BOB, EVE, ADA]);
    let mut story = Story::default();
    let mut groups: Vec<GroupId> = Vec::new();
    for number in 0..4 {
        groups.push(group(number));
        story.creates(group(number), ADA, &format!("Group {number}"), if number < 2 { &[BOB] } else { &[EVE] });
    }
    story.connects(2, 0);
    for step in 0..STEPS {
        let group_id = groups[below(4) as usize];
        let (actor, other) = (actors[below(5) as usize], others[below(5) as usize]);
        let role = [Role::Member, Role::Admin][below(2) as usize];
        let join_policy = JoinPolicy::ALL.into_iter().nth(below(3) as usize);
        let expires_in_seconds = (below(2) == 0).then(|| 1 + below(20));
        let name = GroupName::parse(&format!("Name {step}")).unwrap();
        // Bob does for himself what people can only do for themselves.
        let (actor, command) = match below(16) {
            0 => (actor, Command::UpdateSettings { name: None, description: None, join_policy }),
            1 => (actor, Command::AddMember(NewMember { user_id: other, role })),
            2 => (actor, Command::RemoveMember { user_id: other }),
            3..=5 => (actor, Command::Invite { user_id: other, role, expires_in_seconds }),
            6 => (actor, Command::WithdrawInvitation { user_id: other }),
            7 => (actor, Command::ExpireInvitation { user_id: other }),
            8 => (actor, Command::ApproveJoinRequest { user_id: other, role: Some(role) }),
            9 => (actor, Command::DeclineJoinRequest { user_id: other }),
            10 => (actor, Command::Ban { user_id: other, reason: Note::default() }),
            11 => (actor, Command::Unban { user_id: other }),
            12 => (BOB, Command::AcceptInvitation),
            13 => (BOB, if below(2) == 0 { Command::DeclineInvitation } else { Command::WithdrawJoinRequest }),
            14 => (BOB, Command::Join { message: Note::parse(&format!("Message {step}")).unwrap() }),
            _ => match below(6) {
                0 => (actor, Command::DeleteGroup),
                1 => (BOB, Command::Leave { successor: None }),
                _ => (ADA, Command::UpdateSettings { name: Some(name), description: None, join_policy }),
            },
        };
        let ends = matches!(command, Command::DeleteGroup);
        if story.tries(group_id, actor, command) && ends {
            let number = 100 + step as u128;
            story.creates(group(number), ADA, &format!("Group {number}"), &[EVE]);
            groups.iter_mut().filter(|id| **id == group_id).for_each(|id| *id = group(number));
        }
        match below(16) {
            0 if story.is_connected() => story.cut(),
            1 if story.is_connected() => story.misses(),
            _ if story.is_connected() => story.hears(),
            2..=9 => {
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
    compare("ways_by_chance", story);
}
