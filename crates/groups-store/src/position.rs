//! Positions in the log.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use std::collections::BTreeSet;
use std::fmt;

use groups_domain::{Change, ReadPoint};
use uuid::Uuid;

use crate::StoreError;
use crate::column::Id;
use crate::row::LogRow;

/// A position in the log of one database: the set of commits that its holder knows.
///
/// On SQLite commits are ordered, so one number is enough. On PostgreSQL they are not: some commits
/// below the number were still in progress, and the position lists them. If there are too many to
/// list, the position moves back to the first of them: resuming from there repeats changes but
/// never skips one.
///
/// It also names one change in the log as a witness. In a database that was restored to an earlier
/// state, that change is missing or differs, and the position is invalid.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Position {
    tag: u64,
    pub(crate) below: u64,
    /// Ascending.
    pub(crate) except: Vec<u64>,
    pub(crate) witness: Witness,
}

/// Identifies one row of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Witness {
    pub(crate) seq: u64,
    /// A hash of the row's content.
    check: u32,
}

/// The columns of a witness: number, group, version, actor and time.
pub(crate) type WitnessRow = (i64, Id, i64, Id, i64);

impl Witness {
    /// The witness of an empty log. Row numbers start at 1.
    pub(crate) const NONE: Self = Self { seq: 0, check: 0 };

    /// The check of a row whose actor was erased.
    const ERASED: u32 = 0;

    pub(crate) fn new((seq, group_id, version, actor_id, at): WitnessRow) -> Self {
        if actor_id.0.is_nil() {
            return Self { seq: u64::try_from(seq).unwrap_or(0), check: Self::ERASED };
        }
        // FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>), because stored positions rely on
        // it: the hash must never change.
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let ids = group_id.0.into_bytes().into_iter().chain(actor_id.0.into_bytes());
        let numbers = version.to_be_bytes().into_iter().chain(at.to_be_bytes());
        let hash = ids.chain(numbers).fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
        Self { seq: u64::try_from(seq).unwrap_or(0), check: (hash ^ (hash >> 32)) as u32 }
    }

    /// Whether the row that was found is the witness. If its actor was erased since, only its number
    /// can tell.
    pub(crate) fn is_confirmed_by(self, found: Self) -> bool {
        self == found || (self.seq == found.seq && found.check == Self::ERASED)
    }

    pub(crate) fn of(row: &LogRow) -> Self {
        Self::new((row.seq, row.group_id, row.version, row.actor_id, row.at))
    }
}

/// What a read has seen.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) point: ReadPoint,
    /// The newest change it has seen.
    pub(crate) witness: Witness,
}

/// Maximum number of commits that a position lists; with more it moves back to the first of them.
const EXCEPT_MAX: usize = 32;

/// Length of every encoded position in bytes. The numbers of a database that has been in use for
/// years take about 22 bytes. The rest has room for about as many commits in progress.
pub(crate) const ENCODED_BYTES: usize = 46;

impl Position {
    pub(crate) fn new(store: Uuid, seen: &ReadPoint, witness: Witness) -> Self {
        let mut except = seen.except.clone();
        except.sort_unstable();
        except.dedup();
        let first = except.first().copied().unwrap_or(seen.below);
        let tag = tag(store);
        if except.len() > EXCEPT_MAX {
            Self { tag, below: first, except: Vec::new(), witness }
        } else {
            Self { tag, below: seen.below, except, witness }
        }
    }

    /// Encodes the position for [`Cursors`](crate::Cursors). All encoded positions have the same
    /// length: one that does not fit moves back to the first commit that it does not know.
    pub(crate) fn encoded(&self) -> [u8; ENCODED_BYTES] {
        let mut bytes = [0; ENCODED_BYTES];
        if self.encode(&mut bytes).is_none() {
            bytes = [0; ENCODED_BYTES];
            let earlier = Self { below: self.first_unknown(), except: Vec::new(), ..self.clone() };
            // 32 bytes at most, so it fits.
            let _fits = earlier.encode(&mut bytes);
        }
        bytes
    }

