//! What a session needs to know in addition to its input.

use crate::HubLimits;
use crate::clock::Moment;
use crate::counters::Counters;

/// Context of a session: the time, and what all sessions share.
#[derive(Clone, Copy)]
pub(crate) struct Cx<'a> {
    pub(crate) now: Moment,
    pub(crate) limits: &'a HubLimits,
    pub(crate) counters: &'a Counters,
}
