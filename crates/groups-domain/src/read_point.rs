//! Which commits of a log a read has seen.

use alloc::vec::Vec;

/// The set of commits that a read has seen. Commit `c` was seen if and only if `c < below` and `c` is not in `except`.
///
/// Databases number commits before they become visible, so a commit can appear after one with a higher number. The
/// commits in `except` were still in progress during the read.
///
/// A value without invariants: every combination of the fields is valid, so the struct is exhaustive.
///
/// ```
/// use groups_domain::ReadPoint;
///
/// let read = ReadPoint { below: 10, except: vec![7] };
/// assert!(read.sees(6) && !read.sees(7) && read.sees(9) && !read.sees(10));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadPoint {
    /// Commits from here on were not seen.
    pub below: u64,
    /// Commits below that were not seen either.
    pub except: Vec<u64>,
}

impl ReadPoint {
    /// Whether the read has seen this commit.
    pub fn sees(&self, commit: u64) -> bool {
        commit < self.below && !self.except.contains(&commit)
    }

    /// The lowest commit that the read has not seen.
    pub fn first_unseen(&self) -> u64 {
        self.except.iter().copied().fold(self.below, u64::min)
    }

    /// Whether `later` is the same read or a later one, and so has seen everything that this read has seen.
    ///
    /// The read points of one database are ordered: neither `below` nor the set of seen commits ever shrinks.
    pub fn is_within(&self, later: &Self) -> bool {
        self.below <= later.below && later.except.iter().all(|commit| !self.sees(*commit))
    }
}