    fn encode(&self, mut into: &mut [u8]) -> Option<()> {
        put(&mut into, &self.tag.to_be_bytes())?;
        put(&mut into, &self.witness.check.to_be_bytes())?;
        put_number(&mut into, self.below)?;
        put_number(&mut into, self.witness.seq)?;
        // From last to first, as distances. No distance is 0, because 0 terminates the list.
        let mut above = self.below;
        for commit in self.except.iter().rev() {
            put_number(&mut into, above.checked_sub(*commit).filter(|distance| *distance > 0)?)?;
            above = *commit;
        }
        Some(())
    }

    /// Decodes the output of [`encoded`](Self::encoded); `None` for other bytes.
    pub(crate) fn decoded(mut bytes: &[u8]) -> Option<Self> {
        let tag = u64::from_be_bytes(take(&mut bytes)?);
        let check = u32::from_be_bytes(take(&mut bytes)?);
        let (below, seq) = (take_number(&mut bytes)?, take_number(&mut bytes)?);
        let (mut except, mut above) = (Vec::new(), below);
        while let Some(distance) = take_number(&mut bytes).filter(|distance| *distance > 0) {
            above = above.checked_sub(distance)?;
            except.push(above);
        }
        except.reverse();
        Some(Self { tag, below, except, witness: Witness { seq, check } })
    }

    /// Encodes the whole position as text for the database.
    pub(crate) fn stored(&self) -> String {
        let Self { tag, below, except, witness: Witness { seq, check } } = self;
        let except: Vec<String> = except.iter().map(u64::to_string).collect();
        format!("1 {tag:016x} {below} {seq} {check:08x} {}", except.join(","))
    }

    /// Decodes the output of [`stored`](Self::stored); `None` for other text.
    pub(crate) fn from_stored(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("1 ")?.split(' ');
        let tag = u64::from_str_radix(parts.next()?, 16).ok()?;
        let below = parts.next()?.parse().ok()?;
        let seq = parts.next()?.parse().ok()?;
        let check = u32::from_str_radix(parts.next()?, 16).ok()?;
        let except = parts.next()?.split(',').filter(|commit| !commit.is_empty());
        let except: Vec<u64> = except.map(|commit| commit.parse().ok()).collect::<Option<_>>()?;
        let fits = parts.next().is_none()
            && except.len() <= EXCEPT_MAX
            && except.is_sorted_by(|one, next| one < next)
            && except.last().is_none_or(|last| *last < below);
        fits.then_some(Self { tag, below, except, witness: Witness { seq, check } })
    }

    /// Whether a consumer that resumes here repeats less than at `other`. Both positions belong to
    /// one consumer, which has processed everything that either of them covers.
    pub(crate) fn is_newer_than(&self, other: &Self) -> bool {
        let rank =
            |position: &Self| (position.first_unknown(), position.below, std::cmp::Reverse(position.except.len()));
        rank(self) > rank(other)
    }

    /// The commits that its holder knows.
    pub fn known(&self) -> ReadPoint {
        ReadPoint { below: self.below, except: self.except.clone() }
    }

    pub(crate) fn is_of(&self, store: Uuid) -> bool {
        self.tag == tag(store)
    }

    /// The first commit that is not known at this position.
    pub(crate) fn first_unknown(&self) -> u64 {
        self.except.first().map_or(self.below, |first| self.below.min(*first))
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Position(below {}, except {:?}, witness {})", self.below, self.except, self.witness.seq)
    }
}

fn put(into: &mut &mut [u8], bytes: &[u8]) -> Option<()> {
    let (head, rest) = std::mem::take(into).split_at_mut_checked(bytes.len())?;
    head.copy_from_slice(bytes);
    *into = rest;
    Some(())
}

/// Seven bits per byte, the lowest first (LEB128), so that small distances take one byte each.
fn put_number(into: &mut &mut [u8], mut number: u64) -> Option<()> {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            return put(into, &[low]);
        }
        put(into, &[low | 0x80])?;
    }
}

fn take<const COUNT: usize>(from: &mut &[u8]) -> Option<[u8; COUNT]> {
    let (head, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*head)
}

