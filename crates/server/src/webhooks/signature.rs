//! Signatures of the Standard Webhooks convention
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// The value of `webhook-signature`: `v1,` and the HMAC-SHA256 of `<id>.<timestamp>.<body>`, once for
/// each key. A receiver accepts the message if one of them is right.
pub(crate) fn signatures<'a>(
    keys: impl IntoIterator<Item = &'a [u8]>,
    message_id: &str,
    unix_seconds: i64,
    body: &str,
) -> String {
    let signature = |key: &[u8]| {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
        for part in [message_id, ".", &unix_seconds.to_string(), ".", body] {
            context.update(part.as_bytes());
        }
        format!("v1,{}", STANDARD.encode(context.sign()))
    };
    keys.into_iter().map(signature).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn the_signature_is_that_of_the_convention() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = |keys: &[&[u8]]| {
            let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
            signatures(keys.iter().copied(), id, 1_614_265_330, body)
        };
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signed(&[&key]), expected);
        let both = signed(&[&key, b"another"]);
        assert_eq!(both.split(' ').next(), Some(expected));
        assert_eq!(both.split(' ').count(), 2);
    }
}
