//! How many file descriptors the process may have: each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More are not asked for, in case that there is no upper limit.
const DESCRIPTORS_MAX: u64 = 1 << 20;

/// Kept for the database, the log, and what else a process opens.
const RESERVED: u64 = 128;

/// The limit on descriptors, raised as far as the process may raise it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Descriptors {
    pub(crate) limit: u64,
    /// What it was before.
    pub(crate) before: u64,
}

impl Descriptors {
    /// Raises the soft limit to the hard one. Container runtimes and shells often leave 1,024, far below what the kernel allows.
    pub(crate) fn raise() -> Self {
        let set = getrlimit(Resource::Nofile);
        let before = set.current.unwrap_or(DESCRIPTORS_MAX);
        let wanted = set.maximum.unwrap_or(DESCRIPTORS_MAX).min(DESCRIPTORS_MAX);
        if wanted <= before {
            return Self { limit: before, before };
        }
        match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: set.maximum }) {
            Ok(()) => Self { limit: wanted, before },
            Err(error) => {
                tracing::warn!(%error, before, wanted, "the limit on file descriptors cannot be raised");
                Self { limit: before, before }
            }
        }
    }

    /// How many connections there may be.
    pub(crate) fn connections_max(self) -> usize {
        let connections = self.limit.saturating_sub(RESERVED).max(self.limit / 2);
        usize::try_from(connections).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        let of = |limit| Descriptors { limit, before: limit }.connections_max();
        assert_eq!([of(20_000), of(1_024), of(256), of(64)], [19_872, 896, 128, 32]);
    }

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let raised = Descriptors::raise();
        let hard = getrlimit(Resource::Nofile).maximum.unwrap_or(DESCRIPTORS_MAX).min(DESCRIPTORS_MAX);
        assert_eq!(raised.limit, hard.max(raised.before));
        assert_eq!(getrlimit(Resource::Nofile).current, Some(raised.limit));
    }
}
