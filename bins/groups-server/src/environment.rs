//! Detects environment variables that look like settings but are unknown, so that a typo is not
//! ignored silently.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::CommandFactory;

use crate::arguments::{FILE_SUFFIX, is_secret};
use crate::cli::Cli;

/// The prefix of every setting except `DATABASE_URL`.
const PREFIX: &str = "GROUPS_";

/// Prefix of variables for the project's tests, which the server ignores.
const PREFIX_OF_TESTS: &str = "GROUPS_TEST_";

/// Returns the unknown variables that look like settings, sorted.
pub(crate) fn unknown_settings(names: impl IntoIterator<Item = OsString>) -> Vec<String> {
    let command = Cli::command();
    let known = command.get_arguments().filter_map(|argument| {
        let name = argument.get_env()?.to_owned();
        let mut file = name.clone();
        file.push(FILE_SUFFIX);
        Some([Some(name), is_secret(argument).then_some(file)])
    });
    let known: Vec<_> = known.flatten().flatten().collect();
    let unknown: BTreeSet<_> = names
        .into_iter()
        .filter(|name| !known.contains(name))
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with(PREFIX) && !name.starts_with(PREFIX_OF_TESTS))
        .collect();
    unknown.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Vec<String> {
        unknown_settings(names.iter().map(OsString::from))
    }

    #[test]
    fn only_unknown_settings_are_reported() {
        let known =
            ["GROUPS_LISTEN", "GROUPS_JWT_SECRET", "GROUPS_JWKS", "GROUPS_NATS_URL", "GROUPS_LOG", "GROUPS_LOG_FORMAT"];
        assert!(of(&known).is_empty());
        assert!(of(&["GROUPS_CONFIG", "GROUPS_JWT_SECRET_FILE", "DATABASE_URL_FILE"]).is_empty());
        assert_eq!(of(&["GROUPS_LISTEN_FILE"]), ["GROUPS_LISTEN_FILE"]);
        assert!(of(&["PATH", "DATABASE_URL", "GROUPS", "MY_GROUPS_LISTEN", "GROUPS_TEST_SERVER"]).is_empty());
        let unknown = ["GROUPS_RATE_LIMITS", "GROUPS_JWT_SECRETS", "groups_listen", "GROUPS_LISTEN"];
        assert_eq!(of(&unknown), ["GROUPS_JWT_SECRETS", "GROUPS_RATE_LIMITS"]);
    }
}
