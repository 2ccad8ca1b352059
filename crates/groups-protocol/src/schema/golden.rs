//! Compares generated JSON with the golden files.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

/// Compares a file, given by its path in the repository, with the expected content. `UPDATE_GOLDEN=1` rewrites the file.
pub(super) fn compare(path: &str, fresh: &Value) {
    let mut text = Vec::new();
    // Short indentation, because the server embeds the documents.
    fresh.serialize(&mut Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b" "))).unwrap();
    let fresh = format!("{}\n", String::from_utf8(text).unwrap());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(&file, &fresh).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(golden == fresh, "{path} differs from the Rust types; UPDATE_GOLDEN=1 regenerates it");
}
