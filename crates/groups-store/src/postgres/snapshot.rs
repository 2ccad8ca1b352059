//! PostgreSQL's snapshots: which transactions a reading has seen.

use crate::ReadPoint;

/// `pg_snapshot` (<https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// The lowest transaction id that was still running; all below it had ended.
    xmin: u64,
    /// One past the highest that had ended; none from here on is seen.
    xmax: u64,
    /// Those in between that were still running.
    running: Vec<u64>,
}

impl Snapshot {
    /// Reads `xmin:xmax:running,running…`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (xmin, xmax, running) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
        let running = running.split(',').filter(|id| !id.is_empty()).map(str::parse).collect::<Result<_, _>>().ok()?;
        parts.next().is_none().then_some(Self { xmin, xmax, running })
    }

    /// From here on nothing is seen.
    pub(super) fn end(&self) -> u64 {
        self.xmax
    }

    /// Those below the end that were still running.
    pub(super) fn running(&self) -> &[u64] {
        &self.running
    }

    pub(super) fn read_point(&self) -> ReadPoint {
        ReadPoint { below: self.xmax, except: self.running.clone() }
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
