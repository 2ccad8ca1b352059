//! What is stored as JSON, in every format that was ever written.
//!
//! The types here are the store's own, so that a change of the domain's types cannot change what is stored. A format is never
//! edited once published: a new one gets a new number and its own module.

use groups_domain::{
    Change, ChangeKind, Description, Group, GroupId, GroupName, NewMember, Role, Succession, Timestamp, UserId, Version,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The format that is written.
pub(crate) const FORMAT: i16 = 1;

/// What the columns beside the payload say of a change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    pub(crate) group_id: GroupId,
    pub(crate) version: Version,
    pub(crate) actor_id: UserId,
    pub(crate) at: Timestamp,
}

/// A change as text, without what its columns say.
pub(crate) fn encode_change(change: &Change) -> Result<String, serde_json::Error> {
    serde_json::to_string(&v1::Change::from(change))
}

/// A change from its columns and its text.
pub(crate) fn decode_change(columns: Columns, format: i16, payload: &str) -> Result<Change, String> {
    match format {
        1 => {
            let stored: v1::Change = serde_json::from_str(payload).map_err(|error| error.to_string())?;
            Ok(stored.into_change(columns))
        }
        unknown => Err(format!("format {unknown} is not known to this version")),
    }
}

/// What an order with an idempotency key was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) role: Option<Role>,
    pub(crate) outcome: AnswerOutcome,
}

/// The change itself stands in the log already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AnswerOutcome {
    Changed { group_id: GroupId, version: Version },
    Unchanged(Group),
}

/// An answer as text.
pub(crate) fn encode_answer(answer: &Answer) -> Result<String, serde_json::Error> {
    serde_json::to_string(&v1::Answer::from(answer))
}

/// An answer from its text.
pub(crate) fn decode_answer(format: i16, text: &str) -> Result<Answer, String> {
    match format {
        1 => {
            let stored: v1::Answer = serde_json::from_str(text).map_err(|error| error.to_string())?;
            Ok(stored.into())
        }
        unknown => Err(format!("format {unknown} is not known to this version")),
    }
}

/// Format 1.
mod v1 {
    use super::{
        AnswerOutcome, ChangeKind, Columns, Description, Deserialize, GroupId, GroupName, Serialize, Timestamp, UserId,
        Uuid, Version,
    };

    #[derive(Serialize, Deserialize)]
    pub(super) struct Change {
        name: String,
        description: String,
        owner_id: Uuid,
        member_count: u32,
        created_at: i64,
        kind: Kind,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        GroupCreated { members: Vec<Member> },
        SettingsChanged { name: Option<String>, description: Option<String> },
        MembersAdded { members: Vec<Member> },
        MemberRemoved { user_id: Uuid },
        MemberLeft { successor: Option<Member> },
        RoleChanged { user_id: Uuid, role: Role, previous_role: Role },
        OwnershipTransferred { user_id: Uuid, previous_role: Role },
        GroupDeleted,
    }

    /// Who, and the role that they get; a successor's is the one they had.
    #[derive(Serialize, Deserialize)]
    struct Member(Uuid, Role);

