//! What is asked of the store, and what it answers.

use groups_domain::{Change, Command, Group, LeftOut, NewMember, Request, Role};

use crate::MemberRow;
use crate::intake::{Flow, Size};

/// A request with what makes a repetition of it harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Who wants what.
    pub request: Request,
    /// The key under which a repetition is known; without one, a repetition is a new request.
    pub idempotency: Option<Idempotency>,
}

impl Order {
    /// Rows of every order, however few people it names: the actor's membership, the group, its log, the usage.
    const ROWS_MIN: u32 = 4;

    /// Whose turn it is to have it executed.
    pub(crate) fn flow(&self) -> Flow {
        Flow::Actor(self.request.actor.user_id())
    }

    /// How much work it is, at most.
    pub(crate) fn size(&self) -> Size {
        let (members, text_bytes) = match &self.request.command {
            Command::CreateGroup { name, description, members, owner_id: _ } => {
                (members.len(), name.as_str().len() + description.as_str().len())
            }
            Command::AddMembers(members) => (members.len(), 0),
            Command::UpdateSettings { name, description } => {
                let name = name.as_ref().map_or(0, |name| name.as_str().len());
                (1, name + description.as_ref().map_or(0, |description| description.as_str().len()))
            }
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

/// A key chosen by the client. It belongs to the actor: two actors may use the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key itself.
    pub key: String,
    /// A digest of what was asked for, to tell a repetition from another request under the same key.
    pub fingerprint: [u8; 32],
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// What happened.
    pub outcome: Outcome,
    /// The group after it.
    pub group: Group,
    /// The actor's role after it; `None` where they are no longer a member.
    pub role: Option<Role>,
    /// Of an order that adds one person or changes one person's role: that person, after it, under the name last heard of then.
    /// `None` for all other orders.
    pub member: Option<MemberRow>,
    /// Of an order that adds a list of people: those who could not join, in the order of the list.
    pub left_out: Vec<LeftOut>,
    /// Whether this is the answer to an earlier order with the same idempotency key.
    pub replayed: bool,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The group has a new version.
    Changed(Change),
    /// Everything was as asked for already.
    Unchanged,
}
