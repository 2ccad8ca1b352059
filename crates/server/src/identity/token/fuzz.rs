//! What must hold for any text as a token. Shared by property tests and the fuzz target `token`.

use super::*;

const SECRET: [u8; 32] = [7; 32];
const NOW_MS: i64 = 1_700_000_000_000;

/// Reads the input as a token, and then as the claims of a token that was signed with the secret.
pub(crate) fn token(input: &[u8]) {
    let settings = Settings::default();
    let tokens = Tokens::new(Some(&SECRET), None, &settings, TokenGuard::unlimited());
    let now = Timestamp::from_unix_millis(NOW_MS);
    if let Ok(text) = std::str::from_utf8(input) {
        assert!(tokens.check_at(text, now).is_err(), "accepted without the secret: {text:?}");
    }
    if let Ok(claims) = serde_json::from_slice(input)
        && let Ok(principal) = tokens.check_at(&SharedKey::new(&SECRET).sign(&claims), now)
    {
        // The skew that the contract tolerates is five seconds.
        let latest_ms = NOW_MS + 1_000 * (i64::from(settings.jwt_max_lifetime_seconds) + 5);
        let leeway_ms = 1_000 * i64::from(settings.jwt_leeway_seconds);
        assert!((NOW_MS + 1..=latest_ms + leeway_ms).contains(&principal.expires_at.unix_millis()), "{claims}");
        assert!(principal.issued_at <= now, "{claims}");
    }
}

#[cfg(test)]
mod tests {
    use groups_domain::UserId;
    use proptest::prelude::*;

    use super::*;

    /// Texts that are almost tokens: parts of one with another secret, and of an unsigned one.
    fn nearly() -> impl Strategy<Value = String> {
        let (user_id, at) = (UserId::new(uuid::Uuid::from_u128(1)), Timestamp::from_unix_millis);
        let foreign = sign(&[8; 32], user_id, "Ada", at(1_699_999_000_000), at(1_700_001_000_000));
        let mut parts: Vec<String> = foreign.split('.').map(str::to_owned).collect();
        // {"alg":"none"}, {} and [] in base64url.
        parts.extend(["eyJhbGciOiJub25lIn0", "e30", "W10", ""].map(str::to_owned));
        let part = prop_oneof![4 => proptest::sample::select(parts), 1 => "[A-Za-z0-9_=-]{0,8}"];
        let parts = proptest::collection::vec(part, 0..5).prop_map(|parts| parts.join("."));
        prop_oneof![1 => Just(foreign), 20 => parts]
    }

    /// Claims that are almost right.
    fn claims() -> impl Strategy<Value = String> {
        let time = prop_oneof![
            (NOW_MS / 1_000 - 10..NOW_MS / 1_000 + 10).prop_map(|seconds| seconds.to_string()),
            proptest::sample::select(vec!["1e300", "-1", "0.5", "null", "\"soon\"", "1700000000000"])
                .prop_map(str::to_owned),
        ];
        (time.clone(), time.clone(), time).prop_map(|(exp, nbf, iat)| {
            format!(
                r#"{{"sub":"00000000-0000-0000-0000-000000000001","exp":{exp},"nbf":{nbf},"iat":{iat},"name":"Ada"}}"#
            )
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_text_without_the_secret_is_refused(text in prop_oneof![nearly(), any::<String>()]) {
            token(text.as_bytes());
        }

        #[test]
        fn any_signed_claims_are_refused_or_expire_within_the_longest_lifetime(claims in claims()) {
            token(claims.as_bytes());
        }
    }
}
