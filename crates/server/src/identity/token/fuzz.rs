//! Any text as a token. The body is a function, so that a fuzzer can call it as well.

use proptest::prelude::*;

use super::*;

/// Checks a text as a token: without the secret there is no claim in it, and it gets an answer and no panic.
fn check_any(tokens: &Tokens, text: &str) {
    assert!(tokens.check(text, Timestamp::from_unix_millis(1_700_000_000_000)).is_err(), "{text:?} was taken");
}

/// Texts that are nearly tokens: parts of real ones, of another secret, and of an unsigned one.
fn nearly(parts: Vec<String>) -> impl Strategy<Value = String> {
    let part = prop_oneof![4 => proptest::sample::select(parts), 1 => "[A-Za-z0-9_=-]{0,8}"];
    proptest::collection::vec(part, 0..5).prop_map(|parts| parts.join("."))
}

#[test]
fn any_text_without_the_secret_is_refused() {
    let tokens = Tokens::new(&[7; 32], &Settings::default());
    let (user_id, at) = (UserId::new(uuid::Uuid::from_u128(1)), Timestamp::from_unix_millis);
    let foreign = sign(&[8; 32], user_id, "Ada", at(1_699_999_000_000), at(1_700_001_000_000));
    let mut parts: Vec<String> = foreign.split('.').map(str::to_owned).collect();
    // {"alg":"none"}, {} and [] in base64url.
    parts.extend(["eyJhbGciOiJub25lIn0", "e30", "W10", ""].map(str::to_owned));
    check_any(&tokens, &foreign);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(2_000));
    let outcome = runner.run(&prop_oneof![nearly(parts), any::<String>()], |text| {
        check_any(&tokens, &text);
        Ok(())
    });
    assert!(outcome.is_ok(), "{outcome:?}");
}
