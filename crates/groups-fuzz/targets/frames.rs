#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| groups_fuzz::bounded(input, || notify::fuzzing::frames(input)));
