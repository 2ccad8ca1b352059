//! How invitations, requests to join, bans and links are shown.

use std::io;

use groups_client::{
    Ban, CreatedLink, GroupInvitation, GroupJoinRequest, Invitation, JoinRequest, Link, LinkPreview, Preview,
};

use crate::output::{Format, line, to_json};

/// The calling user's invitations and requests to join.
pub(in crate::commands) fn pending(
    invitations: &[Invitation],
    requests: &[JoinRequest],
    format: Format,
) -> io::Result<()> {
    if format == Format::Json {
        return line(&to_json(&serde_json::json!({"invitations": invitations, "requests": requests}))?);
    }
    let invited = invitations.iter().map(|invitation| {
        let expires = time(invitation.expires_at.as_ref());
        [
            &invitation.group.group_id.to_string(),
            &*invitation.group.name,
            &as_role(invitation),
            &invitation.at,
            &expires,
        ]
        .map(str::to_owned)
    });
    let asked = requests.iter().map(|request| {
        [&request.group.group_id.to_string(), &*request.group.name, ASKED, &request.at, "-"].map(str::to_owned)
    });
    let rows: Vec<_> = invited.chain(asked).collect();
    format.list(&rows, ["GROUP", "NAME", "STATE", "SINCE", "EXPIRES"], Clone::clone)
}

/// What a request to join is in a list of groups.
pub(in crate::commands) const ASKED: &str = "asked to join";

/// What an invitation is in a list of groups.
pub(in crate::commands) fn as_role(invitation: &Invitation) -> String {
    format!("invited as {}", invitation.role)
}

pub(in crate::commands) fn group_invitations(invitations: &[GroupInvitation], format: Format) -> io::Result<()> {
    format.list(invitations, ["USER", "ROLE", "BY", "AT", "EXPIRES", "NAME"], |invitation| {
        [
            invitation.user_id.to_string(),
            invitation.role.to_string(),
            invitation.invited_by.to_string(),
            invitation.at.clone(),
            time(invitation.expires_at.as_ref()),
            text(invitation.name.as_ref().map(|name| name.as_str())),
        ]
    })
}

pub(in crate::commands) fn group_invitation(invitation: &GroupInvitation, format: Format) -> io::Result<()> {
    format.one(
        invitation,
        [
            ("user", invitation.user_id.to_string()),
            ("role", invitation.role.to_string()),
            ("by", invitation.invited_by.to_string()),
            ("at", invitation.at.clone()),
            ("expires", time(invitation.expires_at.as_ref())),
        ],
    )
}

pub(in crate::commands) fn group_requests(requests: &[GroupJoinRequest], format: Format) -> io::Result<()> {
    format.list(requests, ["USER", "ROLE", "AT", "NAME", "MESSAGE"], |request| {
        [
            request.user_id.to_string(),
            request.role.to_string(),
            request.at.clone(),
            text(request.name.as_ref().map(|name| name.as_str())),
            text(request.message.as_deref()),
        ]
    })
}

pub(in crate::commands) fn bans(bans: &[Ban], format: Format) -> io::Result<()> {
    format.list(bans, ["USER", "BY", "AT", "NAME", "REASON"], |ban| {
        [
            ban.user_id.to_string(),
            ban.banned_by.to_string(),
            ban.at.clone(),
            text(ban.name.as_ref().map(|name| name.as_str())),
            text(ban.reason.as_deref()),
        ]
    })
}

pub(in crate::commands) fn ban(ban: &Ban, format: Format) -> io::Result<()> {
    format.one(
        ban,
        [
            ("user", ban.user_id.to_string()),
            ("by", ban.banned_by.to_string()),
            ("at", ban.at.clone()),
            ("reason", text(ban.reason.as_deref())),
        ],
    )
}

pub(in crate::commands) fn links(links: &[Link], format: Format) -> io::Result<()> {
    format.list(links, ["LINK", "ROLE", "USES", "EXPIRES", "APPROVAL", "BY", "AT"], |link| {
        [
            link.link_id.to_string(),
            link.role.to_string(),
            uses(link),
            time(link.expires_at.as_ref()),
            approval(link.approval),
            link.created_by.to_string(),
            link.at.clone(),
        ]
    })
}

pub(in crate::commands) fn link(link: &Link, format: Format) -> io::Result<()> {
    let [id, role, used, expires, approval, by, at] = fields(link);
    format.one(link, [id, role, used, expires, approval, by, at])
}

/// With its token first, which cannot be shown again.
pub(in crate::commands) fn created_link(created: &CreatedLink, url: &str, format: Format) -> io::Result<()> {
    let [id, role, used, expires, approval, by, at] = fields(&created.link);
    let (token, url) = (("token", created.token.clone()), ("url", url.to_owned()));
    format.one(created, [token, url, id, role, used, expires, approval, by, at])
}

fn fields(link: &Link) -> [(&'static str, String); 7] {
    [
        ("link", link.link_id.to_string()),
        ("role", link.role.to_string()),
        ("uses", uses(link)),
        ("expires", time(link.expires_at.as_ref())),
        ("approval", approval(link.approval)),
        ("by", link.created_by.to_string()),
        ("at", link.at.clone()),
    ]
}

pub(in crate::commands) fn preview(preview: &LinkPreview, format: Format) -> io::Result<()> {
    let group = &preview.group;
    format.one(
        preview,
        [
            ("group", group.group_id.to_string()),
            ("name", group.name.to_string()),
            ("description", group.description.to_string()),
            ("members", group.member_count.to_string()),
            ("join policy", group.join_policy.to_string()),
            ("approval", approval(preview.approval)),
        ],
    )
}

pub(in crate::commands) fn directory(groups: &[Preview], format: Format) -> io::Result<()> {
    format.list(groups, ["GROUP", "NAME", "MEMBERS", "JOIN POLICY", "DESCRIPTION"], |group| {
        [
            group.group_id.to_string(),
            group.name.to_string(),
            group.member_count.to_string(),
            group.join_policy.to_string(),
            group.description.to_string(),
        ]
    })
}

fn uses(link: &Link) -> String {
    let most = link.uses_max.map(|most| format!(" of {most}")).unwrap_or_default();
    format!("{}{most}", link.uses)
}

fn approval(approval: bool) -> String {
    if approval { "yes" } else { "no" }.to_owned()
}

fn time(at: Option<&String>) -> String {
    at.map_or_else(|| "never".to_owned(), Clone::clone)
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}
