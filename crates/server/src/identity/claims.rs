//! Checks token claims one by one, so that an error names the claim and the problem.

use groups_domain::Timestamp;
use serde_json::{Map, Value};

use super::subject::{SubjectError, Subjects};
use super::{Access, Principal};

/// Why a correctly signed token is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ClaimError {
    #[error("The token has no `{0}` claim.")]
    Missing(&'static str),
    #[error("The token's `{claim}` claim must be {expected}; it is {found}.")]
    Type { claim: &'static str, expected: &'static str, found: &'static str },
    #[error("The token's `sub` claim {0}.")]
    Subject(SubjectError),
    #[error("The token's `iss` claim contains a line break.")]
    Issuer,
    #[error("The token has expired: see its `exp` claim.")]
    Expired,
    #[error("The token is valid for too long: its `exp` claim is more than {seconds} seconds ahead{}.", hint(*.milliseconds))]
    TooLong { seconds: u32, milliseconds: bool },
    #[error("The token is not valid yet: its `nbf` claim is {seconds} seconds ahead{}.", hint(*.milliseconds))]
    NotYet { seconds: i64, milliseconds: bool },
}

const fn hint(milliseconds: bool) -> &'static str {
    if milliseconds { ". Times are in seconds since 1970, and this one looks like milliseconds" } else { "" }
}

/// Configuration of the claim checks.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClaimRules {
    pub(super) subjects: Subjects,
    /// Tolerance in seconds after `exp` and before `nbf`.
    pub(super) leeway_seconds: u32,
    /// Maximum seconds that `exp` may lie in the future.
    pub(super) lifetime_seconds_max: u32,
}

impl ClaimRules {
    /// Tolerated clock skew that needs no setting (RFC 7519 section 4.1.5). It applies to `nbf`,
    /// and to the `exp` of a token with the maximum lifetime.
    const SKEW_MS: i64 = 5_000;

    /// # Errors
    /// The first [`ClaimError`] found.
    pub(super) fn check(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<Principal, ClaimError> {
        let now = now.unix_millis();
        let (subject, issuer) = (text(claims, "sub")?, issuer(claims)?);
        let user_id = self.subjects.user_id(issuer, subject).map_err(ClaimError::Subject)?;
        let exp = time(claims, "exp")?.ok_or(ClaimError::Missing("exp"))?;
        let (leeway, lifetime) = (i64::from(self.leeway_seconds) * 1_000, i64::from(self.lifetime_seconds_max) * 1_000);
        let expires_at = exp.saturating_add(leeway);
        // RFC 7519 section 4.1.4: a token is rejected on or after `exp`.
        if now >= expires_at {
            return Err(ClaimError::Expired);
        }
        if exp > now.saturating_add(lifetime).saturating_add(Self::SKEW_MS) {
            let seconds = self.lifetime_seconds_max;
            return Err(ClaimError::TooLong { seconds, milliseconds: looks_like_milliseconds(exp) });
        }
        if let Some(nbf) = time(claims, "nbf")?
            && nbf > now.saturating_add(leeway.max(Self::SKEW_MS))
        {
            let seconds = nbf.saturating_sub(now) / 1_000;
            return Err(ClaimError::NotYet { seconds, milliseconds: looks_like_milliseconds(nbf) });
        }
        // `iat` only decides which display name is newer, so an invalid one is no reason to reject
        // the token. It is capped at the current time. A token without `iat` counts as issued as
        // early as its `exp` allows.
        let issued_at = time(claims, "iat").ok().flatten().unwrap_or_else(|| exp.saturating_sub(lifetime));
        let issued_at = Timestamp::from_unix_millis(issued_at.min(now));
        let principal = Principal::new(user_id, Timestamp::from_unix_millis(expires_at));
        let principal = principal.with_access(access(claims)).with_subject(subject);
        Ok(principal.named(claims.get("name").and_then(Value::as_str).unwrap_or_default(), issued_at))
    }
}

/// Returns the issuer, which is empty if the token has none.
fn issuer(claims: &Map<String, Value>) -> Result<&str, ClaimError> {
    match given(claims, "iss").map(Value::as_str) {
        Some(Some(issuer)) if issuer.contains('\n') => Err(ClaimError::Issuer),
        Some(Some(issuer)) => Ok(issuer),
        // A list with the required issuer has always been accepted. It names no single issuer.
        Some(None) | None => Ok(""),
    }
}

/// Reads the scopes of a token: a space-separated string `scope` (RFC 8693 section 4.2), or `scp`,
/// which is an array at Okta and a space-separated string at Microsoft Entra. A claim of any other
/// type has no scopes.
fn access(claims: &Map<String, Value>) -> Access {
    let words = |claim| given(claims, claim).and_then(Value::as_str).into_iter().flat_map(str::split_ascii_whitespace);
    let list = given(claims, "scp").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    words("scope").chain(words("scp")).chain(list).fold(Access::User, |access, scope| match (access, scope) {
        (_, "groups:admin") => Access::Operator,
        (Access::User, "groups:read") => Access::ReadOnly,
        (access, _) => access,
    })
}

/// Returns a claim. `null` counts as absent.
fn given<'a>(claims: &'a Map<String, Value>, claim: &str) -> Option<&'a Value> {
    claims.get(claim).filter(|value| !value.is_null())
}

