//! Typing indicators as text between servers.

use groups_domain::{GroupId, UserId};
use notify::Hub;
use uuid::Uuid;

/// A user started or stopped typing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Typing {
    pub(super) group_id: GroupId,
    pub(super) user_id: UserId,
    pub(super) typing: bool,
}

impl Typing {
    pub(super) fn to_text(self) -> String {
        format!("typing {} {} {}", self.group_id, self.user_id, u8::from(self.typing))
    }

    /// `None` if the text is not a typing event: another version of this program may send other
    /// messages.
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let id = |words: &mut std::str::Split<'_, char>| words.next()?.parse::<Uuid>().ok();
        if words.next()? != "typing" {
            return None;
        }
        let (group_id, user_id) = (GroupId::new(id(&mut words)?), UserId::new(id(&mut words)?));
        let typing = match words.next()? {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        Some(Self { group_id, user_id, typing })
    }

    pub(super) fn pass_on(text: &str, hub: &Hub) {
        if let Some(Self { group_id, user_id, typing }) = Self::parse(text) {
            hub.typing(group_id, user_id, typing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_messages_survive_a_round_trip() {
        for typing in [true, false] {
            let (group_id, user_id) = (GroupId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
            let told = Typing { group_id, user_id, typing };
            assert_eq!(Typing::parse(&told.to_text()), Some(told));
        }
    }

    #[test]
    fn unknown_messages_of_other_versions_are_ignored() {
        let id = Uuid::nil();
        for text in ["", "typing", "read a b 1", &format!("typing {id} {id}"), &format!("typing {id} {id} 2")] {
            assert_eq!(Typing::parse(text), None, "{text}");
        }
    }
}
