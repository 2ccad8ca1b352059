//! What is recorded of an executed order: the source of its answer, now and for a retry.

use groups_domain::{Change, ChangeKind, Command, Group, LeftOut, Request, Role, Standing};

use crate::{Executed, MemberRow, Outcome};

/// The parts of an answer, as the stored formats have them.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    /// The group after the order.
    pub(crate) group: Group,
    /// `None`: a no-op.
    pub(crate) change: Option<Change>,
    /// The actor's role after the order.
    pub(crate) role: Option<Role>,
    /// The one member whom the command names, if the answer shows them.
    pub(crate) member: Option<MemberRow>,
    /// What the user whom the command names is, if a no-op shows it.
    pub(crate) standing: Option<Standing>,
    pub(crate) left_out: Vec<LeftOut>,
}

impl Recorded {
    /// The answer to a request. `None` if it cannot be the result of the request's command.
    pub(crate) fn answer(self, request: &Request, replayed: bool) -> Option<Executed> {
        let Self { group, change, role, member, standing, left_out } = self;
        let outcome = match change {
            Some(change) => changed(&request.command, change, member, left_out)?,
            None => unchanged(&request.command, member, standing, left_out)?,
        };
        Some(Executed { outcome, group, standing: crate::Standing::new(request.actor, role), replayed })
    }
}

fn changed(command: &Command, change: Change, member: Option<MemberRow>, left_out: Vec<LeftOut>) -> Option<Outcome> {
    Some(match (&change.kind, command) {
        (ChangeKind::GroupCreated { .. }, Command::CreateGroup { .. }) => Outcome::GroupCreated { change },
        (ChangeKind::SettingsChanged { .. }, Command::UpdateSettings { .. }) => Outcome::SettingsUpdated { change },
        (ChangeKind::MembersAdded { .. }, Command::AddMember(_)) => Outcome::MemberAdded { member: member?, change },
        (ChangeKind::MembersAdded { members }, Command::AddMembers(_)) => {
            Outcome::MembersAdded { added: members.clone(), left_out, change }
        }
        (ChangeKind::MemberRemoved { .. }, Command::RemoveMember { .. }) => Outcome::MemberRemoved { change },
        (ChangeKind::MemberLeft { .. }, Command::RemoveMember { .. } | Command::Leave { .. }) => {
            Outcome::Left { change }
        }
        (ChangeKind::RoleChanged { .. }, Command::ChangeRole { .. }) => {
            Outcome::RoleChanged { member: member?, change }
        }
        (ChangeKind::OwnershipTransferred { .. }, Command::ChangeRole { .. }) => {
            Outcome::OwnershipTransferred { new_owner: member?, change }
        }
        (ChangeKind::GroupDeleted, Command::DeleteGroup) => Outcome::GroupDeleted { change },
        (
            ChangeKind::Joined { .. },
            Command::AcceptInvitation
            | Command::Join { .. }
            | Command::UseLink { .. }
            | Command::ApproveJoinRequest { .. }
            | Command::Invite { .. },
        ) => Outcome::Joined { member: member?, change },
        (ChangeKind::Invited { .. }, Command::Invite { .. }) => Outcome::Invited { change },
        (
            ChangeKind::InvitationEnded { .. },
            Command::WithdrawInvitation { .. } | Command::DeclineInvitation | Command::ExpireInvitation { .. },
        ) => Outcome::InvitationEnded { change },
        (ChangeKind::JoinRequested { .. }, Command::Join { .. } | Command::UseLink { .. }) => {
            Outcome::JoinRequested { change }
        }
        (ChangeKind::JoinRequestEnded { .. }, Command::WithdrawJoinRequest | Command::DeclineJoinRequest { .. }) => {
            Outcome::JoinRequestEnded { change }
        }
        (ChangeKind::Banned { .. }, Command::Ban { .. }) => Outcome::Banned { change },
        (ChangeKind::Unbanned { .. }, Command::Unban { .. }) => Outcome::Unbanned { change },
        (ChangeKind::LinkCreated { .. }, Command::CreateLink { .. }) => Outcome::LinkCreated { change },
        (ChangeKind::LinksRevoked { .. }, Command::RevokeLink { .. } | Command::RevokeLinks) => {
            Outcome::LinksRevoked { change }
        }
        // All kinds are listed, so that a new kind gets an outcome.
        (
            ChangeKind::GroupCreated { .. }
            | ChangeKind::SettingsChanged { .. }
            | ChangeKind::MembersAdded { .. }
            | ChangeKind::MemberRemoved { .. }
            | ChangeKind::MemberLeft { .. }
            | ChangeKind::RoleChanged { .. }
            | ChangeKind::OwnershipTransferred { .. }
            | ChangeKind::GroupDeleted
            | ChangeKind::Joined { .. }
            | ChangeKind::Invited { .. }
            | ChangeKind::InvitationEnded { .. }
            | ChangeKind::JoinRequested { .. }
            | ChangeKind::JoinRequestEnded { .. }
            | ChangeKind::Banned { .. }
            | ChangeKind::Unbanned { .. }
            | ChangeKind::LinkCreated { .. }
            | ChangeKind::LinksRevoked { .. },
            _,
        ) => return None,
    })
}

fn unchanged(
    command: &Command,
    member: Option<MemberRow>,
    standing: Option<Standing>,
    left_out: Vec<LeftOut>,
) -> Option<Outcome> {
    match command {
        Command::UpdateSettings { .. } => Some(Outcome::SettingsUnchanged),
        Command::AddMembers(_) => Some(Outcome::NobodyAdded { left_out }),
        Command::ChangeRole { .. } => Some(Outcome::RoleUnchanged { member: member? }),
        Command::Invite { .. } => match standing? {
            Standing::Invited(invitation) => Some(Outcome::AlreadyInvited { invitation }),
            Standing::Requested(_) | Standing::Banned(_) => None,
        },
        Command::Ban { .. } => match standing? {
            Standing::Banned(ban) => Some(Outcome::AlreadyBanned { ban }),
            Standing::Invited(_) | Standing::Requested(_) => None,
        },
        Command::ExpireInvitation { .. } => Some(Outcome::NothingExpired),
        Command::Unban { .. } => Some(Outcome::NotBanned),
        Command::CreateLink { .. } => Some(Outcome::LinkExists),
        Command::RevokeLinks => Some(Outcome::NoLinks),
        Command::AcceptInvitation => Some(Outcome::AlreadyIn { member: member? }),
        Command::Join { .. } | Command::UseLink { .. } => {
            Some(member.map_or(Outcome::AlreadyRequested, |member| Outcome::AlreadyIn { member }))
        }
        // These always change something, or are rejected.
        Command::CreateGroup { .. }
        | Command::AddMember(_)
        | Command::RemoveMember { .. }
        | Command::Leave { .. }
        | Command::DeleteGroup
        | Command::WithdrawInvitation { .. }
        | Command::ApproveJoinRequest { .. }
        | Command::DeclineJoinRequest { .. }
        | Command::RevokeLink { .. }
        | Command::DeclineInvitation
        | Command::WithdrawJoinRequest => None,
    }
}
