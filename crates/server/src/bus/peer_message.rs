//! Messages between servers as text.

use groups_domain::{GroupId, UserId};
use uuid::Uuid;

/// A message to the other servers. Each may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeerMessage {
    /// A user started or stopped typing.
    Typing { group_id: GroupId, user_id: UserId, typing: bool },
    /// There is a new revocation in the database.
    Revoked,
    /// The number of WebSocket connections of a server.
    Connections { server: Uuid, count: u64 },
}

impl PeerMessage {
    #[cfg_attr(
        not(any(feature = "postgres", feature = "nats")),
        expect(dead_code, reason = "there are no other servers")
    )]
    pub(super) fn to_text(self) -> String {
        match self {
            Self::Typing { group_id, user_id, typing } => format!("typing {group_id} {user_id} {}", u8::from(typing)),
            Self::Revoked => "revoked".to_owned(),
            Self::Connections { server, count } => format!("connections {server} {count}"),
        }
    }

    /// `None` if the text is not a known message: another version of this program may send other
    /// messages.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let kind = words.next()?;
        let mut id = || words.next()?.parse::<Uuid>().ok();
        match kind {
            "typing" => {
                let (group_id, user_id) = (GroupId::new(id()?), UserId::new(id()?));
                let typing = match words.next()? {
                    "0" => false,
                    "1" => true,
                    _ => return None,
                };
                Some(Self::Typing { group_id, user_id, typing })
            }
            "revoked" => Some(Self::Revoked),
            "connections" => {
                let server = id()?;
                Some(Self::Connections { server, count: words.next()?.parse().ok()? })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_a_round_trip() {
        let (group_id, user_id) = (GroupId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
        for message in [
            PeerMessage::Typing { group_id, user_id, typing: true },
            PeerMessage::Typing { group_id, user_id, typing: false },
            PeerMessage::Revoked,
            PeerMessage::Connections { server: Uuid::from_u128(3), count: 17 },
        ] {
            assert_eq!(PeerMessage::parse(&message.to_text()), Some(message));
        }
    }

    #[test]
    fn unknown_messages_of_other_versions_are_ignored() {
        let id = Uuid::nil();
        for text in [
            "",
            "typing",
            "read a b 1",
            &format!("typing {id} {id}"),
            &format!("typing {id} {id} 2"),
            &format!("connections {id}"),
            &format!("connections {id} many"),
        ] {
            assert_eq!(PeerMessage::parse(text), None, "{text}");
        }
    }
}
