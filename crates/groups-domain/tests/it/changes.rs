//! Every command that changes something: the change, its effects, its subjects, and the event for each affected user.

use groups_domain::Role::{Admin, Member, Owner};
use groups_domain::{Command, Decision, Timestamp};

use crate::cast::{
    ADA, BOB, CLEO, DAN, EVE, FAY, GUS, MONDAY, add, add_all, by, create, delete, describe, give, leave, leave_to,
    nothing, remove, rename, team,
};
use crate::check::check;

#[test]
fn the_creator_of_a_group_gets_group_created() {
    check(
        nothing(),
        by(ADA, create([])),
        r#"
            1 by Ada
            Project Team "" of Ada, 1 members
            GroupCreated { members: [] }
            effect Joined { user_id: Ada, role: Owner }
            subject Ada Creator
            Ada ← GroupCreated { group: … }
        "#,
    );
}

#[test]
fn initial_members_get_the_same_event_as_members_added_later() {
    check(
        nothing(),
        by(ADA, create([(BOB, Admin), (DAN, Member)])),
        r#"
            1 by Ada
            Project Team "" of Ada, 3 members
            GroupCreated { members: [NewMember { user_id: Bob, role: Admin }, NewMember { user_id: Dan, role: Member }] }
            effect Joined { user_id: Ada, role: Owner }
            effect Joined { user_id: Bob, role: Admin }
            effect Joined { user_id: Dan, role: Member }
            subject Ada Creator
            subject Bob Added { role: Admin, via: None }
            subject Dan Added { role: Member, via: None }
            Ada ← GroupCreated { group: … }
            Bob ← AddedToGroup { group: …, role: Admin, via: None }
            Dan ← AddedToGroup { group: …, role: Member, via: None }
        "#,
    );
}

#[test]
fn the_creator_and_duplicates_join_once_and_the_first_entry_counts() {
    check(
        nothing(),
        by(ADA, create([(DAN, Member), (ADA, Member), (DAN, Admin)])),
        r#"
            1 by Ada
            Project Team "" of Ada, 2 members
            GroupCreated { members: [NewMember { user_id: Dan, role: Member }] }
            effect Joined { user_id: Ada, role: Owner }
            effect Joined { user_id: Dan, role: Member }
            subject Ada Creator
            subject Dan Added { role: Member, via: None }
            Ada ← GroupCreated { group: … }
            Dan ← AddedToGroup { group: …, role: Member, via: None }
        "#,
    );
}

#[test]
fn all_members_including_the_actor_are_notified_of_a_new_name() {
    check(
        team(),
        by(BOB, rename("Launch")),
        r#"
            6 by Bob
            Launch "Everything about the launch." of Ada, 5 members
            SettingsChanged { name: Some(GroupName("Launch")), description: None, join_policy: None }
            Ada ← GroupUpdated { group: …, action: SettingsChanged }
            Bob ← GroupUpdated { group: …, action: SettingsChanged }
            Cleo ← GroupUpdated { group: …, action: SettingsChanged }
            Dan ← GroupUpdated { group: …, action: SettingsChanged }
            Eve ← GroupUpdated { group: …, action: SettingsChanged }
        "#,
    );
}

#[test]
fn all_members_are_notified_of_a_new_description() {
    check(
        team(),
        by(ADA, describe("")),
        r#"
            6 by Ada
            Project Team "" of Ada, 5 members
            SettingsChanged { name: None, description: Some(Description("")), join_policy: None }
            Ada ← GroupUpdated { group: …, action: SettingsChanged }
            Bob ← GroupUpdated { group: …, action: SettingsChanged }
            Cleo ← GroupUpdated { group: …, action: SettingsChanged }
            Dan ← GroupUpdated { group: …, action: SettingsChanged }
            Eve ← GroupUpdated { group: …, action: SettingsChanged }
        "#,
    );
}

