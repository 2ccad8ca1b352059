//! How fast a client may send: a token bucket.

use super::Cx;
use crate::clock::Moment;

/// Thousandths of a frame that may still come. A frame costs 1,000.
#[derive(Debug)]
pub(super) struct Bucket {
    level_milli: u64,
    filled_at: Moment,
    warned: bool,
}

/// What is to be done with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine,
    /// Three quarters of the burst are used up, for the first time since it was full.
    Low,
    /// It is one too many.
    Empty,
}

const FRAME_MILLI: u64 = 1_000;

impl Bucket {
    pub(super) fn full(cx: &Cx<'_>) -> Self {
        Self { level_milli: Self::burst_milli(cx), filled_at: cx.now, warned: false }
    }

    /// A frame has come.
    pub(super) fn take(&mut self, cx: &Cx<'_>) -> Verdict {
        let full = Self::burst_milli(cx);
        // Frames each second are thousandths of a frame each millisecond.
        let gained = cx.now.millis_since(self.filled_at).saturating_mul(u64::from(cx.limits.messages_per_second));
        self.filled_at = cx.now;
        self.level_milli = self.level_milli.saturating_add(gained).min(full);
        if self.level_milli == full {
            self.warned = false;
        }
        if self.level_milli < FRAME_MILLI {
            return Verdict::Empty;
        }
        self.level_milli -= FRAME_MILLI;
        if self.level_milli < full / 4 && !self.warned {
            self.warned = true;
            return Verdict::Low;
        }
        Verdict::Fine
    }

    fn burst_milli(cx: &Cx<'_>) -> u64 {
        u64::from(cx.limits.messages_burst) * FRAME_MILLI
    }
}
