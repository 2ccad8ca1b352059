//! Output: tables for people, JSON for programs, or only ids.

use std::io::{self, Write};

use serde::Serialize;

/// How results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Json,
    /// Only the first column.
    Quiet,
}

impl Format {
    /// Shows several results. Their JSON is an array.
    pub(crate) fn list<T: Serialize, const N: usize>(
        self,
        items: &[T],
        columns: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) -> io::Result<()> {
        if self == Self::Json {
            return line(&to_json(items)?);
        }
        let rows: Vec<_> = items.iter().map(|item| row(item).map(|cell| printable(&cell))).collect();
        if self == Self::Quiet {
            return rows.iter().filter_map(|row| row.first()).try_for_each(|id| line(id));
        }
        let header = columns.map(str::to_owned);
        let all = || std::iter::once(&header).chain(&rows);
        let width = |column: usize| all().filter_map(|row| Some(row.get(column)?.chars().count())).max().unwrap_or(0);
        let widths: Vec<_> = (0..N).map(width).collect();
        for row in all() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }

    /// Shows one result, with its fields below each other. Its JSON is an object.
    pub(crate) fn one<T: Serialize, const N: usize>(self, item: &T, fields: [(&str, String); N]) -> io::Result<()> {
        match self {
            Self::Json => line(&to_json(item)?),
            Self::Quiet => fields.first().map_or(Ok(()), |(_, id)| line(&printable(id))),
            Self::Table => {
                let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
                fields.iter().try_for_each(|(name, value)| line(&format!("{name:<width$}  {}", printable(value))))
            }
        }
    }

    /// Shows that a change without a result is done.
    pub(crate) fn done(self, text: &str) -> io::Result<()> {
        match self {
            Self::Table => line(text),
            Self::Json => line("{}"),
            Self::Quiet => Ok(()),
        }
    }
}

/// Prints one line, and flushes it, so that a reader of a pipe gets it.
pub(crate) fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> io::Result<String> {
    serde_json::to_string(value).map_err(io::Error::from)
}

/// Without control characters, with which a name could change what a terminal shows.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
