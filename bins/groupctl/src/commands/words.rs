//! Events in words.

use groups_client::{ActionBody, Effect, EventBody, GroupEvent, InvitationEnd, JoinRequestEnd, LeaveReason, Role, Via};

/// Who did what, in one sentence.
pub(super) fn described(event: &GroupEvent) -> String {
    let words = action(event);
    // Nobody: an invitation has expired, the user was erased, or plain members are not told who it was.
    if event.actor_id.uuid().is_nil() {
        return words;
    }
    let operator = if event.operator { " (operator)" } else { "" };
    let name = event.actor_name.as_ref().map(|name| format!("{name} ")).unwrap_or_default();
    format!("{name}{}{operator} {words}", event.actor_id)
}

fn action(event: &GroupEvent) -> String {
    match (&event.effect, &event.body) {
        (Effect::Entered { group, .. }, Some(EventBody::GroupCreated { .. })) => format!("created '{}'", group.name),
        (Effect::Entered { group, role }, Some(EventBody::AddedToGroup { via: Some(via), .. })) => {
            entered(&group.name, *role, *via)
        }
        (Effect::Entered { group, role }, _) => format!("added you to '{}' as {role}", group.name),
        (Effect::RoleChanged { group, role }, _) => format!("made you {role} of '{}'", group.name),
        (Effect::Left { group_name }, body) => match body {
            Some(EventBody::GroupDeleted { .. }) => format!("deleted '{group_name}'"),
            Some(EventBody::RemovedFromGroup { reason: LeaveReason::Left, .. }) => format!("left '{group_name}'"),
            Some(EventBody::RemovedFromGroup { reason: LeaveReason::Banned, .. }) => {
                format!("banned you from '{group_name}'")
            }
            _ => format!("removed you from '{group_name}'"),
        },
        (Effect::Updated { group }, Some(EventBody::GroupUpdated { action, .. })) => updated(action, &group.name),
        (Effect::Updated { group }, _) => format!("changed '{}'", group.name),
        (Effect::Invited { invitation }, _) => {
            let until = invitation.expires_at.as_ref().map(|at| format!(", until {at}")).unwrap_or_default();
            format!("invited you to '{}' as {}{until}", invitation.group.name, invitation.role)
        }
        (Effect::JoinRequested { request }, _) => format!("asked to join '{}'", request.group.name),
        (Effect::InvitationEnded { group_name }, body) => match body {
            Some(EventBody::InvitationEnded { reason, .. }) => match reason {
                InvitationEnd::Withdrawn => format!("withdrew your invitation to '{group_name}'"),
                InvitationEnd::Declined => format!("declined the invitation to '{group_name}'"),
                InvitationEnd::Expired => format!("your invitation to '{group_name}' has expired"),
                InvitationEnd::Banned => format!("ended your invitation to '{group_name}' with a ban"),
            },
            _ => format!("ended your invitation to '{group_name}'"),
        },
        (Effect::JoinRequestEnded { group_name }, body) => match body {
            Some(EventBody::JoinRequestEnded { reason, .. }) => match reason {
                JoinRequestEnd::Declined => format!("declined your request to join '{group_name}'"),
                JoinRequestEnd::Withdrawn => format!("took back the request to join '{group_name}'"),
                JoinRequestEnd::Banned => format!("ended your request to join '{group_name}' with a ban"),
            },
            _ => format!("ended your request to join '{group_name}'"),
        },
    }
}

/// How the user has entered a group without being added.
fn entered(group: &str, role: Role, via: Via) -> String {
    match via {
        Via::Request => format!("approved your request to join '{group}' as {role}"),
        Via::Invitation => format!("accepted the invitation to '{group}' as {role}"),
        Via::Link => format!("joined '{group}' as {role} with a link"),
        Via::Open => format!("joined '{group}' as {role}"),
    }
}

fn updated(action: &ActionBody<'_>, group: &str) -> String {
    match action {
        ActionBody::MemberAdded { user_id, role, via: None } => format!("added {user_id} as {role} to '{group}'"),
        ActionBody::MemberAdded { user_id, role, via: Some(Via::Request) } => {
            format!("approved the request of {user_id} to join '{group}' as {role}")
        }
        ActionBody::MemberAdded { role, via: Some(via), .. } => entered(group, *role, *via),
        ActionBody::MembersAdded { count, .. } => format!("added {count} members to '{group}'"),
        ActionBody::MemberRemoved { user_id } => format!("removed {user_id} from '{group}'"),
        ActionBody::MemberLeft { new_owner_id: Some(owner), .. } => {
            format!("made {owner} the owner of, and left, '{group}'")
        }
        ActionBody::MemberLeft { .. } => format!("left '{group}'"),
        ActionBody::RoleChanged { user_id, role } => format!("made {user_id} {role} of '{group}'"),
        ActionBody::OwnerChanged { user_id } => format!("made {user_id} the owner of '{group}'"),
        ActionBody::SettingsChanged => format!("changed the settings of '{group}'"),
        ActionBody::AccessChanged => format!("an admin or somebody outside changed who can enter '{group}'"),
        ActionBody::Invited { user_id, role, .. } => format!("invited {user_id} as {role} to '{group}'"),
        ActionBody::InvitationEnded { user_id, reason } => match reason {
            InvitationEnd::Declined => format!("declined the invitation to '{group}'"),
            InvitationEnd::Expired => format!("the invitation of {user_id} to '{group}' has expired"),
            InvitationEnd::Withdrawn | InvitationEnd::Banned => {
                format!("withdrew the invitation of {user_id} to '{group}'")
            }
        },
        ActionBody::JoinRequested { message, .. } => {
            let message = message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
            format!("asked to join '{group}'{message}")
        }
        ActionBody::JoinRequestEnded { user_id, reason } => match reason {
            JoinRequestEnd::Withdrawn => format!("took back the request to join '{group}'"),
            JoinRequestEnd::Declined | JoinRequestEnd::Banned => {
                format!("declined the request of {user_id} to join '{group}'")
            }
        },
        ActionBody::Banned { user_id, reason } => {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("banned {user_id} from '{group}'{reason}")
        }
        ActionBody::Unbanned { user_id } => format!("lifted the ban of {user_id} from '{group}'"),
        ActionBody::LinkCreated { role, .. } => format!("created a link into '{group}' for the role {role}"),
        ActionBody::LinkRevoked { link_ids, .. } if link_ids.len() == 1 => format!("revoked a link into '{group}'"),
        ActionBody::LinkRevoked { link_ids, .. } => format!("revoked {} links into '{group}'", link_ids.len()),
    }
}
