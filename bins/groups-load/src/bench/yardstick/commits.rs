//! The result of committing without the server.

/// Commits of the rows of a change, made without the server.
#[derive(Clone, Copy, Debug)]
pub(in crate::bench) struct Commits {
    pub(in crate::bench) changes_per_second: f64,
    /// CPU time of the database in microseconds for each change, if it is a process of its own.
    pub(in crate::bench) database_cpu_us_per_change: Option<f64>,
}