fn take_number(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = take(from)?;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn tag(store: Uuid) -> u64 {
    store.as_u64_pair().0 ^ store.as_u64_pair().1
}

/// One change in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// What happened.
    pub change: Change,
    /// The number of the commit that made it, for [`ReadPoint::sees`].
    pub commit: u64,
    /// The position right after this change.
    pub position: Position,
}

/// Entries in log order, and the first unreadable one, if any.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) entries: Vec<LogEntry>,
    pub(crate) failed: Option<StoreError>,
}

/// How much of the log is read in one batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchLimit {
    pub(crate) entries_max: u32,
    /// Payload bytes. The row that reaches this limit ends the batch.
    pub(crate) bytes_max: usize,
}

/// Whether commits become visible in the order of their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommitOrder {
    /// No row can appear before a row that was already read.
    #[cfg(feature = "sqlite")]
    Kept,
    /// A commit with a lower number may come later.
    #[cfg(feature = "postgres")]
    Free,
}

/// Converts rows to entries in log order. A consumer that has processed all of them, and the
/// commits of `rest`, knows everything that `seen` sees.
///
/// The position of each entry does not include the entries after it in this batch, nor `rest`.
pub(crate) fn entries(
    store: Uuid,
    rows: Vec<LogRow>,
    seen: &ReadPoint,
    rest: impl IntoIterator<Item = u64>,
    order: CommitOrder,
) -> Batch {
    let mut batch = Batch::default();
    let mut point = seen.clone();
    let mut unknown: BTreeSet<u64> = rest.into_iter().chain(seen.except.iter().copied()).collect();
    for row in rows.into_iter().rev() {
        let commit = row.commit_id.0;
        match order {
            #[cfg(feature = "sqlite")]
            CommitOrder::Kept => point.below = unknown.first().map_or(seen.below, |first| seen.below.min(*first)),
            // One more than a position can list is enough, as long as the first is included.
            #[cfg(feature = "postgres")]
            CommitOrder::Free => point.except = unknown.iter().copied().take(EXCEPT_MAX + 1).collect(),
        }
        match row.change() {
            Ok(change) => {
                let position = Position::new(store, &point, Witness::of(&row));
                batch.entries.push(LogEntry { change, commit, position });
            }
            Err(error) => batch.failed = Some(error),
        }
        unknown.insert(commit);
    }
    batch.entries.reverse();
    batch
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::column::CommitId;

    const STORE: Uuid = Uuid::from_u128(0x1234_5678_9abc_def0_0fed_cba9_8765_4321);

    const WITNESS: Witness = Witness { seq: 7, check: 0xa };

    fn seen(below: u64, except: &[u64]) -> ReadPoint {
        ReadPoint { below, except: except.to_vec() }
    }

    #[test]
    fn an_encoded_position_decodes_to_the_same_position() {
        for except in [&[][..], &[99], &[1, 50, 99]] {
            let position = Position::new(STORE, &seen(100, except), WITNESS);
            assert_eq!(Position::decoded(&position.encoded()), Some(position.clone()));
            assert!(position.is_of(STORE) && !position.is_of(Uuid::nil()));
            assert_eq!(position.first_unknown(), except.first().copied().unwrap_or(100));
        }
    }

    #[test]
    fn a_stored_position_round_trips_and_other_texts_are_rejected() {
        let far_apart: Vec<u64> = (1..=32).map(|commit| commit << 40).collect();
        for except in [&[][..], &[99], &[1, 50, 99], &far_apart] {
            let position = Position::new(STORE, &seen(u64::MAX, except), WITNESS);
            assert_eq!(Position::from_stored(&position.stored()), Some(position));
        }
        assert_eq!(
            Position::new(STORE, &seen(100, &[1, 50]), WITNESS).stored(),
            "1 1dd99dd11dd99dd1 100 7 0000000a 1,50"
        );
        for text in [
            "",
            "1 0 0",
            "2 0 100 7 a ",
            "1 0 100 7 a 100",
            "1 0 100 7 a 2,1",
            "1 0 100 7 a 1,1",
            "1 0 100 7 a 1 ",
            "1 0 x 7 a ",
        ] {
            assert_eq!(Position::from_stored(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_newer_position_repeats_fewer_commits() {
        let at = |below, except: &[u64]| Position::new(STORE, &seen(below, except), WITNESS);
        for (older, newer) in [
            (at(10, &[]), at(11, &[])),
            (at(100, &[50]), at(100, &[51])),
            (at(100, &[50, 60]), at(100, &[50])),
            (at(100, &[50]), at(200, &[50])),
            (at(50, &[]), at(100, &[50])),
            (at(51, &[]), at(200, &[60])),
        ] {
            assert!(newer.is_newer_than(&older) && !older.is_newer_than(&newer), "{older:?} {newer:?}");
            assert!(!newer.is_newer_than(&newer.clone()));
        }
    }

    #[test]
    fn an_encoded_position_that_does_not_fit_falls_back_to_its_first_unseen_commit() {
        let far_apart: Vec<u64> = (1..=16).map(|commit| commit << 40).collect();
        let position = Position::new(STORE, &seen(u64::MAX, &far_apart), WITNESS);
        let read = Position::decoded(&position.encoded()).unwrap();
        assert_eq!((read.below, read.except.as_slice(), read.witness), (1 << 40, &[][..], WITNESS));
    }

    #[test]
    fn many_adjacent_commits_fit_into_a_position_of_an_old_database() {
        let running: Vec<u64> = (0..20).map(|step| 3_000_000_000 + 3 * step).collect();
        let witness = Witness { seq: 2_000_000_000, check: u32::MAX };
        let position = Position::new(STORE, &seen(3_000_000_100, &running), witness);
        assert_eq!(Position::decoded(&position.encoded()), Some(position));
    }

    #[test]
    fn a_witness_is_stable_and_differs_between_rows() {
        let (group, actor) = (Id(Uuid::from_u128(1)), Id(Uuid::from_u128(2)));
        let row = (7, group, 3, actor, 1_700_000_000_000);
        assert_eq!(Witness::new(row), Witness { seq: 7, check: 0xaa87_94ed });
        for other in [
            (7, actor, 3, actor, 1_700_000_000_000),
            (7, group, 4, actor, 1_700_000_000_000),
            (7, group, 3, group, 1_700_000_000_000),
            (7, group, 3, actor, 1_700_000_000_001),
        ] {
            assert_ne!(Witness::new(other), Witness::new(row), "{other:?}");
        }
    }

    #[test]
    fn a_position_with_too_many_unseen_commits_falls_back_to_the_first_of_them() {
        let running: Vec<u64> = (40..=40 + EXCEPT_MAX as u64).collect();
        let position = Position::new(STORE, &seen(100, &running), WITNESS);
        assert_eq!((position.below, position.except.as_slice()), (40, &[][..]));
    }

    #[test]
    fn the_position_of_an_entry_covers_it_and_no_later_entry() {
        let row = |commit| {
            LogRow {
            seq: 0,
            commit_id: CommitId(commit),
            group_id: Id(Uuid::nil()),
            version: 1,
            actor_id: Id(Uuid::nil()),
            at: 0,
            format: 1,
            payload: r#"{"name":"","description":"","owner_id":"00000000-0000-0000-0000-000000000000","member_count":1,"created_at":0,"kind":"group_deleted"}"#.to_owned(),
        }
        };
        let commits = [12, 10, 10, 15];
        let rows: Vec<LogRow> = commits.into_iter().map(row).collect();
        let batch = entries(STORE, rows.clone(), &seen(20, &[11]), [14], CommitOrder::Free);
        let positions: Vec<_> =
            batch.entries.iter().map(|entry| (entry.position.below, entry.position.except.clone())).collect();
        let expected =
            [vec![10, 11, 14, 15], vec![10, 11, 14, 15], vec![11, 14, 15], vec![11, 14]].map(|except| (20, except));
        assert_eq!(positions, expected);

        let rows: Vec<LogRow> = [12, 13, 15].into_iter().map(row).collect();
        let batch = entries(STORE, rows, &seen(20, &[]), [], CommitOrder::Kept);
        let below: Vec<_> = batch.entries.iter().map(|entry| entry.position.below).collect();
        assert_eq!(below, [13, 15, 20]);
    }
}
