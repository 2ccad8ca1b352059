//! The process's limit on file descriptors. Each connection needs one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Upper bound on what is requested, in case the hard limit is unlimited.
const DESCRIPTORS_MAX: u64 = 1 << 20;

/// Reserved for the database, the log output and other files.
const RESERVED: u64 = 128;

/// The limit on file descriptors, raised as far as the process is allowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Descriptors {
    pub(crate) limit: u64,
    /// The soft limit at startup.
    pub(crate) before: u64,
}

impl Descriptors {
    /// Raises the soft limit to the hard limit. Container runtimes and shells often set it to
    /// 1,024, far below what the kernel allows.
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

    /// Maximum number of connections that leaves room for the reserved descriptors.
    pub(crate) fn connections_max(self) -> usize {
        let connections = self.limit.saturating_sub(RESERVED).max(self.limit / 2);
        usize::try_from(connections).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_other_files() {
        let of = |limit| Descriptors { limit, before: limit }.connections_max();
        assert_eq!([of(20_000), of(1_024), of(256), of(64)], [19_872, 896, 128, 32]);
    }

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_limit() {
        let raised = Descriptors::raise();
        let hard = getrlimit(Resource::Nofile).maximum.unwrap_or(DESCRIPTORS_MAX).min(DESCRIPTORS_MAX);
        assert_eq!(raised.limit, hard.max(raised.before));
        assert_eq!(getrlimit(Resource::Nofile).current, Some(raised.limit));
    }
}
