//! What to do after a connection has ended, or could not be opened: the reconnect policy of `docs/delivery.md`.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::backoff::retry_range;
use crate::box_error::BoxError;
use crate::error::{Error, Refusal};
use crate::token::TokenError;

/// How often in a row a token may be refused before the watch ends.
const REFUSALS_MAX: u32 = 2;
/// How long to wait before a new token that was refused is tried again: the clock of its issuer may be ahead.
const REFUSED_PAUSE: Duration = Duration::from_secs(2);

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum End {
    /// The server sent a close frame.
    Closed { code: u16, reason: String },
    /// The server could not be reached, or the connection was lost.
    Lost(BoxError),
    /// The upgrade was refused.
    Refused(Box<Refusal>),
    /// There is no token.
    Token(TokenError),
    /// The request cannot be sent, because the token contains characters that HTTP does not allow.
    Invalid(Error),
    /// The server sent nothing for too long.
    Silent,
    /// An event is missing.
    Gap,
    /// A message violates the contract.
    Malformed(BoxError),
}

/// What to do.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Do not connect again.
    Stop(Error),
    /// Connect again.
    Again { wait: Wait, new_token: bool, reason: String },
}

/// How long to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Backoff,
    /// A random time from this range.
    Within(RangeInclusive<Duration>),
}

/// `was_live`: whether the list was up to date on the connection. `refusals`: how often in a row a token was refused, with this time.
pub(super) fn verdict(end: End, was_live: bool, refusals: u32) -> Verdict {
    let again = |wait, reason: &str| Verdict::Again { wait, new_token: false, reason: reason.to_owned() };
    let with_new_token = |wait, reason: String| Verdict::Again { wait, new_token: true, reason };
    const NOW: Wait = Wait::Within(Duration::ZERO..=Duration::ZERO);
    match end {
        End::Closed { code, reason } if !groups_protocol::CloseCode::is_retryable(code) => {
            Verdict::Stop(Error::Closed { code, reason })
        }
        End::Closed { code: 1012, reason } => {
            again(retry_range(&reason).map_or(Wait::Backoff, Wait::Within), "the server is restarting")
        }
        // If new tokens expire before they are used, connecting at once would loop.
        End::Closed { code: 4003, .. } => {
            with_new_token(if was_live { NOW } else { Wait::Backoff }, "the token has expired".to_owned())
        }
        End::Closed { code: 4001, .. } => again(Wait::Backoff, "events were not read fast enough"),
        End::Closed { code: 4002, .. } | End::Silent => again(Wait::Backoff, "the connection timed out"),
        End::Closed { code, .. } => again(Wait::Backoff, &format!("the server closed the connection with code {code}")),
        End::Lost(error) => again(Wait::Backoff, &format!("the connection was lost: {}", root(&*error))),
        End::Refused(refusal) => match (refusal.status, refusal.retry_after) {
            (400 | 403, _) => Verdict::Stop(Error::Refused(refusal)),
            (401, _) if refusals > REFUSALS_MAX => Verdict::Stop(Error::Refused(refusal)),
            (401, _) => {
                let wait = if refusals < REFUSALS_MAX { NOW } else { Wait::Within(REFUSED_PAUSE..=REFUSED_PAUSE) };
                with_new_token(wait, refusal.to_string())
            }
            // Spread, so that all clients that were refused together do not return together.
            (429 | 503, Some(wait)) => {
                again(Wait::Within(wait..=wait.mul_f64(1.5) + Duration::from_millis(500)), &refusal.to_string())
            }
            _ => again(Wait::Backoff, &refusal.to_string()),
        },
        End::Token(TokenError::SignedOut) => Verdict::Stop(Error::Token(TokenError::SignedOut)),
        End::Token(error) => {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            with_new_token(Wait::Backoff, format!("{error}{source}"))
        }
        End::Invalid(error) => Verdict::Stop(error),
        End::Gap => again(Wait::Backoff, "an event was missed; the list is read again"),
        End::Malformed(error) => again(Wait::Backoff, &format!("a message of the server is invalid: {error}")),
    }
}

/// The innermost cause, which names the operating system's error.
fn root<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a (dyn std::error::Error + 'static) {
    std::iter::successors(Some(error), |error| error.source()).last().unwrap_or(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(code: u16, reason: &str) -> Verdict {
        verdict(End::Closed { code, reason: reason.to_owned() }, true, 0)
    }

    fn refused(status: u16, refusals: u32) -> Verdict {
        verdict(End::Refused(Box::new(Refusal::new(status, b"", Some(Duration::from_secs(2))))), false, refusals)
    }

    fn waits(verdict: &Verdict) -> Option<(&Wait, bool)> {
        match verdict {
            Verdict::Stop(_) => None,
            Verdict::Again { wait, new_token, .. } => Some((wait, *new_token)),
        }
    }

    #[test]
    fn codes_from_4500_to_4999_are_final() {
        for code in [4500, 4501, 4502, 4999] {
            assert!(matches!(closed(code, ""), Verdict::Stop(Error::Closed { .. })), "{code}");
        }
        for code in [1000, 1001, 1002, 1006, 1007, 1009, 1011, 3000, 4000, 4001, 4002, 4499] {
            assert_eq!(waits(&closed(code, "")), Some((&Wait::Backoff, false)), "{code}");
        }
    }

    #[test]
    fn a_restart_has_the_range_of_the_wait_in_its_reason() {
        let range = Wait::Within(Duration::from_secs(1)..=Duration::from_secs(15));
        assert_eq!(waits(&closed(1012, r#"{"retry_ms":[1000,15000]}"#)), Some((&range, false)));
        assert_eq!(waits(&closed(1012, "")), Some((&Wait::Backoff, false)));
    }

    #[test]
    fn an_expired_token_is_replaced_at_once_but_not_in_a_loop() {
        let now = Wait::Within(Duration::ZERO..=Duration::ZERO);
        assert_eq!(waits(&closed(4003, "")), Some((&now, true)));
        let expired = verdict(End::Closed { code: 4003, reason: String::new() }, false, 0);
        assert_eq!(waits(&expired), Some((&Wait::Backoff, true)));
    }

    #[test]
    fn a_refused_upgrade_is_repeated_only_if_that_may_help() {
        assert!(waits(&refused(400, 0)).is_none() && waits(&refused(403, 0)).is_none());
        assert!(waits(&refused(401, 1)).is_some_and(|(_, new_token)| new_token));
        assert!(waits(&refused(401, 2)).is_some_and(|(wait, _)| *wait == Wait::Within(REFUSED_PAUSE..=REFUSED_PAUSE)));
        assert!(waits(&refused(401, 3)).is_none());
        let spread = Wait::Within(Duration::from_secs(2)..=Duration::from_millis(3_500));
        assert_eq!(waits(&refused(503, 0)), Some((&spread, false)));
        assert_eq!(waits(&refused(429, 0)), Some((&spread, false)));
        assert_eq!(waits(&refused(502, 0)), Some((&Wait::Backoff, false)));
    }

    #[test]
    fn a_failing_provider_is_asked_again_but_not_if_nobody_is_signed_in() {
        assert!(waits(&verdict(End::Token(TokenError::SignedOut), false, 0)).is_none());
        let failed = verdict(End::Token(TokenError::failed("the file is empty")), false, 0);
        assert!(matches!(&failed, Verdict::Again { reason, .. } if reason.ends_with("the file is empty")));
    }
}
