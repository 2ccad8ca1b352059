#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    groups_fuzz::bounded(text.as_bytes(), || groups_protocol::fuzzing::client_message(text));
});
