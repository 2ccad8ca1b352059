//! How groups, members and changes are shown.

use std::io;

use groups_client::{ChangeAction, ChangeRecord, Group, Member};

use crate::output::Format;

pub(super) fn groups(groups: &[Group], format: Format) -> io::Result<()> {
    format.list(groups, ["GROUP", "NAME", "ROLE", "MEMBERS", "VERSION"], |group| {
        [
            group.group_id.to_string(),
            group.name.to_string(),
            role(group),
            group.member_count.to_string(),
            group.version.to_string(),
        ]
    })
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
        Some(ChangeAction::SettingsChanged { name: group, description }) => {
            let group = group.as_ref().map(|group| format!(" name '{group}'")).unwrap_or_default();
            let description = if description.is_some() { " description" } else { "" };
            format!("{name}{group}{description}")
        }
        Some(ChangeAction::MemberAdded(member)) => format!("{name} {} as {}", member.user_id, member.role),
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