#[test]
fn a_change_contains_only_the_settings_that_differ() {
    check(
        team(),
        by(BOB, both("Project Team", "It is on.")),
        r#"
            6 by Bob
            Project Team "It is on." of Ada, 5 members
            SettingsChanged { name: None, description: Some(Description("It is on.")), join_policy: None }
            Ada ← GroupUpdated { group: …, action: SettingsChanged }
            Bob ← GroupUpdated { group: …, action: SettingsChanged }
            Cleo ← GroupUpdated { group: …, action: SettingsChanged }
            Dan ← GroupUpdated { group: …, action: SettingsChanged }
            Eve ← GroupUpdated { group: …, action: SettingsChanged }
        "#,
    );
}

#[test]
fn an_added_user_gets_the_group_and_all_others_get_the_new_member() {
    check(
        team(),
        by(BOB, add(FAY, Member)),
        r#"
            6 by Bob
            Project Team "Everything about the launch." of Ada, 6 members
            MembersAdded { members: [NewMember { user_id: Fay, role: Member }] }
            effect Joined { user_id: Fay, role: Member }
            subject Fay Added { role: Member, via: None }
            Ada ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Member, via: None } }
            Bob ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Member, via: None } }
            Cleo ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Member, via: None } }
            Dan ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Member, via: None } }
            Eve ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Member, via: None } }
            Fay ← AddedToGroup { group: …, role: Member, via: None }
        "#,
    );
}

#[test]
fn the_owner_adds_an_admin() {
    check(
        team(),
        by(ADA, add(FAY, Admin)),
        r#"
            6 by Ada
            Project Team "Everything about the launch." of Ada, 6 members
            MembersAdded { members: [NewMember { user_id: Fay, role: Admin }] }
            effect Joined { user_id: Fay, role: Admin }
            subject Fay Added { role: Admin, via: None }
            Ada ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Admin, via: None } }
            Bob ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Admin, via: None } }
            Cleo ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Admin, via: None } }
            Dan ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Admin, via: None } }
            Eve ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Admin, via: None } }
            Fay ← AddedToGroup { group: …, role: Admin, via: None }
        "#,
    );
}

#[test]
fn a_former_member_who_is_added_again_is_a_new_member() {
    check(
        team(),
        by(CLEO, add(GUS, Member)),
        r#"
            6 by Cleo
            Project Team "Everything about the launch." of Ada, 6 members
            MembersAdded { members: [NewMember { user_id: Gus, role: Member }] }
            effect Joined { user_id: Gus, role: Member }
            subject Gus Added { role: Member, via: None }
            Ada ← GroupUpdated { group: …, action: MemberAdded { user_id: Gus, role: Member, via: None } }
            Bob ← GroupUpdated { group: …, action: MemberAdded { user_id: Gus, role: Member, via: None } }
            Cleo ← GroupUpdated { group: …, action: MemberAdded { user_id: Gus, role: Member, via: None } }
            Dan ← GroupUpdated { group: …, action: MemberAdded { user_id: Gus, role: Member, via: None } }
            Eve ← GroupUpdated { group: …, action: MemberAdded { user_id: Gus, role: Member, via: None } }
            Gus ← AddedToGroup { group: …, role: Member, via: None }
        "#,
    );
}

#[test]
fn several_users_are_added_in_one_change() {
    check(
        team(),
        by(ADA, add_all([(GUS, Member), (FAY, Admin)])),
        r#"
            6 by Ada
            Project Team "Everything about the launch." of Ada, 7 members
            MembersAdded { members: [NewMember { user_id: Gus, role: Member }, NewMember { user_id: Fay, role: Admin }] }
            effect Joined { user_id: Gus, role: Member }
            effect Joined { user_id: Fay, role: Admin }
            subject Gus Added { role: Member, via: None }
            subject Fay Added { role: Admin, via: None }
            Ada ← GroupUpdated { group: …, action: MembersAdded { user_ids: [Gus, Fay] } }
            Bob ← GroupUpdated { group: …, action: MembersAdded { user_ids: [Gus, Fay] } }
            Cleo ← GroupUpdated { group: …, action: MembersAdded { user_ids: [Gus, Fay] } }
            Dan ← GroupUpdated { group: …, action: MembersAdded { user_ids: [Gus, Fay] } }
            Eve ← GroupUpdated { group: …, action: MembersAdded { user_ids: [Gus, Fay] } }
            Fay ← AddedToGroup { group: …, role: Admin, via: None }
            Gus ← AddedToGroup { group: …, role: Member, via: None }
        "#,
    );
}

