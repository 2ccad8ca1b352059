//! Where the keys come from: a file, or a URL.

use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hyper::Uri;
use tokio::time::timeout;

use super::file::{self, BYTES_MAX, TIME_MAX};
use crate::http_client::{FetchLimits, HttpClient, HttpError, check_url};

/// How often a file is checked for changes.
const FILE_CHECKED_EVERY: Duration = Duration::from_secs(1);

/// How long keys of a URL count as fresh if the response does not say so.
const FRESH_DEFAULT: Duration = Duration::from_secs(10 * 60);

/// Range of what the response may say. The lower limit spares the provider; the upper one bounds for how
/// long a key that the provider has withdrawn is accepted.
const FRESH_MIN: Duration = Duration::from_secs(60);
const FRESH_MAX: Duration = Duration::from_secs(60 * 60);

/// How long after a failure the keys of a URL are fetched again.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// Where the keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    File(PathBuf),
    Url(Uri),
}

impl Location {
    /// Parses the setting.
    ///
    /// # Errors
    /// Why it is neither a file nor a URL.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.trim().is_empty() {
            return Err("it is empty");
        }
        let Some((scheme, _)) = text.split_once("://") else { return Ok(Self::File(text.into())) };
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err("the scheme must be `https` or `http`; a file is given as a path");
        }
        let url: Uri = text.parse().map_err(|_| "it is not a valid URL")?;
        check_url(&url).map_err(|_| "the URL needs a host, and must not contain a user name or password")?;
        Ok(Self::Url(url))
    }

    /// Whether somebody on the way can replace the keys.
    pub(crate) fn is_exposed(&self) -> bool {
        let loopback = |host: &str| {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        };
        match self {
            Self::File(_) => false,
            Self::Url(url) => url.scheme_str() != Some("https") && !url.host().is_some_and(loopback),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url(url) => write!(f, "{url}"),
        }
    }
}

/// Why a location cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    File(#[from] io::Error),
}

/// Reads a location.
pub(super) enum Source {
    File { path: PathBuf, stamp: Option<Stamp> },
    Url { url: Uri, client: HttpClient, max_age: Option<Duration> },
}

impl Source {
    pub(super) fn new(location: &Location) -> Result<Self, SourceError> {
        Ok(match location {
            Location::File(path) => Self::File { path: path.clone(), stamp: None },
            Location::Url(url) => Self::Url { url: url.clone(), client: HttpClient::new()?, max_age: None },
        })
    }

    pub(super) async fn read(&mut self) -> Result<Vec<u8>, SourceError> {
        match self {
            Self::File { path, stamp } => {
                // Taken before the file is read, so that no later change is missed.
                *stamp = Stamp::of(path).await;
                Ok(file::read(path.clone()).await?)
            }
            Self::Url { url, client, max_age } => {
                let limits = FetchLimits { body_bytes_max: BYTES_MAX, time_max: TIME_MAX };
                let fetched = client.get(url, limits).await?;
                *max_age = fetched.max_age;
                Ok(fetched.body)
            }
        }
    }

    /// When to look again, after the last read has succeeded or failed.
    pub(super) fn fresh_for(&self, succeeded: bool) -> Duration {
        match self {
            Self::File { .. } => FILE_CHECKED_EVERY,
            Self::Url { .. } if !succeeded => RETRY_AFTER,
            Self::Url { max_age, .. } => max_age.unwrap_or(FRESH_DEFAULT).clamp(FRESH_MIN, FRESH_MAX),
        }
    }

    /// Whether to read again, once it is time. Only a file can be known not to have changed.
    pub(super) async fn may_have_changed(&self) -> bool {
        match self {
            Self::File { path, stamp } => Stamp::of(path).await.is_some_and(|now| stamp.as_ref() != Some(&now)),
            Self::Url { .. } => true,
        }
    }
}

/// Identifies the content of a file. A file that is replaced has another inode.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl Stamp {
    /// `None` if the file cannot be read, or not in time.
    async fn of(path: &Path) -> Option<Self> {
        let path = path.to_owned();
        let reading = tokio::task::spawn_blocking(move || fs::metadata(path));
        let metadata: Metadata = timeout(TIME_MAX, reading).await.ok()?.ok()?.ok()?;
        Some(Self { modified: metadata.modified().ok(), bytes: metadata.len(), inode: metadata.ino() })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn a_location_is_a_path_or_an_http_url() {
        let file = |path: &str| Ok(Location::File(path.into()));
        assert_eq!(Location::parse("/etc/groups/keys.json"), file("/etc/groups/keys.json"));
        assert_eq!(Location::parse("keys.json"), file("keys.json"));
        for url in ["https://id.example/keys", "http://127.0.0.1:8000/keys?v=1", "HTTPS://id.example/keys"] {
            assert!(matches!(Location::parse(url), Ok(Location::Url(_))), "{url}");
        }
        for bad in ["", " ", "ftp://id.example/keys", "file:///keys", "https://", "https:///keys", "https://a:b@c/"] {
            assert!(Location::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_that_come_unencrypted_over_a_network_are_exposed() {
        for (location, exposed) in [
            ("keys.json", false),
            ("https://id.example/keys", false),
            ("http://localhost:8000/keys", false),
            ("http://127.0.0.1/keys", false),
            ("http://[::1]:8000/keys", false),
            ("http://id.example/keys", true),
            ("http://10.0.0.1/keys", true),
        ] {
            assert_eq!(Location::parse(location).unwrap().is_exposed(), exposed, "{location}");
        }
    }

    #[test]
    fn the_age_that_a_response_states_counts_within_bounds() {
        let url: Uri = "https://id.example/keys".parse().unwrap();
        let mut source = Source::Url { url, client: HttpClient::new().unwrap(), max_age: None };
        for (stated, counts) in [(None, 600), (Some(0), 60), (Some(300), 300), (Some(u64::MAX), 3_600)] {
            if let Source::Url { max_age, .. } = &mut source {
                *max_age = stated.map(Duration::from_secs);
            }
            assert_eq!(source.fresh_for(true), Duration::from_secs(counts), "{stated:?}");
            assert_eq!(source.fresh_for(false), RETRY_AFTER);
        }
    }
}
