//! Format 2 of answers: format 1 with the member whom the order was about.

use super::v1::{Group, Role};
use super::{AnswerOutcome, Deserialize, GroupId, MemberRow, Membership, Serialize, Timestamp, UserId, Uuid, Version};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Changed { group_id: Uuid, version: u64, role: Option<Role>, member: Option<Member> },
    Unchanged { group: Group, role: Option<Role>, member: Option<Member> },
}

#[derive(Serialize, Deserialize)]
pub(super) struct Member {
    user_id: Uuid,
    role: Role,
    joined_at: i64,
    joined_version: u64,
    name: Option<String>,
}

impl From<&super::Answer> for Answer {
    fn from(answer: &super::Answer) -> Self {
        // All fields are named, so that a new one demands a new format.
        let super::Answer { role, member, outcome } = answer;
        let (role, member) = (role.map(Into::into), member.as_ref().map(Into::into));
        match outcome {
            AnswerOutcome::Changed { group_id, version } => {
                Self::Changed { group_id: group_id.uuid(), version: version.get(), role, member }
            }
            AnswerOutcome::Unchanged(group) => Self::Unchanged { group: group.into(), role, member },
        }
    }
}

impl From<Answer> for super::Answer {
    fn from(answer: Answer) -> Self {
        let (role, member, outcome) = match answer {
            Answer::Changed { group_id, version, role, member } => {
                let (group_id, version) = (GroupId::new(group_id), Version::new(version));
                (role, member, AnswerOutcome::Changed { group_id, version })
            }
            Answer::Unchanged { group, role, member } => (role, member, AnswerOutcome::Unchanged(group.into())),
        };
        Self { role: role.map(Into::into), member: member.map(Into::into), outcome }
    }
}

impl From<&MemberRow> for Member {
    fn from(row: &MemberRow) -> Self {
        let MemberRow { membership: Membership { user_id, role, joined_at, joined_version }, name } = row;
        Self {
            user_id: user_id.uuid(),
            role: (*role).into(),
            joined_at: joined_at.unix_millis(),
            joined_version: joined_version.get(),
            name: name.clone(),
        }
    }
}

impl From<Member> for MemberRow {
    fn from(member: Member) -> Self {
        let membership = Membership {
            user_id: UserId::new(member.user_id),
            role: member.role.into(),
            joined_at: Timestamp::from_unix_millis(member.joined_at),
            joined_version: Version::new(member.joined_version),
        };
        Self { membership, name: member.name }
    }
}
