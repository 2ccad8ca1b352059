//! What must hold for any text as a client message. Shared by a property test and the fuzz target
//! `client_message`.

use super::*;

/// A message is a JSON object of a known type, and what a client would write for it means the same.
/// An error echoes a bounded part of the text.
pub(crate) fn client_message(text: &str) {
    let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
    match parse(text) {
        Ok(message) => {
            let kind = object.ok().and_then(|object| object.get("type")?.as_str().map(str::to_owned));
            let expected = match message {
                ClientMessage::Ping => "ping",
                ClientMessage::Typing { .. } => "typing",
                ClientMessage::Authenticate { .. } => "authenticate",
            };
            assert_eq!(kind.as_deref(), Some(expected));
            let written = serde_json::to_string(&message).map(|written| parse(&written));
            assert!(matches!(written, Ok(Ok(same)) if same == message), "{message:?}");
        }
        Err(ParseError::UnknownType(kind)) => assert!(kind.chars().count() <= 64),
        Err(error @ ParseError::Malformed(_)) => assert!(error.to_string().len() < 1_024, "{error}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    /// Texts that are almost messages.
    fn nearly() -> impl Strategy<Value = String> {
        let words = prop_oneof![
            Just("{"),
            Just("}"),
            Just("["),
            Just("]"),
            Just(":"),
            Just(","),
            Just(" "),
            Just("\\u0070"),
            Just("\\"),
            Just("\"type\""),
            Just("\"ping\""),
            Just("\"typing\""),
            Just("\"group_id\""),
            Just("\"authenticate\""),
            Just("\"token\""),
            Just("true"),
            Just("null"),
            Just("\"00000000-0000-0000-0000-00006000000a\""),
            Just("1e999"),
            Just("\u{feff}"),
            Just("{\"type\":\"ping\"}"),
            Just("{\"type\":\"typing\",\"group_id\":\"00000000-0000-0000-0000-00006000000a\",\"typing\":true"),
        ];
        proptest::collection::vec(words, 0..12).prop_map(|words| words.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_text_is_a_message_or_a_bounded_error(text in prop_oneof![nearly(), any::<String>()]) {
            super::client_message(&text);
        }
    }
}