#[test]
fn existing_members_on_a_list_are_skipped_and_a_single_addition_has_its_own_event() {
    check(
        team(),
        by(BOB, add_all([(EVE, Member), (FAY, Member), (ADA, Member), (FAY, Member)])),
        r#"
            6 by Bob
            Project Team "Everything about the launch." of Ada, 6 members
            MembersAdded { members: [NewMember { user_id: Fay, role: Member }] }
            effect Joined { user_id: Fay, role: Member }
            subject Fay Added { role: Member, via: None }
            Ada ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Member, via: None } }
            Bob ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Member, via: None } }
            Cleo ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Member, via: None } }
            Dan ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Member, via: None } }
            Eve ← GroupUpdated { group: …, action: MemberAdded { user_id: Fay, role: Member, via: None } }
            Fay ← AddedToGroup { group: …, role: Member, via: None }
        "#,
    );
}

#[test]
fn a_removed_member_and_all_others_are_notified() {
    check(
        team(),
        by(BOB, remove(DAN)),
        r#"
            6 by Bob
            Project Team "Everything about the launch." of Ada, 4 members
            MemberRemoved { user_id: Dan }
            effect Left { user_id: Dan }
            subject Dan Removed
            Ada ← GroupUpdated { group: …, action: MemberRemoved { user_id: Dan } }
            Bob ← GroupUpdated { group: …, action: MemberRemoved { user_id: Dan } }
            Cleo ← GroupUpdated { group: …, action: MemberRemoved { user_id: Dan } }
            Dan ← RemovedFromGroup { group_name: GroupName("Project Team"), reason: Removed }
            Eve ← GroupUpdated { group: …, action: MemberRemoved { user_id: Dan } }
        "#,
    );
}

#[test]
fn the_owner_removes_an_admin() {
    check(
        team(),
        by(ADA, remove(BOB)),
        r#"
            6 by Ada
            Project Team "Everything about the launch." of Ada, 4 members
            MemberRemoved { user_id: Bob }
            effect Left { user_id: Bob }
            subject Bob Removed
            Ada ← GroupUpdated { group: …, action: MemberRemoved { user_id: Bob } }
            Bob ← RemovedFromGroup { group_name: GroupName("Project Team"), reason: Removed }
            Cleo ← GroupUpdated { group: …, action: MemberRemoved { user_id: Bob } }
            Dan ← GroupUpdated { group: …, action: MemberRemoved { user_id: Bob } }
            Eve ← GroupUpdated { group: …, action: MemberRemoved { user_id: Bob } }
        "#,
    );
}

#[test]
fn a_member_leaves() {
    check(
        team(),
        by(DAN, leave()),
        r#"
            6 by Dan
            Project Team "Everything about the launch." of Ada, 4 members
            MemberLeft { successor: None }
            effect Left { user_id: Dan }
            subject Dan Left
            Ada ← GroupUpdated { group: …, action: MemberLeft { user_id: Dan, successor: None } }
            Bob ← GroupUpdated { group: …, action: MemberLeft { user_id: Dan, successor: None } }
            Cleo ← GroupUpdated { group: …, action: MemberLeft { user_id: Dan, successor: None } }
            Dan ← RemovedFromGroup { group_name: GroupName("Project Team"), reason: Left }
            Eve ← GroupUpdated { group: …, action: MemberLeft { user_id: Dan, successor: None } }
        "#,
    );
}

