//! A file with settings: TOML, one key for each setting.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::{Spanned, Value};

/// A setting in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// As it would be written on the command line.
    pub(crate) value: String,
    pub(crate) line: usize,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("{} cannot be read", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not valid TOML", .path.display())]
    Syntax { path: PathBuf, source: Box<toml::de::Error> },
    #[error("{}, line {line}: '{key}' must be a text, a number, true or false, or a list of texts without commas", .path.display())]
    Type { path: PathBuf, line: usize, key: String },
}

/// Reads the settings of a file, sorted by key.
///
/// # Errors
/// [`FileError`] if it cannot be read or understood.
pub(crate) fn read(path: &Path) -> Result<Vec<Entry>, FileError> {
    let text = fs::read_to_string(path).map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    parse(&text, path)
}

fn parse(text: &str, path: &Path) -> Result<Vec<Entry>, FileError> {
    let table: BTreeMap<String, Spanned<Value>> =
        toml::from_str(text).map_err(|source| FileError::Syntax { path: path.to_owned(), source: Box::new(source) })?;
    let entries = table.into_iter().map(|(key, value)| {
        let before = text.get(..value.span().start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        match as_argument(value.get_ref()) {
            Some(value) => Ok(Entry { key, value, line }),
            None => Err(FileError::Type { path: path.to_owned(), line, key }),
        }
    });
    entries.collect()
}

/// `None`: no setting has a value of this type.
fn as_argument(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(is_on) => Some(is_on.to_string()),
        Value::Array(values) => {
            let texts = values.iter().map(|value| value.as_str().filter(|text| !text.contains(',')));
            Some(texts.collect::<Option<Vec<_>>>()?.join(","))
        }
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn parsed(text: &str) -> Result<Vec<(String, String, usize)>, String> {
        let entries = parse(text, Path::new("groups.toml")).map_err(|error| error.to_string())?;
        Ok(entries.into_iter().map(|entry| (entry.key, entry.value, entry.line)).collect())
    }

    #[test]
    fn a_setting_is_a_text_a_number_a_switch_or_a_list() {
        let text = "# Comment\nlisten = \"0.0.0.0:80\"\nrate_limit = 100\n\nallowed_origins = [\n  \"https://a\", \"https://b\"]\non = true\n";
        let expected = [
            ("allowed_origins", "https://a,https://b", 5),
            ("listen", "0.0.0.0:80", 2),
            ("on", "true", 7),
            ("rate_limit", "100", 3),
        ];
        let expected = expected.map(|(key, value, line)| (key.to_owned(), value.to_owned(), line));
        assert_eq!(parsed(text).unwrap(), expected);
    }

    #[test]
    fn other_types_are_refused_with_their_line() {
        for value in ["1.5", "{}", "[1]", "[\"a,b\"]", "2026-01-01"] {
            let error = parsed(&format!("\nrate_limit = {value}")).unwrap_err();
            assert!(error.starts_with("groups.toml, line 2: 'rate_limit' must be"), "{error}");
        }
        assert_eq!(parsed("rate_limit = ").unwrap_err(), "groups.toml is not valid TOML");
    }
}
