//! The data stored as JSON, in every format that was ever written.
//!
//! The types here belong to the store, so that a change to the domain's types cannot change the
//! stored data. A published format is never edited: a new format gets a new number and its own
//! module.

use groups_domain::{Actor, Change, Rejection, UserId};

mod answer_1;
mod answer_2;
mod answer_3;
mod change_1;
mod change_2;
mod change_3;
mod decoded;

pub(crate) use self::decoded::{Answer, Columns};

/// Encodes a change without its columns, in the lowest format that can represent it.
pub(crate) fn encode_change(change: &Change) -> Result<(i16, String), serde_json::Error> {
    if change.group.join_policy.is_closed() {
        match change.actor {
            Actor::Member(_) => {
                if let Some(stored) = change_1::Change::of(change) {
                    return Ok((1, serde_json::to_string(&stored)?));
                }
            }
            Actor::Operator(_) => {
                if let Some(stored) = change_2::Change::of(change) {
                    return Ok((2, serde_json::to_string(&stored)?));
                }
            }
        }
    }
    Ok((3, serde_json::to_string(&change_3::Change::of(change))?))
}

/// Decodes a change from its columns and its text.
pub(crate) fn decode_change(columns: Columns, format: i16, payload: &str) -> Result<Change, String> {
    match format {
        1 => {
            let stored: change_1::Change = serde_json::from_str(payload).map_err(|error| error.to_string())?;
            Ok(stored.into_change(columns))
        }
        2 => {
            let stored: change_2::Change = serde_json::from_str(payload).map_err(|error| error.to_string())?;
            Ok(stored.into_change(columns))
        }
        3 => {
            let stored: change_3::Change = serde_json::from_str(payload).map_err(|error| error.to_string())?;
            Ok(stored.into_change(columns))
        }
        unknown => Err(format!("format {unknown} is unknown to this version")),
    }
}

/// Encodes an answer, in the lowest format that can represent it.
pub(crate) fn encode_answer(answer: &Answer) -> Result<(i16, String), serde_json::Error> {
    if let Some(stored) = answer_3::Answer::of(answer) {
        return Ok((3, serde_json::to_string(&stored)?));
    }
    let in_format_2 = match answer {
        Answer::Rejected(Rejection::TooManyGroups { user_id, groups_max }) => {
            Some(answer_2::Answer::TooManyGroups { user_id: user_id.uuid(), groups_max: *groups_max })
        }
        Answer::Rejected(Rejection::CannotBeAdded { user_id }) => {
            Some(answer_2::Answer::CannotBeAdded { user_id: user_id.uuid() })
        }
        _ => None,
    };
    if let Some(stored) = in_format_2 {
        return Ok((2, serde_json::to_string(&stored)?));
    }
    let no_format = || serde::ser::Error::custom("no format can say this answer");
    let stored = answer_1::Answer::of(answer).ok_or_else(no_format)?;
    match answer.left_out() {
        [] => Ok((1, serde_json::to_string(&stored)?)),
        people => {
            let left_out = people.iter().map(Into::into).collect();
            Ok((2, serde_json::to_string(&answer_2::Answer::Partly { answer: stored, left_out })?))
        }
    }
}

