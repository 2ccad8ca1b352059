//! PostgreSQL snapshots: which transactions a read has seen.

use groups_domain::ReadPoint;

/// `pg_snapshot`
/// (<https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT>), reduced
/// to what the log needs.
///
/// After a crash, ids that were used without a durable commit (a NOTIFY, a rollback) may be
/// assigned again. So the known range ends after the newest commit in the log, which is durable.
/// Transactions with a higher id are not in the log, and count as not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// The lowest transaction id that was still running; all below it had ended.
    xmin: u64,
    /// One past the highest id that had ended; from here on none is seen.
    xmax: u64,
    /// The ids in between that were still running.
    running: Vec<u64>,
    /// One past the newest commit in the log that the snapshot sees.
    known: u64,
}

impl Snapshot {
    /// Reads `xmin:xmax:running,running…`; `known` is one past the newest commit of the log that it
    /// sees.
    pub(super) fn parse(text: &str, known: u64) -> Option<Self> {
        let mut parts = text.split(':');
        let (xmin, xmax, running) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
        let running = running.split(',').filter(|id| !id.is_empty()).map(str::parse).collect::<Result<_, _>>().ok()?;
        parts.next().is_none().then_some(Self { xmin, xmax, running, known })
    }

    /// What is known at a position, or by a reader that has processed all commits below one, except
    /// these.
    pub(super) fn of_known(below: u64, except: Vec<u64>) -> Self {
        let xmin = except.first().map_or(below, |first| below.min(*first));
        Self { xmin, xmax: below, running: except, known: below }
    }

    /// Sees what either of the two sees.
    pub(super) fn union(&self, other: &Self) -> Self {
        let (lower, higher) = if self.end() <= other.end() { (self, other) } else { (other, self) };
        Self::of_known(higher.end(), higher.running().filter(|id| !lower.sees(*id)).collect())
    }

    /// Whether it sees all that the other sees.
    pub(super) fn includes(&self, other: &Self) -> bool {
        other.end() <= self.end() && self.running().all(|id| !other.sees(id))
    }

    /// Adds a commit that was processed although it is newer than the snapshot.
    pub(super) fn learn(&mut self, commit: u64) {
        let end = self.end();
        self.running.retain(|id| *id < end && *id != commit);
        self.running.extend(end..commit);
        let end = end.max(commit + 1);
        let xmin = self.running.first().copied().unwrap_or(end);
        (self.xmin, self.xmax, self.known) = (xmin, end, end);
    }

    pub(super) fn sees(&self, commit: u64) -> bool {
        commit < self.end() && !self.running.contains(&commit)
    }

    /// One past the last commit that is seen.
    pub(super) fn end(&self) -> u64 {
        self.known.min(self.xmax)
    }

    /// The ids below the end that were still running.
    pub(super) fn running(&self) -> impl Iterator<Item = u64> {
        let end = self.end();
        self.running.iter().copied().filter(move |id| *id < end)
    }

    pub(super) fn read_point(&self) -> ReadPoint {
        ReadPoint { below: self.end(), except: self.running().collect() }
    }
}

impl std::fmt::Display for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:", self.xmin, self.xmax)?;
        for (index, id) in self.running.iter().enumerate() {
            write!(f, "{}{id}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_point_ends_at_the_newest_commit_of_the_log() -> Result<(), &'static str> {
        // 14 was a NOTIFY, 15 was rolled back, 11 and 16 are still running.
        let snapshot = Snapshot::parse("11:17:11,16", 14).ok_or("it is well-formed")?;
        assert_eq!(snapshot.read_point(), ReadPoint { below: 14, except: vec![11] });
        assert_eq!(snapshot.to_string(), "11:17:11,16");
        Ok(())
    }

    #[test]
    fn a_commit_that_is_learned_is_seen_and_those_before_it_stay_unknown() -> Result<(), &'static str> {
        let mut snapshot = Snapshot::parse("11:17:11,16", 14).ok_or("it is well-formed")?;
        snapshot.learn(16);
        assert_eq!(snapshot.read_point(), ReadPoint { below: 17, except: vec![11, 14, 15] });
        snapshot.learn(11);
        assert_eq!(snapshot.read_point(), ReadPoint { below: 17, except: vec![14, 15] });
        snapshot.learn(17);
        assert_eq!(snapshot.read_point(), ReadPoint { below: 18, except: vec![14, 15] });
        assert_eq!(snapshot.to_string(), "14:18:14,15");
        Ok(())
    }

    #[test]
    fn a_union_sees_what_either_sees_and_includes_both() {
        let snapshots = [(0, vec![]), (12, vec![]), (12, vec![3, 5]), (12, vec![5, 11]), (9, vec![5, 7]), (9, vec![])];
        let snapshots = snapshots.map(|(below, except)| Snapshot::of_known(below, except));
        for (one, other) in snapshots.iter().flat_map(|one| snapshots.iter().map(move |other| (one, other))) {
            let union = one.union(other);
            for id in 0..15 {
                assert_eq!(union.sees(id), one.sees(id) || other.sees(id), "{id} of {one:?} and {other:?}");
            }
            assert!(union.includes(one) && union.includes(other), "{one:?} and {other:?}");
            assert_eq!(one.includes(other), (0..15).all(|id| one.sees(id) || !other.sees(id)), "{one:?} and {other:?}");
        }
    }

    #[test]
    fn a_read_point_does_not_extend_past_the_end_of_the_snapshot() -> Result<(), &'static str> {
        let snapshot = Snapshot::parse("11:17:", 20).ok_or("it is well-formed")?;
        assert_eq!(snapshot.read_point(), ReadPoint { below: 17, except: Vec::new() });
        assert_eq!(Snapshot::parse("11:17", 20), None);
        Ok(())
    }
}
