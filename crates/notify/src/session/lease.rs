//! What the token of a connection allows, until when, and its renewal.

use groups_domain::Timestamp;

use super::context::Cx;
use crate::Grant;
use crate::clock::Moment;

/// The current token of a connection.
#[derive(Debug)]
pub(super) struct Lease {
    expires_at: Moment,
    /// The same for the client.
    expires_at_time: Timestamp,
    /// When the client is told that the token expires. The time of expiry once it is told.
    warn_at: Moment,
    /// Whether the client is told next.
    warns: bool,
    read_only: bool,
    /// Whether a new token is being checked.
    renewing: bool,
}

impl Lease {
    pub(super) fn new(cx: &Cx<'_>, grant: Grant) -> Self {
        Self {
            expires_at: cx.now + grant.expires_in,
            expires_at_time: grant.expires_at,
            warn_at: cx.now + grant.expires_in.saturating_sub(cx.limits.token_warning),
            warns: false,
            read_only: grant.read_only,
            renewing: false,
        }
    }

    pub(super) fn expires_at(&self) -> Moment {
        self.expires_at
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// When to look again. Clients that load are warned when they are live.
    pub(super) fn deadline(&self, live: bool) -> Moment {
        if live { self.warn_at } else { self.expires_at }
    }

    /// Whether it is time to warn the client, once for each token.
    pub(super) fn warn(&mut self, now: Moment) -> bool {
        let due = now >= self.warn_at && self.warn_at < self.expires_at;
        if due {
            self.warn_at = self.expires_at;
            self.warns = true;
        }
        due
    }

    /// The time of expiry, if the client is to be told now.
    pub(super) fn take_warning(&mut self) -> Option<Timestamp> {
        std::mem::take(&mut self.warns).then_some(self.expires_at_time)
    }

    pub(super) fn warns(&self) -> bool {
        self.warns
    }

    /// Returns `false` if a token is already being checked.
    pub(super) fn begin_renewal(&mut self) -> bool {
        !std::mem::replace(&mut self.renewing, true)
    }

    pub(super) fn end_renewal(&mut self) {
        self.renewing = false;
    }
}
