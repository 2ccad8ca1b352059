//! What is recorded of an executed order: the source of its answer, now and for a retry.

use groups_domain::{Change, ChangeKind, Command, Group, LeftOut, Request, Role};

use crate::{Executed, MemberRow, Outcome, Standing};

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
    pub(crate) left_out: Vec<LeftOut>,
}

impl Recorded {
    /// The answer to a request. `None` if it cannot be the result of the request's command.
    pub(crate) fn answer(self, request: &Request, replayed: bool) -> Option<Executed> {
        let Self { group, change, role, member, left_out } = self;
        let outcome = match change {
            Some(change) => changed(&request.command, change, member, left_out)?,
            None => unchanged(&request.command, member, left_out)?,
        };
        Some(Executed { outcome, group, standing: Standing::new(request.actor, role), replayed })
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
        // All kinds are listed, so that a new kind gets an outcome.
        (
            ChangeKind::GroupCreated { .. }
            | ChangeKind::SettingsChanged { .. }
            | ChangeKind::MembersAdded { .. }
            | ChangeKind::MemberRemoved { .. }
            | ChangeKind::MemberLeft { .. }
            | ChangeKind::RoleChanged { .. }
            | ChangeKind::OwnershipTransferred { .. }
            | ChangeKind::GroupDeleted,
            _,
        ) => return None,
    })
}

fn unchanged(command: &Command, member: Option<MemberRow>, left_out: Vec<LeftOut>) -> Option<Outcome> {
    match command {
        Command::UpdateSettings { .. } => Some(Outcome::SettingsUnchanged),
        Command::AddMembers(_) => Some(Outcome::NobodyAdded { left_out }),
        Command::ChangeRole { .. } => Some(Outcome::RoleUnchanged { member: member? }),
        // These always change something, or are rejected.
        Command::CreateGroup { .. }
        | Command::AddMember(_)
        | Command::RemoveMember { .. }
        | Command::Leave { .. }
        | Command::DeleteGroup => None,
    }
}
