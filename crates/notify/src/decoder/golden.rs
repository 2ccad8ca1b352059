//! What each rule of RFC 6455 about frames from a client makes of an example, as a golden table.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use super::fuzz::Got;
use super::tests::{decode, frame};
use super::*;

const MESSAGE_BYTES_MAX: usize = 4_096;

/// A frame with another length than its payload's, and nothing behind its header.
fn header(opcode: u8, length: &[u8]) -> Vec<u8> {
    [&[opcode], length, &[1, 2, 3, 4]].concat()
}

/// Section, rule, and an example.
fn examples() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let close = |code: u16, reason: &[u8]| frame(0x88, &[&code.to_be_bytes(), reason].concat());
    vec![
        ("5.1", "a client masks its frames", vec![0x81, 0x02, b'H', b'i']),
        ("5.2", "the reserved bit 1 is zero", frame(0xC1, b"Hi")),
        ("5.2", "the reserved bit 2 is zero", frame(0xA1, b"Hi")),
        ("5.2", "the reserved bit 3 is zero", frame(0x91, b"Hi")),
        ("5.2", "opcode 3 is reserved", frame(0x83, b"Hi")),
        ("5.2", "opcode 7 is reserved", frame(0x87, b"Hi")),
        ("5.2", "opcode 11 is reserved", frame(0x8B, b"")),
        ("5.2", "opcode 15 is reserved", frame(0x8F, b"")),
        ("5.2", "a length up to 125 takes one byte", header(0x81, &[0xFE, 0, 125])),
        ("5.2", "a length up to 65,535 takes three bytes", header(0x81, &[0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])),
        ("5.2", "the most significant bit of a length is zero", header(0x81, &[0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0])),
        ("5.2", "a length of 125 is possible", frame(0x82, &[0; 125])),
        ("5.2", "a length of 126 is possible", frame(0x82, &[0; 126])),
        ("5.2", "a message may be empty", frame(0x81, b"")),
        ("5.3", "a frame is unmasked", frame(0x81, b"Hello, World")),
        (
            "5.4",
            "a message may be cut into fragments",
            [frame(0x01, b"Hel"), frame(0x00, b"l"), frame(0x80, b"o")].concat(),
        ),
        (
            "5.4",
            "control frames may come between fragments",
            [frame(0x01, b"Hel"), frame(0x89, b"?"), frame(0x80, b"lo")].concat(),
        ),
        ("5.4", "messages are not interleaved", [frame(0x01, b"Hel"), frame(0x81, b"Hi")].concat()),
        ("5.4", "a continuation continues a message", frame(0x80, b"lo")),
        (
            "5.4",
            "a message ends with its last fragment",
            [frame(0x01, b""), frame(0x80, b""), frame(0x80, b"")].concat(),
        ),
        ("5.5", "a control frame has at most 125 bytes", frame(0x89, &[0; 126])),
        ("5.5", "a control frame is not cut into fragments", frame(0x09, b"?")),
        ("5.5.1", "a close frame may be empty", frame(0x88, b"")),
        ("5.5.1", "a close frame has a code of two bytes", frame(0x88, &[0x03])),
        ("5.5.1", "a close frame may have a reason", close(1001, b"bye")),
        ("5.5.1", "nothing comes after a close frame", [close(1000, b""), frame(0x81, b"Hi")].concat()),
        ("5.5.2", "a ping has a payload", frame(0x89, b"Hello")),
        ("5.5.3", "a pong may come without a ping", frame(0x8A, b"Hello")),
        ("5.6", "binary messages need not be UTF-8", frame(0x82, &[0xFF, 0xFE])),
        (
            "7.1.7",
            "the rest is ignored after a violation",
            [frame(0x83, b""), frame(0x81, b"Hi"), frame(0x83, b"")].concat(),
        ),
        ("7.1.7", "a close frame still counts after a violation", [frame(0x83, b""), close(1002, b"")].concat()),
        ("7.4.1", "1004 is not a code", close(1004, b"")),
        ("7.4.1", "1005 is not sent", close(1005, b"")),
        ("7.4.1", "1006 is not sent", close(1006, b"")),
        ("7.4.1", "1012 is registered", close(1012, b"")),
        ("7.4.1", "1015 is not sent", close(1015, b"")),
        ("7.4.2", "codes below 1000 are not used", close(999, b"")),
        ("7.4.2", "unregistered codes below 3000 are reserved", close(2999, b"")),
        ("7.4.2", "libraries and applications choose from 3000 to 4999", close(4999, b"")),
        ("7.4.2", "codes from 5000 are undefined", close(5000, b"")),
        ("8.1", "text is UTF-8", frame(0x81, b"\xC3\x28")),
        ("8.1", "invalid UTF-8 fails before the message ends", frame(0x01, b"\xC3\x28")),
        (
            "8.1",
            "a character may be split between fragments",
            [frame(0x01, b"\xE2\x82"), frame(0x80, b"\xAC")].concat(),
        ),
        ("8.1", "a message does not end within a character", [frame(0x01, b"\xE2"), frame(0x80, b"\x82")].concat()),
        ("8.1", "surrogates are not UTF-8", frame(0x81, b"\xED\xA0\x80")),
        ("8.1", "a reason is UTF-8", close(1000, b"\xC3\x28")),
        ("10.4", "a message has at most 4,096 bytes", header(0x82, &[0xFE, 0x10, 0x01])),
        (
            "10.4",
            "a message has at most 4,096 bytes in total",
            [frame(0x02, &[0; 4_096]), header(0x00, &[0x81])].concat(),
        ),
    ]
}

fn describe(got: &Got) -> String {
    match got {
        Got::Text(text) => format!("text {text:?}"),
        Got::Binary(bytes) => format!("binary, {} bytes", bytes.len()),
        Got::Ping(payload) => format!("ping {:?}", String::from_utf8_lossy(payload)),
        Got::Pong => "pong".to_owned(),
        Got::Fragment => "fragment".to_owned(),
        Got::Close(code) => code.map_or("close".to_owned(), |code| format!("close {code}")),
        Got::Violation(ProtocolError::Protocol) => "**1002**".to_owned(),
        Got::Violation(ProtocolError::InvalidUtf8) => "**1007**".to_owned(),
        Got::Violation(ProtocolError::TooLong) => "**1009**".to_owned(),
    }
}

#[test]
fn golden_each_frame_rule_decides_its_example() {
    let mut table = String::from("| section | rule | frames | input |\n|---|---|---|---|\n");
    for (section, rule, bytes) in examples() {
        let shown: Vec<String> = bytes.iter().take(24).map(|byte| format!("{byte:02x}")).collect();
        let more = if bytes.len() > shown.len() { " …" } else { "" };
        let inputs: Vec<String> = decode(&bytes, MESSAGE_BYTES_MAX).iter().map(describe).collect();
        let _ = writeln!(table, "| {section} | {rule} | `{}{more}` | {} |", shown.join(" "), inputs.join(", "));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/frames.md");
    if env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        assert!(fs::write(&path, &table).is_ok());
    }
    assert_eq!(fs::read_to_string(&path).ok(), Some(table), "UPDATE_GOLDEN=1 rewrites it");
}
