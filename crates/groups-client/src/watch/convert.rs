//! Between bodies and the types of the rules.

use groups_domain::{
    Description, GroupName, Note, ParseTimestampError, Pending, PendingKind, Preview as DomainPreview, SidebarRow,
};

use crate::access::{Invitation, JoinRequest, Preview};
use crate::body::Group;

pub(super) fn group(group: &Group) -> Result<groups_domain::Group, ParseTimestampError> {
    Ok(groups_domain::Group {
        group_id: group.group_id,
        name: GroupName::from_stored(group.name.clone().into_owned()),
        description: Description::from_stored(group.description.clone().into_owned()),
        owner_id: group.admin_id,
        join_policy: group.join_policy,
        member_count: group.member_count,
        version: group.version,
        created_at: group.created_at.parse()?,
        updated_at: group.updated_at.parse()?,
    })
}

pub(super) fn group_body(row: &SidebarRow) -> Group {
    let group = &row.group;
    Group {
        group_id: group.group_id,
        name: group.name.as_str().to_owned().into(),
        description: group.description.as_str().to_owned().into(),
        admin_id: group.owner_id,
        join_policy: group.join_policy,
        member_count: group.member_count,
        version: group.version,
        created_at: group.created_at.to_string(),
        updated_at: group.updated_at.to_string(),
        role: Some(row.role),
    }
}

pub(super) fn preview(preview: &Preview) -> DomainPreview {
    DomainPreview {
        group_id: preview.group_id,
        name: GroupName::from_stored(preview.name.clone().into_owned()),
        description: Description::from_stored(preview.description.clone().into_owned()),
        member_count: preview.member_count,
        join_policy: preview.join_policy,
    }
}

fn preview_body(preview: &DomainPreview) -> Preview {
    Preview {
        group_id: preview.group_id,
        name: preview.name.as_str().to_owned().into(),
        description: preview.description.as_str().to_owned().into(),
        member_count: preview.member_count,
        join_policy: preview.join_policy,
    }
}

pub(super) fn note(message: Option<&str>) -> Note {
    Note::from_stored(message.unwrap_or_default().to_owned())
}

pub(super) fn invitation(invitation: &Invitation) -> Result<Pending, ParseTimestampError> {
    let expires_at = invitation.expires_at.as_deref().map(str::parse).transpose()?;
    let (role, invited_by) = (invitation.role, invitation.invited_by);
    Ok(Pending {
        group: preview(&invitation.group),
        version: invitation.version,
        at: invitation.at.parse()?,
        kind: PendingKind::Invitation { role, invited_by, expires_at },
    })
}

pub(super) fn request(request: &JoinRequest) -> Result<Pending, ParseTimestampError> {
    Ok(Pending {
        group: preview(&request.group),
        version: request.version,
        at: request.at.parse()?,
        kind: PendingKind::JoinRequest { message: note(request.message.as_deref()) },
    })
}

pub(super) fn pending_bodies<'a>(pending: impl Iterator<Item = &'a Pending>) -> (Vec<Invitation>, Vec<JoinRequest>) {
    let (mut invitations, mut requests) = (Vec::new(), Vec::new());
    for Pending { group, version, at, kind } in pending {
        let (group, version, at) = (preview_body(group), *version, at.to_string());
        match kind {
            PendingKind::Invitation { role, invited_by, expires_at } => {
                let (role, invited_by, expires_at) = (*role, *invited_by, expires_at.map(|at| at.to_string()));
                invitations.push(Invitation { group, role, invited_by, at, expires_at, version });
            }
            PendingKind::JoinRequest { message } => {
                let message = (!message.is_empty()).then(|| message.as_str().to_owned().into());
                requests.push(JoinRequest { group, message, at, version });
            }
        }
    }
    (invitations, requests)
}
