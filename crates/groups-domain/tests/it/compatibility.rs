//! Whether later releases may add variants and fields is decided for every public type.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A public enum, or a public struct that has public fields or none at all.
struct Open {
    name: String,
    non_exhaustive: bool,
}

#[test]
fn every_public_type_is_non_exhaustive_or_named_as_exhaustive_in_the_documentation() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let library = fs::read_to_string(source.join("lib.rs")).unwrap();
    let (_, section) = library.split_once("//! # Compatibility").unwrap();
    let (section, _) = section.split_once("//! # Features").unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("//! | [`")?.split(" | ").next());
    let exhaustive: BTreeSet<String> =
        rows.flat_map(|row| row.split(", ")).map(|name| name.replace(['[', ']', '`'], "")).collect();

    let mut types = Vec::new();
    for entry in fs::read_dir(source).unwrap() {
        types.extend(open_types(&fs::read_to_string(entry.unwrap().path()).unwrap()));
    }
    for Open { name, non_exhaustive } in &types {
        assert_ne!(exhaustive.contains(name), *non_exhaustive, "{name}");
    }
    let known: BTreeSet<&str> = types.iter().map(|open| open.name.as_str()).collect();
    assert!(exhaustive.iter().all(|name| known.contains(name.as_str())), "{exhaustive:?} exist");
    assert!(known.len() > 25, "the types were found: {known:?}");
}

fn open_types(source: &str) -> Vec<Open> {
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    let mut types = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(item) = line.strip_prefix("pub enum ").or_else(|| line.strip_prefix("pub struct ")) else { continue };
        let name: String = item.chars().take_while(char::is_ascii_alphanumeric).collect();
        let mut body = lines[at + 1..].iter().take_while(|line| **line != "}");
        let is_open = line.starts_with("pub enum ")
            || item.ends_with(';') && !item.contains('(')
            || item.ends_with('{') && body.any(|line| line.starts_with("pub "));
        if is_open && !name.is_empty() {
            let mut attributes = lines[..at].iter().rev().take_while(|line| !line.is_empty());
            let non_exhaustive = attributes.any(|line| *line == "#[non_exhaustive]");
            types.push(Open { name, non_exhaustive });
        }
    }
    types
}
