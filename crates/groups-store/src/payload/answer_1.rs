//! Format 1 of answers.

use super::change_1::Role;
use super::{
    AnswerOutcome, Description, Deserialize, GroupId, GroupName, MemberRow, Membership, Serialize, Timestamp, UserId,
    Uuid, Version,
};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Changed { group_id: Uuid, version: u64, role: Option<Role>, member: Option<Member> },
    Unchanged { group: Group, role: Option<Role>, member: Option<Member> },
}

#[derive(Serialize, Deserialize)]
pub(super) struct Group {
    group_id: Uuid,
    name: String,
    description: String,
    owner_id: Uuid,
    member_count: u32,
    version: u64,
    created_at: i64,
    updated_at: i64,
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

impl From<&super::Group> for Group {
    fn from(group: &super::Group) -> Self {
        let super::Group { group_id, name, description, owner_id, member_count, version, created_at, updated_at } =
            group;
        Self {
            group_id: group_id.uuid(),
            name: name.as_str().to_owned(),
            description: description.as_str().to_owned(),
            owner_id: owner_id.uuid(),
            member_count: *member_count,
            version: version.get(),
            created_at: created_at.unix_millis(),
            updated_at: updated_at.unix_millis(),
        }
    }
}

impl From<Group> for super::Group {
    fn from(group: Group) -> Self {
        Self {
            group_id: GroupId::new(group.group_id),
            name: GroupName::from_stored(group.name),
            description: Description::from_stored(group.description),
            owner_id: UserId::new(group.owner_id),
            member_count: group.member_count,
            version: Version::new(group.version),
            created_at: Timestamp::from_unix_millis(group.created_at),
            updated_at: Timestamp::from_unix_millis(group.updated_at),
        }
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