#[test]
fn removing_yourself_is_leaving() {
    check(
        team(),
        by(BOB, remove(BOB)),
        r#"
            6 by Bob
            Project Team "Everything about the launch." of Ada, 4 members
            MemberLeft { successor: None }
            effect Left { user_id: Bob }
            subject Bob Left
            Ada ← GroupUpdated { group: …, action: MemberLeft { user_id: Bob, successor: None } }
            Bob ← RemovedFromGroup { group_name: GroupName("Project Team"), reason: Left }
            Cleo ← GroupUpdated { group: …, action: MemberLeft { user_id: Bob, successor: None } }
            Dan ← GroupUpdated { group: …, action: MemberLeft { user_id: Bob, successor: None } }
            Eve ← GroupUpdated { group: …, action: MemberLeft { user_id: Bob, successor: None } }
        "#,
    );
}

#[test]
fn an_owner_leaves_to_a_successor_in_one_change() {
    check(
        team(),
        by(ADA, leave_to(DAN)),
        r#"
            6 by Ada
            Project Team "Everything about the launch." of Dan, 4 members
            MemberLeft { successor: Some(Succession { user_id: Dan, previous_role: Member }) }
            effect Left { user_id: Ada }
            effect RoleSet { user_id: Dan, role: Owner }
            subject Ada Left
            subject Dan RoleChanged { role: Owner, previous_role: Member }
            Ada ← RemovedFromGroup { group_name: GroupName("Project Team"), reason: Left }
            Bob ← GroupUpdated { group: …, action: MemberLeft { user_id: Ada, successor: Some(Dan) } }
            Cleo ← GroupUpdated { group: …, action: MemberLeft { user_id: Ada, successor: Some(Dan) } }
            Dan ← RoleChanged { group: …, role: Owner, previous_role: Member }
            Eve ← GroupUpdated { group: …, action: MemberLeft { user_id: Ada, successor: Some(Dan) } }
        "#,
    );
}

#[test]
fn a_member_becomes_an_admin() {
    check(
        team(),
        by(ADA, give(DAN, Admin)),
        r#"
            6 by Ada
            Project Team "Everything about the launch." of Ada, 5 members
            RoleChanged { user_id: Dan, role: Admin, previous_role: Member }
            effect RoleSet { user_id: Dan, role: Admin }
            subject Dan RoleChanged { role: Admin, previous_role: Member }
            Ada ← GroupUpdated { group: …, action: RoleChanged { user_id: Dan, role: Admin } }
            Bob ← GroupUpdated { group: …, action: RoleChanged { user_id: Dan, role: Admin } }
            Cleo ← GroupUpdated { group: …, action: RoleChanged { user_id: Dan, role: Admin } }
            Dan ← RoleChanged { group: …, role: Admin, previous_role: Member }
            Eve ← GroupUpdated { group: …, action: RoleChanged { user_id: Dan, role: Admin } }
        "#,
    );
}

#[test]
fn an_admin_becomes_a_member() {
    check(
        team(),
        by(ADA, give(CLEO, Member)),
        r#"
            6 by Ada
            Project Team "Everything about the launch." of Ada, 5 members
            RoleChanged { user_id: Cleo, role: Member, previous_role: Admin }
            effect RoleSet { user_id: Cleo, role: Member }
            subject Cleo RoleChanged { role: Member, previous_role: Admin }
            Ada ← GroupUpdated { group: …, action: RoleChanged { user_id: Cleo, role: Member } }
            Bob ← GroupUpdated { group: …, action: RoleChanged { user_id: Cleo, role: Member } }
            Cleo ← RoleChanged { group: …, role: Member, previous_role: Admin }
            Dan ← GroupUpdated { group: …, action: RoleChanged { user_id: Cleo, role: Member } }
            Eve ← GroupUpdated { group: …, action: RoleChanged { user_id: Cleo, role: Member } }
        "#,
    );
}

