//! Parsing database URLs, and masking their secrets.

use crate::OpenError;
use crate::masked::masked;

/// The target of a database URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Sqlite(SqliteFile),
    Postgres { url: String },
}

/// The target of a SQLite URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SqliteFile {
    pub(crate) path: String,
    /// `mode=rw`: the file is not created.
    pub(crate) must_exist: bool,
    /// The file that version 0.1 used for the same URL, if it was a different one: it treated
    /// parameters and escapes as part of the name.
    pub(crate) old_path: Option<String>,
}

/// Keywords with which a libpq connection string, `host=… password=…`, may start.
const LIBPQ_KEYWORDS: [&str; 13] = [
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "passfile",
    "service",
    "sslmode",
    "sslrootcert",
    "application_name",
    "connect_timeout",
    "options",
];

/// Schemes that are rejected, with or without the two slashes. Everything else before a colon may
/// be part of a file name.
const OTHER_SCHEMES: [&str; 9] =
    ["file", "postgres", "postgresql", "mysql", "mariadb", "mssql", "sqlserver", "mongodb", "jdbc"];

impl Target {
    pub(crate) fn parse(url: &str) -> Result<Self, OpenError> {
        let bad = || OpenError::BadUrl { url: masked(url) };
        if let Some((keyword, _)) = url.split_once('=')
            && LIBPQ_KEYWORDS.contains(&keyword.trim().to_ascii_lowercase().as_str())
        {
            return Err(OpenError::ConnectionString);
        }
        match url.split_once("://") {
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => Ok(Self::Postgres { url: url.to_owned() }),
            Some(("sqlite", rest)) => sqlite_url(rest, bad).map(Self::Sqlite),
            Some(_) => Err(bad()),
            None => match url.split_once(':') {
                Some(("sqlite", rest)) => sqlite_url(rest, bad).map(Self::Sqlite),
                Some((scheme, _)) if OTHER_SCHEMES.contains(&scheme) => Err(bad()),
                _ => plain_path(url, bad).map(Self::Sqlite),
            },
        }
    }
}

/// Parses the part after `sqlite://` or `sqlite:`: a path with escapes, and parameters.
fn sqlite_url(rest: &str, bad: impl Fn() -> OpenError) -> Result<SqliteFile, OpenError> {
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let path = percent_decoded(path).ok_or_else(&bad)?;
    check_path(&path, &bad)?;
    let refused = |detail: String| Err(OpenError::BadParameter { detail });
    let mut must_exist = false;
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=').unwrap_or((parameter, "")) {
            ("mode", "rwc") => must_exist = false,
            ("mode", "rw") => must_exist = true,
            ("mode", "ro") => {
                return refused("mode=ro opens a database for reading only, and groups has to write to it".to_owned());
            }
            ("mode", "memory") => return Err(OpenError::InMemory),
            ("mode", _) => return refused("mode is rwc (make the file if it is missing) or rw".to_owned()),
            (name, _) => return refused(format!("{name:?} is unknown: for SQLite there is only mode=rwc and mode=rw")),
        }
    }
    let old_path = (path != rest).then(|| rest.to_owned());
    Ok(SqliteFile { path, must_exist, old_path })
}

fn plain_path(path: &str, bad: impl Fn() -> OpenError) -> Result<SqliteFile, OpenError> {
    check_path(path, &bad)?;
    if path.contains('?') {
        let detail = "a path has none: write sqlite://PATH?mode=rwc, or %3F for a question mark in the name of a file";
        return Err(OpenError::BadParameter { detail: detail.to_owned() });
    }
    Ok(SqliteFile { path: path.to_owned(), must_exist: false, old_path: None })
}

fn check_path(path: &str, bad: impl Fn() -> OpenError) -> Result<(), OpenError> {
    match path {
        ":memory:" => Err(OpenError::InMemory),
        // SQLite itself would interpret `file:` as a URI.
        path if path.is_empty() || path.contains('\0') || path.starts_with("file:") => Err(bad()),
        _ => Ok(()),
    }
}

/// `None` if an escape is incomplete, or the text is not UTF-8.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, after @ ..] = rest else { return None };
        let (high, low) = (char::from(*high).to_digit(16)?, char::from(*low).to_digit(16)?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn file(url: &str) -> SqliteFile {
        match Target::parse(url).unwrap() {
            Target::Sqlite(file) => file,
            Target::Postgres { .. } => unreachable!("{url}"),
        }
    }

    #[test]
    fn sqlite_urls_name_the_same_files_as_in_other_rust_libraries() {
        for (url, path, must_exist) in [
            ("groups.db", "groups.db", false),
            ("/var/lib/a b/groups%20.db", "/var/lib/a b/groups%20.db", false),
            ("sqlite://groups.db", "groups.db", false),
            ("sqlite:groups.db", "groups.db", false),
            ("sqlite:///var/lib/groups.db", "/var/lib/groups.db", false),
            ("sqlite://groups.db?mode=rwc", "groups.db", false),
            ("sqlite:groups.db?mode=rw", "groups.db", true),
            ("sqlite://a%20b%3F.db?", "a b?.db", false),
        ] {
            let named = file(url);
            assert_eq!((named.path.as_str(), named.must_exist), (path, must_exist), "{url}");
        }
        assert_eq!(file("sqlite://groups.db?mode=rwc").old_path.as_deref(), Some("groups.db?mode=rwc"));
        assert_eq!(file("sqlite://groups.db").old_path, None);
    }

    #[test]
    fn unsupported_and_malformed_urls_are_refused_with_an_explanation() {
        for (url, hint) in [
            ("sqlite://groups.db?mode=ro", "has to write"),
            ("sqlite://groups.db?mode=x", "mode is rwc"),
            ("sqlite://groups.db?cache=shared", "\"cache\" is unknown"),
            ("sqlite://groups.db?mode=rwc&secret=hunter2", "\"secret\" is unknown"),
            ("groups.db?mode=rwc", "sqlite://PATH?mode=rwc"),
            ("sqlite://groups.db?mode=memory", "in memory"),
            ("sqlite::memory:", "in memory"),
            ("sqlite://:memory:", "in memory"),
            (":memory:", "in memory"),
            ("host=127.0.0.1 user=u password=hunter2", "postgres://"),
            (" Password = hunter2 host=h", "postgres://"),
            ("postgres:user:hunter2@host/db", "not a database URL"),
            ("mysql://root:hunter2@host/db", "not a database URL"),
            ("sqlite://%zz.db", "not a database URL"),
            ("file:groups.db", "not a database URL"),
            ("sqlite://file:groups.db", "not a database URL"),
            ("sqlite://", "not a database URL"),
            ("sqlite:", "not a database URL"),
            ("", "not a database URL"),
        ] {
            let error = Target::parse(url).unwrap_err().to_string();
            assert!(error.contains(hint) && !error.contains("hunter2"), "{url}: {error}");
        }
    }
}
