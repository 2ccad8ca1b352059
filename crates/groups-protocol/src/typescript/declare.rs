//! Formats TypeScript declarations for readers, and compares them with the golden files.

use std::path::Path;

use ts_rs::{Config, TS};

/// The declaration of a type, with its doc comments.
pub(crate) fn declared<T: TS>() -> String {
    let config = Config::default().with_large_int("number");
    let text = format!("{}export {}", T::docs().unwrap_or_default(), T::decl(&config));
    format!("\n{}\n", laid_out(&text))
}

/// The declaration of a union of string literals.
pub(crate) fn union(name: &str, docs: &str, texts: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let texts: Vec<_> = texts.into_iter().map(|text| format!("\"{}\"", text.as_ref())).collect();
    format!("\n/** {docs} */\nexport type {name} = {};\n", texts.join(" | "))
}

/// Compares a file in `crates/groups-web/types/wire` with the expected text. `UPDATE_GOLDEN=1` rewrites the file.
pub(crate) fn compare(name: &str, fresh: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../groups-web/types/wire").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(&path, fresh).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == fresh, "{name} differs from the Rust types; UPDATE_GOLDEN=1 regenerates it:\n{fresh}");
}

/// Formats a declaration with one field per line.
fn laid_out(text: &str) -> String {
    let mut out = String::new();
    let (mut depth, mut rest) = (0, text);
    while let Some(next) = rest.chars().next() {
        let fresh_line = out.is_empty() || out.ends_with('\n');
        if let Some(comment) = rest.strip_prefix("/**") {
            let (comment, after) = comment.split_once("*/").unwrap();
            let words: Vec<_> = comment.split_whitespace().filter(|word| *word != "*").collect();
            out += &format!("{}/** {} */\n", "  ".repeat(depth), words.join(" "));
            rest = after;
            continue;
        }
        // Removes unnecessary quotes from a field name.
        if let Some((name, after)) = rest.strip_prefix('"').and_then(|rest| rest.split_once("\":"))
            && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            out += &format!("{}{name}:", if fresh_line { "  ".repeat(depth) } else { String::new() });
            rest = after;
            continue;
        }
        rest = &rest[next.len_utf8()..];
        match next {
            '{' => {
                depth += 1;
                out += "{\n";
            }
            '}' => {
                depth -= 1;
                if !fresh_line {
                    out.truncate(out.trim_end().len());
                    out += ";\n";
                }
                out += &format!("{}}}", "  ".repeat(depth));
            }
            ',' if depth > 0 => out += ";\n",
            c if c.is_whitespace() && (fresh_line || out.ends_with(' ')) => {}
            c if fresh_line => out += &format!("{}{c}", "  ".repeat(depth)),
            c => out.push(c),
        }
    }
    out
}