    #[derive(Clone, Copy, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub(super) enum Role {
        Member,
        Admin,
        Owner,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub(super) enum Answer {
        Changed { group_id: Uuid, version: u64, role: Option<Role> },
        Unchanged { group: Group, role: Option<Role> },
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

    impl From<groups_domain::Role> for Role {
        fn from(role: groups_domain::Role) -> Self {
            match role {
                groups_domain::Role::Member => Self::Member,
                groups_domain::Role::Admin => Self::Admin,
                groups_domain::Role::Owner => Self::Owner,
            }
        }
    }

    impl From<Role> for groups_domain::Role {
        fn from(role: Role) -> Self {
            match role {
                Role::Member => Self::Member,
                Role::Admin => Self::Admin,
                Role::Owner => Self::Owner,
            }
        }
    }

    impl From<&super::NewMember> for Member {
        fn from(member: &super::NewMember) -> Self {
            Self(member.user_id.uuid(), member.role.into())
        }
    }

    impl From<Member> for super::NewMember {
        fn from(Member(user_id, role): Member) -> Self {
            Self { user_id: UserId::new(user_id), role: role.into() }
        }
    }

    impl From<&super::Change> for Change {
        fn from(change: &super::Change) -> Self {
            // All fields are named, so that a new one demands a new format.
            let super::Change { group, actor_id: _, kind } = change;
            let super::Group {
                group_id: _,
                name,
                description,
                owner_id,
                member_count,
                version: _,
                created_at,
                updated_at: _,
            } = group;
            Self {
                name: name.as_str().to_owned(),
                description: description.as_str().to_owned(),
                owner_id: owner_id.uuid(),
                member_count: *member_count,
                created_at: created_at.unix_millis(),
                kind: kind.into(),
            }
        }
    }

    impl Change {
        pub(super) fn into_change(self, columns: Columns) -> super::Change {
            let group = super::Group {
                group_id: columns.group_id,
                name: GroupName::from_stored(self.name),
                description: Description::from_stored(self.description),
                owner_id: UserId::new(self.owner_id),
                member_count: self.member_count,
                version: columns.version,
                created_at: Timestamp::from_unix_millis(self.created_at),
                updated_at: columns.at,
            };
            super::Change { group, actor_id: columns.actor_id, kind: self.kind.into() }
        }
    }

    impl From<&ChangeKind> for Kind {
        fn from(kind: &ChangeKind) -> Self {
            let all = |members: &[super::NewMember]| members.iter().map(Member::from).collect();
            match kind {
                ChangeKind::GroupCreated { members } => Self::GroupCreated { members: all(members) },
                ChangeKind::SettingsChanged { name, description } => Self::SettingsChanged {
                    name: name.as_ref().map(|name| name.as_str().to_owned()),
                    description: description.as_ref().map(|description| description.as_str().to_owned()),
                },
                ChangeKind::MembersAdded { members } => Self::MembersAdded { members: all(members) },
                ChangeKind::MemberRemoved { user_id } => Self::MemberRemoved { user_id: user_id.uuid() },
                ChangeKind::MemberLeft { successor } => Self::MemberLeft {
                    successor: successor.map(|to| Member(to.user_id.uuid(), to.previous_role.into())),
                },
                ChangeKind::RoleChanged { user_id, role, previous_role } => Self::RoleChanged {
                    user_id: user_id.uuid(),
                    role: (*role).into(),
                    previous_role: (*previous_role).into(),
                },
                ChangeKind::OwnershipTransferred(to) => {
                    Self::OwnershipTransferred { user_id: to.user_id.uuid(), previous_role: to.previous_role.into() }
                }
                ChangeKind::GroupDeleted => Self::GroupDeleted,
            }
        }
    }

    impl From<Kind> for ChangeKind {
        fn from(kind: Kind) -> Self {
            let all = |members: Vec<Member>| members.into_iter().map(Into::into).collect();
            let succession = |user_id, previous_role: Role| super::Succession {
                user_id: UserId::new(user_id),
                previous_role: previous_role.into(),
            };
            match kind {
                Kind::GroupCreated { members } => Self::GroupCreated { members: all(members) },
                Kind::SettingsChanged { name, description } => Self::SettingsChanged {
                    name: name.map(GroupName::from_stored),
                    description: description.map(Description::from_stored),
                },
                Kind::MembersAdded { members } => Self::MembersAdded { members: all(members) },
                Kind::MemberRemoved { user_id } => Self::MemberRemoved { user_id: UserId::new(user_id) },
                Kind::MemberLeft { successor } => {
                    Self::MemberLeft { successor: successor.map(|Member(user_id, role)| succession(user_id, role)) }
                }
                Kind::RoleChanged { user_id, role, previous_role } => Self::RoleChanged {
                    user_id: UserId::new(user_id),
                    role: role.into(),
                    previous_role: previous_role.into(),
                },
                Kind::OwnershipTransferred { user_id, previous_role } => {
                    Self::OwnershipTransferred(succession(user_id, previous_role))
                }
                Kind::GroupDeleted => Self::GroupDeleted,
            }
        }
    }

    impl From<&super::Answer> for Answer {
        fn from(answer: &super::Answer) -> Self {
            let role = answer.role.map(Into::into);
            match &answer.outcome {
                AnswerOutcome::Changed { group_id, version } => {
                    Self::Changed { group_id: group_id.uuid(), version: version.get(), role }
                }
                AnswerOutcome::Unchanged(group) => Self::Unchanged { group: group.into(), role },
            }
        }
    }

    impl From<Answer> for super::Answer {
        fn from(answer: Answer) -> Self {
            match answer {
                Answer::Changed { group_id, version, role } => Self {
                    role: role.map(Into::into),
                    outcome: AnswerOutcome::Changed {
                        group_id: GroupId::new(group_id),
                        version: Version::new(version),
                    },
                },
                Answer::Unchanged { group, role } => {
                    Self { role: role.map(Into::into), outcome: AnswerOutcome::Unchanged(group.into()) }
                }
            }
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
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const COLUMNS: Columns = Columns {
        group_id: GroupId::new(Uuid::from_u128(1)),
        version: Version::new(7),
        actor_id: UserId::new(Uuid::from_u128(2)),
        at: Timestamp::from_unix_millis(1_700_000_000_000),
    };

    /// Every kind of change, in the order of the golden file.
    fn changes() -> Vec<Change> {
        let user_id = UserId::new(Uuid::from_u128(3));
        let members = vec![NewMember { user_id, role: Role::Admin }, NewMember::plain(COLUMNS.actor_id)];
        let succession = Succession { user_id, previous_role: Role::Member };
        let kinds = [
            ChangeKind::GroupCreated { members: members.clone() },
            ChangeKind::SettingsChanged { name: Some(GroupName::parse("Crew").unwrap()), description: None },
            ChangeKind::MembersAdded { members },
            ChangeKind::MemberRemoved { user_id },
            ChangeKind::MemberLeft { successor: None },
            ChangeKind::MemberLeft { successor: Some(succession) },
            ChangeKind::RoleChanged { user_id, role: Role::Admin, previous_role: Role::Member },
            ChangeKind::OwnershipTransferred(succession),
            ChangeKind::GroupDeleted,
        ];
        kinds.into_iter().map(|kind| Change { group: group(), actor_id: COLUMNS.actor_id, kind }).collect()
    }

    fn group() -> Group {
        Group {
            group_id: COLUMNS.group_id,
            name: GroupName::parse("Team \"Ä\"").unwrap(),
            description: Description::parse("").unwrap(),
            owner_id: COLUMNS.actor_id,
            member_count: 3,
            version: COLUMNS.version,
            created_at: Timestamp::from_unix_millis(1_600_000_000_000),
            updated_at: COLUMNS.at,
        }
    }

    #[test]
    fn changes_of_format_1_are_written_and_read_as_ever() {
        let golden: Vec<&str> = include_str!("payload/changes_1.jsonl").lines().collect();
        let written: Vec<String> = changes().iter().map(|change| encode_change(change).unwrap()).collect();
        assert_eq!(written, golden, "format 1 is published: write another format instead");
        let read: Vec<Change> = golden.iter().map(|line| decode_change(COLUMNS, 1, line).unwrap()).collect();
        assert_eq!(read, changes());
    }

    #[test]
    fn answers_of_format_1_are_written_and_read_as_ever() {
        let (group_id, version) = (COLUMNS.group_id, COLUMNS.version);
        let answers = [
            Answer { role: Some(Role::Owner), outcome: AnswerOutcome::Changed { group_id, version } },
            Answer { role: None, outcome: AnswerOutcome::Changed { group_id, version } },
            Answer { role: Some(Role::Member), outcome: AnswerOutcome::Unchanged(group()) },
        ];
        let golden: Vec<&str> = include_str!("payload/answers_1.jsonl").lines().collect();
        let written: Vec<String> = answers.iter().map(|answer| encode_answer(answer).unwrap()).collect();
        assert_eq!(written, golden, "format 1 is published: write another format instead");
        let read: Vec<Answer> = golden.iter().map(|line| decode_answer(1, line).unwrap()).collect();
        assert_eq!(read, answers);
    }

    #[test]
    fn what_cannot_be_read_is_said_and_not_guessed() {
        let line = encode_change(&changes()[0]).unwrap();
        assert!(decode_change(COLUMNS, 2, &line).unwrap_err().contains("format 2"));
        assert!(decode_change(COLUMNS, 1, &line[1..]).is_err());
        assert!(decode_answer(1, "{}").is_err());
    }
}