#[test]
fn the_ownership_is_transferred_in_one_change() {
    check(
        team(),
        by(ADA, give(CLEO, Owner)),
        r#"
            6 by Ada
            Project Team "Everything about the launch." of Cleo, 5 members
            OwnershipTransferred { successor: Succession { user_id: Cleo, previous_role: Admin }, previous_owner_id: None }
            effect RoleSet { user_id: Ada, role: Admin }
            effect RoleSet { user_id: Cleo, role: Owner }
            subject Cleo RoleChanged { role: Owner, previous_role: Admin }
            subject Ada RoleChanged { role: Admin, previous_role: Owner }
            Ada ← RoleChanged { group: …, role: Admin, previous_role: Owner }
            Bob ← GroupUpdated { group: …, action: OwnerChanged { user_id: Cleo } }
            Cleo ← RoleChanged { group: …, role: Owner, previous_role: Admin }
            Dan ← GroupUpdated { group: …, action: OwnerChanged { user_id: Cleo } }
            Eve ← GroupUpdated { group: …, action: OwnerChanged { user_id: Cleo } }
        "#,
    );
}

#[test]
fn every_member_is_notified_that_the_group_was_deleted() {
    check(
        team(),
        by(ADA, delete()),
        r#"
            6 by Ada
            Project Team "Everything about the launch." of Ada, 5 members
            GroupDeleted
            effect AllLeft
            Ada ← GroupDeleted { group_name: GroupName("Project Team") }
            Bob ← GroupDeleted { group_name: GroupName("Project Team") }
            Cleo ← GroupDeleted { group_name: GroupName("Project Team") }
            Dan ← GroupDeleted { group_name: GroupName("Project Team") }
            Eve ← GroupDeleted { group_name: GroupName("Project Team") }
        "#,
    );
}

/// A change of the name and the description.
fn both(name: &str, description: &str) -> Command {
    let (Command::UpdateSettings { name, .. }, Command::UpdateSettings { description, .. }) =
        (rename(name), describe(description))
    else {
        unreachable!("both change settings")
    };
    Command::UpdateSettings { name, description, join_policy: None }
}

#[test]
fn a_slow_clock_does_not_move_the_time_of_a_group_back() {
    let given = team();
    let last = given.roster.group().unwrap().updated_at;
    let Ok(Decision::Change(change)) = given.roster.decide(&by(BOB, add(FAY, Member)).at(MONDAY)) else {
        panic!("Bob may add")
    };
    assert_eq!((change.at(), change.group.created_at), (last, MONDAY));

    let mut roster = given.roster;
    roster.apply(&change);
    let fay = roster.members().find(|membership| membership.user_id == FAY).unwrap();
    assert_eq!((fay.joined_at, fay.joined_version), (last, change.version()));
}

#[test]
fn a_change_of_role_keeps_the_joining_time_and_version() {
    let given = team();
    let beginning = |given: &crate::cast::Given| {
        let dan = given.roster.members().find(|membership| membership.user_id == DAN).unwrap();
        (dan.joined_at, dan.joined_version.get())
    };
    assert_eq!(beginning(&given), (MONDAY, 1));
    assert_eq!(beginning(&given.after(by(ADA, give(DAN, Owner)))), (MONDAY, 1));
}

#[test]
fn a_member_who_rejoins_gets_a_new_joining_time_and_version() {
    let given = team().after(by(BOB, add(GUS, Member)));
    let gus = given.roster.members().find(|membership| membership.user_id == GUS).unwrap();
    assert_eq!(
        (gus.joined_at, gus.joined_version.get()),
        (Timestamp::from_unix_millis(MONDAY.unix_millis() + 25 * 60_000), 6)
    );
}

#[test]
fn a_no_op_notifies_nobody() {
    let mut given = team();
    let told = given.roster.execute(BOB, given.now, rename("Project Team")).unwrap();
    assert_eq!(told, []);
}

#[test]
fn nobody_is_told_twice_of_a_change_that_is_applied_already() {
    let given = team();
    let Ok(Decision::Change(change)) = given.decide(by(BOB, add(FAY, Member))) else { panic!("Bob may add") };
    let told = given.after(by(BOB, add(FAY, Member))).roster.told(&change);
    let told: Vec<_> = told.into_iter().map(|told| told.user_id).collect();
    assert_eq!(told, [ADA, BOB, CLEO, DAN, EVE, FAY]);
}
