//! A piece of the list, from groups that are already encoded.

use groups_domain::Pending;
use serde::Serialize;

use crate::{GroupTexts, InvitationBody, JoinRequestBody, pending_bodies};

/// [`ServerMessage::Snapshot`](crate::ServerMessage::Snapshot) as JSON. `pending` are the user's
/// invitations and requests to join. They are in the last piece only, so that `None` means that another
/// piece follows.
pub fn snapshot_text(groups: &GroupTexts, pending: Option<&[Pending]>, cursor: &str) -> String {
    #[derive(Serialize)]
    struct Rest<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        invitations: Option<Vec<InvitationBody<'a>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        requests: Option<Vec<JoinRequestBody<'a>>>,
        more: bool,
        cursor: &'a str,
    }
    let (invitations, requests) = pending.map(pending_bodies).unzip();
    let rest = Rest { invitations, requests, more: pending.is_none(), cursor };
    #[expect(clippy::expect_used, reason = "our own types serialize to memory without I/O or non-string map keys")]
    let rest = serde_json::to_string(&rest).expect("a message serializes to JSON");
    format!("{{\"type\":\"snapshot\",\"groups\":[{}],{}", groups.as_str(), rest.trim_start_matches('{'))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use groups_domain::{
        Description, Group, GroupId, GroupName, JoinPolicy, PendingKind, Preview, Role, Timestamp, UserId, Version,
    };
    use uuid::Uuid;

    use super::*;
    use crate::{GroupBody, ServerMessage, group_text};

    fn group(number: u128) -> Group {
        Group {
            group_id: GroupId::new(Uuid::from_u128(number)),
            owner_id: UserId::new(Uuid::from_u128(1)),
            join_policy: JoinPolicy::Request,
            member_count: 2,
            version: Version::new(3),
            created_at: Timestamp::from_unix_millis(0),
            updated_at: Timestamp::from_unix_millis(1),
            name: GroupName::from_stored("\"Team\" {}".to_owned()),
            description: Description::from_stored(String::new()),
        }
    }

    #[test]
    fn a_piece_of_encoded_groups_is_the_message_that_serde_encodes() {
        let groups = [(group(8), Role::Owner), (group(7), Role::Member)];
        let invitation = Pending {
            group: Preview::from(&group(9)),
            version: Version::new(4),
            at: Timestamp::from_unix_millis(5),
            kind: PendingKind::Invitation {
                role: Role::Admin,
                invited_by: UserId::new(Uuid::from_u128(2)),
                expires_at: None,
            },
        };
        let pending = [invitation];
        for listed in [&groups[..], &[]] {
            for pending in [Some(&pending[..]), Some(&[]), None] {
                let texts = listed.iter().map(|(group, role)| (group_text(group), *role)).collect();
                let (invitations, requests) = pending.map(pending_bodies).unzip();
                let message = ServerMessage::Snapshot {
                    groups: listed.iter().map(|(group, role)| GroupBody::new(group, Some(*role))).collect(),
                    invitations,
                    requests,
                    more: pending.is_none(),
                    cursor: "a\"b".into(),
                };
                assert_eq!(snapshot_text(&texts, pending, "a\"b"), serde_json::to_string(&message).unwrap());
            }
        }
    }
}
