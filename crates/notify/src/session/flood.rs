//! Limits how fast a client may send, with a token bucket.

use super::context::Cx;
use crate::clock::Moment;

/// Remaining budget in thousandths of a frame. A frame costs 1,000.
#[derive(Debug)]
pub(super) struct Bucket {
    level_milli: u64,
    filled_at: Moment,
    warned: bool,
}

/// Whether a frame is within the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine,
    /// Within the limit, but three quarters of the burst are used, for the first time since the
    /// bucket was full.
    Low,
    /// Over the limit.
    Empty,
}

const FRAME_MILLI: u64 = 1_000;

impl Bucket {
    pub(super) fn full(cx: &Cx<'_>) -> Self {
        Self { level_milli: Self::burst_milli(cx), filled_at: cx.now, warned: false }
    }

    /// Charges a received frame.
    pub(super) fn take(&mut self, cx: &Cx<'_>) -> Verdict {
        let full = Self::burst_milli(cx);
        // Frames per second equal thousandths of a frame per millisecond.
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
