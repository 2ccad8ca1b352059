//! A commit as text for the other servers, so that they need not read it from the log.
//!
//! ```text
//! commit 1 <store> <commit> <number of changes>
//! <seq> <group> <version> <actor> <at> <previous commit, or -> <format> <payload>
//! …
//! ```
//!
//! It is a hint. Servers of other versions take any text as "the log has grown", and so does this one
//! for a text that it does not understand.

use std::fmt::Write as _;

use uuid::Uuid;

use crate::column::{CommitId, Id};
use crate::payload::encode_change;
use crate::recent_commits::{Commit, CommittedChange};
use crate::row::LogRow;

/// Maximum length of a text in bytes. Longer commits are read from the log.
pub(crate) const ANNOUNCEMENT_BYTES_MAX: usize = 64 * 1024;

const HEAD: &str = "commit 1";

/// `None` if the commit is too long, or cannot be encoded.
pub(crate) fn encode(store: Uuid, commit: &Commit) -> Option<String> {
    let id = commit.changes.first()?.row.commit_id.0;
    let mut text = format!("{HEAD} {store} {id} {}", commit.changes.len());
    for CommittedChange { change, row, previous, .. } in &commit.changes {
        let (format, payload) = encode_change(change).ok()?;
        let LogRow { seq, group_id, version, actor_id, at, .. } = row;
        let previous = previous.map_or_else(|| "-".to_owned(), |previous| previous.to_string());
        let (group_id, actor_id) = (group_id.0, actor_id.0);
        write!(text, "\n{seq} {group_id} {version} {actor_id} {at} {previous} {format} {payload}").ok()?;
        if text.len() > ANNOUNCEMENT_BYTES_MAX {
            return None;
        }
    }
    Some(text)
}

/// The changes of a commit of this store; `None` for any other text.
pub(crate) fn decode(store: Uuid, text: &str) -> Option<Vec<CommittedChange>> {
    let mut lines = text.split('\n');
    let mut head = lines.next()?.strip_prefix(HEAD)?.strip_prefix(' ')?.split(' ');
    let is_ours = head.next()?.parse::<Uuid>().ok()? == store;
    let commit_id = CommitId(head.next()?.parse().ok()?);
    let count: usize = head.next()?.parse().ok()?;
    if !is_ours || head.next().is_some() {
        return None;
    }
    let changes: Vec<CommittedChange> = lines.map(|line| change(commit_id, line)).collect::<Option<_>>()?;
    (changes.len() == count && count > 0).then_some(changes)
}

fn change(commit_id: CommitId, line: &str) -> Option<CommittedChange> {
    let mut fields = line.splitn(8, ' ');
    let seq = fields.next()?.parse().ok()?;
    let group_id = Id(fields.next()?.parse().ok()?);
    let version = fields.next()?.parse().ok()?;
    let actor_id = Id(fields.next()?.parse().ok()?);
    let at = fields.next()?.parse().ok()?;
    let previous = match fields.next()? {
        "-" => None,
        previous => Some(previous.parse().ok()?),
    };
    let format = fields.next()?.parse().ok()?;
    let payload = fields.next()?.to_owned();
    let payload_bytes = payload.len();
    let row = LogRow { seq, commit_id, group_id, version, actor_id, at, format, payload };
    let change = row.change().ok()?;
    let row = LogRow { format: 0, payload: String::new(), ..row };
    Some(CommittedChange { change, row, previous, payload_bytes })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
mod tests {
    use groups_domain::{Command, Decision, Facts, GroupId, Limits, NewMember, Request, Timestamp, UserId};

    use super::*;

    const STORE: Uuid = Uuid::from_u128(7);

    fn commit(members: u128) -> Commit {
        let request = Request {
            group_id: GroupId::new(Uuid::from_u128(1)),
            actor: UserId::new(Uuid::from_u128(2)).into(),
            at: Timestamp::from_unix_millis(1_700_000_000_000),
            expected_version: None,
            command: match Command::create("Zeile\u{a0}🦀 \"a\"", "two lines").unwrap() {
                Command::CreateGroup { name, description, .. } => {
                    let members = (0..members).map(|more| NewMember::plain(UserId::new(Uuid::from_u128(100 + more))));
                    Command::CreateGroup { name, description, members: members.collect(), owner_id: None }
                }
                other => other,
            },
        };
        let Ok(Decision::Change(change)) = groups_domain::decide(&Facts::nothing(Limits::default()), &request) else {
            panic!("a group is created")
        };
        let one = |seq, previous| {
            let mut change = CommittedChange::new(change.clone(), 0, CommitId(90));
            (change.row.seq, change.previous) = (seq, previous);
            change
        };
        Commit {
            epoch: 0,
            is_own: true,
            added_at: std::time::Instant::now(),
            changes: vec![one(3, None), one(4, Some(80))],
        }
    }

    #[test]
    fn an_announced_commit_is_the_same_on_the_other_server() {
        let commit = commit(3);
        let decoded = decode(STORE, &encode(STORE, &commit).unwrap()).unwrap();
        let fields = |changes: &[CommittedChange]| -> Vec<_> {
            changes.iter().map(|one| (one.change.clone(), one.row.clone(), one.previous)).collect()
        };
        assert_eq!(fields(&decoded), fields(&commit.changes));
        assert!(decoded.iter().all(|one| one.payload_bytes > 100));
    }

    #[test]
    fn a_long_commit_is_not_announced() {
        assert!(encode(STORE, &commit(400)).is_some());
        assert!(encode(STORE, &commit(1_000)).is_none());
    }

    #[test]
    fn other_texts_are_not_commits() {
        let text = encode(STORE, &commit(1)).unwrap();
        assert!(decode(Uuid::nil(), &text).is_none(), "of another database");
        for other in ["", "commit", "commit 1", "commit 2", &text.replace("commit 1", "commit 2"), &format!("{text}\n")]
        {
            assert!(decode(STORE, other).is_none(), "{other}");
        }
        for (at, _) in text.char_indices().skip(1) {
            assert!(decode(STORE, &text[..at]).is_none(), "cut off after {at} bytes");
        }
    }
}
