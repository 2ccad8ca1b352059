//! What all ways into a group but plain additions have in common.

use crate::decision::Outcome;
use crate::{
    ChangeKind, Command, Decision, Facts, Group, LinkId, Rejection, Request, Role, Timestamp, UserId, Via, admission,
};

/// A user joins, unless that would exceed a limit.
pub(crate) fn join(
    facts: &Facts,
    request: &Request,
    group: &Group,
    (user_id, role): (UserId, Role),
    (via, link_id): (Via, Option<LinkId>),
) -> Outcome {
    // A user cannot be in more groups than the limit per user.
    admission::check_group_count(facts, user_id)?;
    // A group cannot have more members than its limit.
    let member_count = admission::room_for(facts, group.member_count, 1)?;
    let kind = ChangeKind::Joined { user_id, role, via, link_id };
    Ok(Decision::next(group, request, kind, |group| group.member_count = member_count))
}

/// The time at which an invitation or a link expires.
pub(crate) fn expiry(at: Timestamp, expires_in_seconds: Option<u64>) -> Result<Option<Timestamp>, Rejection> {
    let Some(seconds) = expires_in_seconds else { return Ok(None) };
    // An invitation or link expires after 1 second to 366 days, or never.
    match i64::try_from(seconds) {
        Ok(signed) if (1..=Command::EXPIRES_IN_SECONDS_MAX).contains(&seconds) => {
            Ok(Some(Timestamp::from_unix_millis(at.unix_millis().saturating_add(signed * 1_000))))
        }
        _ => Err(Rejection::InvalidExpiry),
    }
}