/// Decodes an answer from its text.
pub(crate) fn decode_answer(format: i16, text: &str) -> Result<Answer, String> {
    match format {
        1 => {
            let stored: answer_1::Answer = serde_json::from_str(text).map_err(|error| error.to_string())?;
            stored.try_into()
        }
        2 => match serde_json::from_str(text).map_err(|error| error.to_string())? {
            answer_2::Answer::Partly { answer, left_out } => {
                let answer: Answer = answer.try_into()?;
                Ok(answer.leaving_out(left_out.into_iter().map(Into::into).collect()))
            }
            answer_2::Answer::TooManyGroups { user_id, groups_max } => {
                Ok(Answer::Rejected(Rejection::TooManyGroups { user_id: UserId::new(user_id), groups_max }))
            }
            answer_2::Answer::CannotBeAdded { user_id } => {
                Ok(Answer::Rejected(Rejection::CannotBeAdded { user_id: UserId::new(user_id) }))
            }
        },
        3 => {
            let stored: answer_3::Answer = serde_json::from_str(text).map_err(|error| error.to_string())?;
            stored.try_into()
        }
        unknown => Err(format!("format {unknown} is unknown to this version")),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use groups_domain::{
        ChangeKind, Description, DisplayName, Group, GroupId, GroupName, JoinPolicy, LeftOut, Membership, NewMember,
        Obstacle, Role, Rule, Succession, Timestamp, Version,
    };
    use uuid::Uuid;

    use super::*;
    use crate::MemberRow;

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
            ChangeKind::SettingsChanged {
                name: Some(GroupName::parse("Crew").unwrap()),
                description: None,
                join_policy: None,
            },
            ChangeKind::MembersAdded { members },
            ChangeKind::MemberRemoved { user_id },
            ChangeKind::MemberLeft { successor: None },
            ChangeKind::MemberLeft { successor: Some(succession) },
            ChangeKind::RoleChanged { user_id, role: Role::Admin, previous_role: Role::Member },
            ChangeKind::OwnershipTransferred { successor: succession, previous_owner_id: None },
            ChangeKind::GroupDeleted,
        ];
        kinds.into_iter().map(|kind| Change { group: group(), actor: Actor::Member(COLUMNS.actor_id), kind }).collect()
    }

    fn group() -> Group {
        Group {
            group_id: COLUMNS.group_id,
            name: GroupName::parse("Team \"Ä\"").unwrap(),
            description: Description::parse("").unwrap(),
            owner_id: COLUMNS.actor_id,
            join_policy: JoinPolicy::Closed,
            member_count: 3,
            version: COLUMNS.version,
            created_at: Timestamp::from_unix_millis(1_600_000_000_000),
            updated_at: COLUMNS.at,
        }
    }

    #[test]
    fn changes_of_format_1_match_the_golden_file() {
        let golden: Vec<(i16, String)> =
            include_str!("payload/changes_1.jsonl").lines().map(|line| (1, line.to_owned())).collect();
        let written: Vec<(i16, String)> = changes().iter().map(|change| encode_change(change).unwrap()).collect();
        assert_eq!(written, golden, "format 1 is published: write another format instead");
        let read: Vec<Change> =
            golden.iter().map(|(format, line)| decode_change(COLUMNS, *format, line).unwrap()).collect();
        assert_eq!(read, changes());
    }

    /// Every kind of change by an operator, and finally a transfer of somebody else's ownership.
    fn changes_by_an_operator() -> Vec<Change> {
        let mut changes = changes();
        let successor = Succession { user_id: UserId::new(Uuid::from_u128(3)), previous_role: Role::Member };
        let previous_owner_id = Some(UserId::new(Uuid::from_u128(4)));
        let kind = ChangeKind::OwnershipTransferred { successor, previous_owner_id };
        changes.push(Change { group: group(), actor: COLUMNS.actor_id.into(), kind });
        changes.iter_mut().for_each(|change| change.actor = Actor::Operator(COLUMNS.actor_id));
        changes
    }

    #[test]
    fn changes_of_format_2_match_the_golden_file() {
        let golden: Vec<(i16, String)> =
            include_str!("payload/changes_2.jsonl").lines().map(|line| (2, line.to_owned())).collect();
        let changes = changes_by_an_operator();
        let written: Vec<(i16, String)> = changes.iter().map(|change| encode_change(change).unwrap()).collect();
        assert_eq!(written, golden, "format 2 is published: write another format instead");
        let read: Vec<Change> =
            golden.iter().map(|(format, line)| decode_change(COLUMNS, *format, line).unwrap()).collect();
        assert_eq!(read, changes);
    }

    /// In the order of the golden file.
    fn answers() -> Vec<Answer> {
        let user_id = UserId::new(Uuid::from_u128(3));
        let membership = Membership {
            user_id,
            role: Role::Admin,
            joined_at: Timestamp::from_unix_millis(1_650_000_000_000),
            joined_version: Version::new(4),
        };
        let name = Some(DisplayName::parse("Bob \"B\"").unwrap());
        let member = Some(MemberRow { membership, name });
        let (group_id, version) = (COLUMNS.group_id, COLUMNS.version);
        let rejections = [
            Rejection::GroupNotFound,
            Rejection::GroupExists,
            Rejection::MemberNotFound { user_id },
            Rejection::AlreadyMember { user_id },
            Rejection::InvalidRole,
            Rejection::TooManyMembers { would_be: 1_001, members_max: 1_000 },
            Rejection::VersionMismatch { expected: Version::new(6), current: version },
        ];
        let by_rules =
            Rule::ALL.iter().flat_map(|rule| [Rejection::Forbidden(*rule), Rejection::OwnerMustTransfer(*rule)]);
        let executed = [
            Answer::Changed {
                group_id,
                version,
                role: Some(Role::Owner),
                member: member.clone(),
                left_out: Vec::new(),
            },
            Answer::Changed { group_id, version, role: None, member: None, left_out: Vec::new() },
            Answer::Unchanged {
                group: group(),
                role: Some(Role::Member),
                member,
                standing: None,
                left_out: Vec::new(),
            },
        ];
        executed.into_iter().chain(rejections.into_iter().chain(by_rules).map(Answer::Rejected)).collect()
    }

    #[test]
    fn answers_of_format_1_match_the_golden_file() {
        let answers = answers();
        let golden: Vec<&str> = include_str!("payload/answers_1.jsonl").lines().collect();
        let written: Vec<(i16, String)> = answers.iter().map(|answer| encode_answer(answer).unwrap()).collect();
        let golden: Vec<(i16, String)> = golden.into_iter().map(|line| (1, line.to_owned())).collect();
        assert_eq!(written, golden, "format 1 is published: write another format instead");
        let read: Vec<Answer> = golden.iter().map(|(format, line)| decode_answer(*format, line).unwrap()).collect();
        assert_eq!(read, answers);
    }

    /// In the order of the golden file.
    fn answers_that_leave_out() -> Vec<Answer> {
        let user_id = UserId::new(Uuid::from_u128(3));
        let (group_id, version, role) = (COLUMNS.group_id, COLUMNS.version, Some(Role::Admin));
        let left_out = vec![
            LeftOut { user_id, obstacle: Obstacle::TooManyGroups },
            LeftOut { user_id: COLUMNS.actor_id, obstacle: Obstacle::NotAllowed },
        ];
        vec![
            Answer::Changed { group_id, version, role, member: None, left_out: left_out.clone() },
            Answer::Unchanged { group: group(), role, member: None, standing: None, left_out },
            Answer::Rejected(Rejection::TooManyGroups { user_id, groups_max: 10_000 }),
            Answer::Rejected(Rejection::CannotBeAdded { user_id }),
        ]
    }

    #[test]
    fn answers_of_format_2_match_the_golden_file() {
        let answers = answers_that_leave_out();
        let written: Vec<(i16, String)> = answers.iter().map(|answer| encode_answer(answer).unwrap()).collect();
        let golden: Vec<(i16, String)> =
            include_str!("payload/answers_2.jsonl").lines().map(|line| (2, line.to_owned())).collect();
        assert_eq!(written, golden, "format 2 is published: write another format instead");
        let read: Vec<Answer> = golden.iter().map(|(format, line)| decode_answer(*format, line).unwrap()).collect();
        assert_eq!(read, answers);
    }

    #[test]
    fn unreadable_payloads_are_errors_that_say_why() {
        let (_, line) = encode_change(&changes()[0]).unwrap();
        assert!(decode_change(COLUMNS, 4, &line).unwrap_err().contains("format 4"));
        assert!(decode_change(COLUMNS, 1, &line[1..]).is_err());
        assert!(decode_answer(1, "{}").is_err());
        assert!(decode_answer(2, "{}").is_err());
        assert!(decode_change(COLUMNS, 3, "{}").is_err() && decode_answer(3, "{}").is_err());
        assert!(decode_answer(4, "{}").unwrap_err().contains("format 4"));
        let unknown = r#"{"rejected":{"forbidden":{"rule":"no-such-rule"}}}"#;
        assert!(decode_answer(1, unknown).unwrap_err().contains("no-such-rule"));
    }
}