fn text<'a>(claims: &'a Map<String, Value>, claim: &'static str) -> Result<&'a str, ClaimError> {
    let value = given(claims, claim).ok_or(ClaimError::Missing(claim))?;
    value.as_str().ok_or(ClaimError::Type { claim, expected: "a string", found: kind(value) })
}

/// Parses a NumericDate (RFC 7519 section 2): seconds, possibly fractional, converted to
/// milliseconds.
fn time(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<i64>, ClaimError> {
    let Some(value) = given(claims, claim) else { return Ok(None) };
    let expected = "a number of seconds since 1970";
    let seconds = value.as_f64().ok_or(ClaimError::Type { claim, expected, found: kind(value) })?;
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and what is far away is refused or far past")]
    Ok(Some((seconds * 1_000.0) as i64))
}

/// Detects timestamps in milliseconds: read as seconds, they would lie in the year 5138 or later.
const fn looks_like_milliseconds(millis: i64) -> bool {
    millis >= 100_000_000_000_000
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use serde_json::json;

    use super::*;

    const SUB: &str = "00000000-0000-0000-0000-000000000001";
    const NOW_SECONDS: i64 = 1_800_000_000;
    const YEAR: ClaimRules =
        ClaimRules { subjects: Subjects::Uuid, leeway_seconds: 0, lifetime_seconds_max: 31_622_400 };

    fn judged(rules: ClaimRules, claims: Value) -> Result<Principal, ClaimError> {
        rules.check(claims.as_object().unwrap(), Timestamp::from_unix_millis(NOW_SECONDS * 1_000))
    }

    fn refused(claims: Value) -> String {
        judged(YEAR, claims).unwrap_err().to_string()
    }

    #[test]
    fn the_error_names_the_invalid_claim() {
        let exp = NOW_SECONDS + 60;
        for (claims, says) in [
            (json!({"exp": exp}), "The token has no `sub` claim."),
            (json!({"sub": null, "exp": exp}), "The token has no `sub` claim."),
            (json!({"sub": SUB}), "The token has no `exp` claim."),
            (json!({"sub": 7, "exp": exp}), "The token's `sub` claim must be a string; it is a number."),
            (json!({"sub": ["a"], "exp": exp}), "The token's `sub` claim must be a string; it is a list."),
            (
                json!({"sub": "ada", "exp": exp}),
                "The token's `sub` claim must be a UUID, such as \"f7a54a9e-b01a-593f-8b27-0307af030bbc\".",
            ),
            (
                json!({"sub": SUB, "exp": "1800000060"}),
                "The token's `exp` claim must be a number of seconds since 1970; it is a string.",
            ),
            (
                json!({"sub": SUB, "exp": exp, "nbf": true}),
                "The token's `nbf` claim must be a number of seconds since 1970; it is a boolean.",
            ),
            (json!({"sub": SUB, "exp": NOW_SECONDS}), "The token has expired: see its `exp` claim."),
            (json!({"sub": SUB, "exp": -1}), "The token has expired: see its `exp` claim."),
        ] {
            assert_eq!(refused(claims.clone()), says, "{claims}");
        }
    }

    #[test]
    fn timestamps_in_milliseconds_are_rejected() {
        let exp = (NOW_SECONDS + 60) * 1_000;
        let says = "The token is valid for too long: its `exp` claim is more than 31622400 seconds ahead. \
                    Times are in seconds since 1970, and this one looks like milliseconds.";
        assert_eq!(refused(json!({"sub": SUB, "exp": exp})), says);
        let nbf = refused(json!({"sub": SUB, "exp": NOW_SECONDS + 60, "nbf": NOW_SECONDS * 1_000}));
        assert!(nbf.contains("`nbf`") && nbf.contains("milliseconds"), "{nbf}");
        assert!(judged(YEAR, json!({"sub": SUB, "exp": NOW_SECONDS + 60, "iat": NOW_SECONDS * 1_000})).is_ok());
    }

    #[test]
    fn the_lifetime_limit_allows_for_clock_skew() {
        let longest = NOW_SECONDS + 31_622_400;
        for (exp, good) in [(longest, true), (longest + 5, true), (longest + 6, false), (i64::MAX, false)] {
            assert_eq!(judged(YEAR, json!({"sub": SUB, "exp": exp})).is_ok(), good, "{exp}");
        }
        let hour = ClaimRules { lifetime_seconds_max: 3_600, ..YEAR };
        assert!(judged(hour, json!({"sub": SUB, "exp": NOW_SECONDS + 3_600})).is_ok());
        assert!(judged(hour, json!({"sub": SUB, "exp": NOW_SECONDS + 7_200})).is_err());
        assert!(judged(YEAR, json!({"sub": SUB, "exp": 1e300})).is_err());
    }

    #[test]
    fn the_clock_of_the_issuer_can_be_ahead_by_five_seconds_or_the_leeway() {
        let with = |leeway_seconds, nbf: i64| {
            let rules = ClaimRules { leeway_seconds, ..YEAR };
            judged(rules, json!({"sub": SUB, "exp": NOW_SECONDS + 60, "nbf": NOW_SECONDS + nbf})).is_ok()
        };
        assert!([-60, 0, 1, 2, 5].into_iter().all(|ahead| with(0, ahead)));
        assert!(!with(0, 6) && with(60, 60) && !with(60, 61));
    }

    #[test]
    fn the_leeway_extends_the_validity_of_a_token() {
        let rules = ClaimRules { leeway_seconds: 30, ..YEAR };
        let claims = judged(rules, json!({"sub": SUB, "exp": NOW_SECONDS - 29})).unwrap();
        assert_eq!(claims.expires_at.unix_millis(), (NOW_SECONDS + 1) * 1_000);
        assert_eq!(judged(rules, json!({"sub": SUB, "exp": NOW_SECONDS - 30})), Err(ClaimError::Expired));
    }

    #[test]
    fn the_issue_time_is_iat_or_the_earliest_possible_and_never_in_the_future() {
        let issued = |more: Value| {
            let mut claims = json!({"sub": SUB, "exp": NOW_SECONDS + 60});
            claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            judged(YEAR, claims).unwrap().issued_at.unix_millis()
        };
        assert_eq!(issued(json!({"iat": NOW_SECONDS - 5})), (NOW_SECONDS - 5) * 1_000);
        for ahead in [1, 2, 3_600, NOW_SECONDS * 999] {
            assert_eq!(issued(json!({"iat": NOW_SECONDS + ahead})), NOW_SECONDS * 1_000);
        }
        for none in [json!({}), json!({"iat": null}), json!({"iat": "today"})] {
            assert_eq!(issued(none), (NOW_SECONDS + 60 - 31_622_400) * 1_000);
        }
    }

    #[test]
    fn the_scopes_of_a_token_decide_about_its_access() {
        for (scopes, access) in [
            (json!({}), Access::User),
            (json!({"scope": "openid profile"}), Access::User),
            (json!({"scope": "groups:administrator groups:reader"}), Access::User),
            (json!({"scope": "openid groups:read"}), Access::ReadOnly),
            (json!({"scope": "groups:read groups:admin"}), Access::Operator),
            (json!({"scope": "groups:admin  groups:read"}), Access::Operator),
            (json!({"scp": ["groups:read"]}), Access::ReadOnly),
            (json!({"scp": ["openid", "groups:admin"], "scope": "groups:read"}), Access::Operator),
            (json!({"scp": "profile groups:admin"}), Access::Operator),
            (json!({"scope": ["groups:admin"], "scp": {"groups:admin": true}}), Access::User),
            (json!({"scp": ["groups:admin groups:read", 7, null], "scope": null}), Access::User),
        ] {
            let mut claims = json!({"sub": SUB, "exp": NOW_SECONDS + 60});
            claims.as_object_mut().unwrap().extend(scopes.as_object().unwrap().clone());
            assert_eq!(judged(YEAR, claims).unwrap().access, access, "{scopes}");
        }
    }

    #[test]
    fn the_issuer_distinguishes_subjects_that_are_no_uuids() {
        let any = ClaimRules { subjects: Subjects::Any, ..YEAR };
        let principal = |more: Value| {
            let mut claims = json!({"sub": "ada", "exp": NOW_SECONDS + 60});
            claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            judged(any, claims)
        };
        let id = |more| principal(more).unwrap().user_id;
        assert_eq!(principal(json!({})).unwrap().subject.as_deref(), Some("ada"));
        assert_eq!(
            id(json!({"iss": "https://id.example"})),
            Subjects::Any.user_id("https://id.example", "ada").unwrap()
        );
        assert_eq!(id(json!({"iss": null})), Subjects::Any.user_id("", "ada").unwrap());
        assert_eq!(principal(json!({"iss": "https://id.example\nada"})), Err(ClaimError::Issuer));
        assert_eq!(principal(json!({"sub": ""})), Err(ClaimError::Subject(SubjectError::Length)));
        assert_eq!(id(json!({"sub": SUB, "iss": "x"})).to_string(), SUB);
    }

    #[test]
    fn an_invisible_name_is_ignored() {
        let name = |name: Value| judged(YEAR, json!({"sub": SUB, "exp": NOW_SECONDS + 60, "name": name})).unwrap().name;
        assert_eq!(name(json!(" Ada ")), Some(groups_domain::DisplayName::parse("Ada").unwrap()));
        for none in [json!(null), json!(5), json!(""), json!("\u{200b}"), json!("a\nb")] {
            assert_eq!(name(none.clone()), None, "{none}");
        }
    }
}
