//! How groups, members and changes are shown.

pub(super) mod ways_in;
pub(super) mod webhook;

use std::io;

use groups_client::{ChangeAction, ChangeRecord, Group, Invitation, JoinRequest, Member, Preview, Version};

use crate::output::Format;

pub(super) fn groups(groups: &[Group], format: Format) -> io::Result<()> {
    format.list(groups, COLUMNS, row)
}

const COLUMNS: [&str; 5] = ["GROUP", "NAME", "ROLE", "MEMBERS", "VERSION"];

fn row(group: &Group) -> [String; 5] {
    [
        group.group_id.to_string(),
        group.name.to_string(),
        role(group),
        group.member_count.to_string(),
        group.version.to_string(),
    ]
}

/// The groups, and then the invitations and requests to join, which have a state instead of a role.
pub(super) fn groups_and_pending(
    groups: &[Group],
    invitations: &[Invitation],
    requests: &[JoinRequest],
    format: Format,
) -> io::Result<()> {
    let pending = |group: &Preview, state: String, version: Version| {
        let (name, members) = (group.name.to_string(), group.member_count.to_string());
        [group.group_id.to_string(), name, state, members, version.to_string()]
    };
    let invited = invitations.iter().map(|one| pending(&one.group, ways_in::as_role(one), one.version));
    let asked = requests.iter().map(|one| pending(&one.group, ways_in::ASKED.to_owned(), one.version));
    let rows: Vec<_> = groups.iter().map(row).chain(invited).chain(asked).collect();
    format.list(&rows, COLUMNS, Clone::clone)
}

pub(super) fn group(group: &Group, format: Format) -> io::Result<()> {
    format.one(
        group,
        [
            ("group", group.group_id.to_string()),
            ("name", group.name.to_string()),
            ("description", group.description.to_string()),
            ("owner", group.admin_id.to_string()),
            ("role", role(group)),
            ("join policy", group.join_policy.to_string()),
            ("members", group.member_count.to_string()),
            ("version", group.version.to_string()),
            ("created", group.created_at.clone()),
            ("updated", group.updated_at.clone()),
        ],
    )
}

fn role(group: &Group) -> String {
    group.role.map_or_else(|| "-".to_owned(), |role| role.to_string())
}

pub(super) fn members(members: &[Member], format: Format) -> io::Result<()> {
    format.list(members, ["USER", "ROLE", "JOINED", "NAME"], |member| {
        let name = member.name.as_ref().map_or("-", |name| name.as_str());
        [member.user_id.to_string(), member.role.to_string(), member.joined_at.clone(), name.to_owned()]
    })
}

pub(super) fn member(member: &Member, format: Format) -> io::Result<()> {
    format.one(
        member,
        [("user", member.user_id.to_string()), ("role", member.role.to_string()), ("joined", member.joined_at.clone())],
    )
}

pub(super) fn changes(changes: &[ChangeRecord], format: Format) -> io::Result<()> {
    format.list(changes, ["VERSION", "AT", "ACTOR", "CHANGE"], |change| {
        let operator = if change.operator { " (operator)" } else { "" };
        let actor = format!("{}{operator}", change.actor_id);
        [change.version.to_string(), change.at.clone(), actor, action(change)]
    })
}

/// A change in words: the name of its action, and its details.
pub(super) fn action(change: &ChangeRecord) -> String {
    let name = change.name.as_str();
    match &change.action {
        Some(ChangeAction::GroupCreated { name: group, members, .. }) if members.is_empty() => {
            format!("{name} '{group}'")
        }
        Some(ChangeAction::GroupCreated { name: group, members, .. }) => {
            format!("{name} '{group}', initial members: {}", members.len())
        }
        Some(ChangeAction::SettingsChanged { name: group, description, join_policy }) => {
            let group = group.as_ref().map(|group| format!(" name '{group}'")).unwrap_or_default();
            let description = if description.is_some() { " description" } else { "" };
            let join_policy = join_policy.map(|policy| format!(" join policy {policy}")).unwrap_or_default();
            format!("{name}{group}{description}{join_policy}")
        }
        Some(ChangeAction::MemberAdded(member)) => {
            let via = member.via.map(|via| format!(" via {via}")).unwrap_or_default();
            format!("{name} {} as {}{via}", member.user_id, member.role)
        }
        Some(ChangeAction::Invited { user_id, role, .. }) => format!("{name} {user_id} as {role}"),
        Some(ChangeAction::InvitationEnded { user_id, reason }) => format!("{name} {user_id}, {reason}"),
        Some(ChangeAction::JoinRequestEnded { user_id, reason }) => format!("{name} {user_id}, {reason}"),
        Some(
            ChangeAction::JoinRequested { user_id, .. }
            | ChangeAction::Banned { user_id, .. }
            | ChangeAction::Unbanned { user_id },
        ) => format!("{name} {user_id}"),
        Some(ChangeAction::LinkCreated { link_id, role, .. }) => format!("{name} {link_id} as {role}"),
        Some(ChangeAction::LinkRevoked { link_ids }) => {
            let link_ids: Vec<String> = link_ids.iter().map(ToString::to_string).collect();
            format!("{name} {}", link_ids.join(" "))
        }
        Some(ChangeAction::MembersAdded { count, .. }) => format!("{name} {count}"),
        Some(ChangeAction::MemberRemoved { user_id } | ChangeAction::OwnerChanged { user_id }) => {
            format!("{name} {user_id}")
        }
        Some(ChangeAction::MemberLeft { user_id, new_owner_id: Some(owner) }) => {
            format!("{name} {user_id}, owner {owner}")
        }
        Some(ChangeAction::MemberLeft { user_id, new_owner_id: None }) => format!("{name} {user_id}"),
        Some(ChangeAction::RoleChanged { user_id, role, previous_role }) => {
            format!("{name} {user_id} from {previous_role} to {role}")
        }
        Some(ChangeAction::GroupDeleted) | None => name.to_owned(),
    }
}
