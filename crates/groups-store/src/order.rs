//! Orders: what a store executes.

use groups_domain::{Command, NewMember, Request};

use crate::intake::{Flow, Size};

/// A request with an optional idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The actor, the group and the command.
    pub request: Request,
    /// Identifies retries. `None`: a retry counts as a new request.
    pub idempotency: Option<Idempotency>,
}

impl Order {
    /// Rows that every order touches: the actor's membership, the group, its log, the usage.
    const ROWS_MIN: u32 = 4;

    /// The flow in which it is queued.
    pub(crate) fn flow(&self) -> Flow {
        Flow::Actor(self.request.actor.user_id())
    }

    /// An upper bound of the work.
    pub(crate) fn size(&self) -> Size {
        let (members, text_bytes) = match &self.request.command {
            Command::CreateGroup { name, description, members, owner_id: _ } => {
                (members.len(), name.as_str().len() + description.as_str().len())
            }
            Command::AddMembers(members) => (members.len(), 0),
            Command::UpdateSettings { name, description, join_policy: _ } => {
                let name = name.as_ref().map_or(0, |name| name.as_str().len());
                (1, name + description.as_ref().map_or(0, |description| description.as_str().len()))
            }
            Command::Join { message: note }
            | Command::UseLink { message: note, .. }
            | Command::Ban { reason: note, .. } => (1, note.as_str().len()),
            _ => (1, 0),
        };
        let key_bytes = self.idempotency.as_ref().map_or(0, |idempotency| idempotency.key.len());
        Size {
            rows: u32::try_from(members).unwrap_or(u32::MAX).saturating_add(Self::ROWS_MIN),
            bytes: size_of::<Self>() + members * size_of::<NewMember>() + text_bytes + key_bytes,
        }
    }
}

impl From<Request> for Order {
    fn from(request: Request) -> Self {
        Self { request, idempotency: None }
    }
}

/// A key chosen by the client, scoped to the actor: two actors may use the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key itself.
    pub key: String,
    /// A digest of the request, to tell a retry from a different request with the same key.
    pub fingerprint: [u8; 32],
}
