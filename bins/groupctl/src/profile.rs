//! The server and the token of a run: from options, the environment, or a profile.

use std::path::{Path, PathBuf};
use std::time::Duration;

use groups_client::{Client, TokenError, TokenReason};

use crate::cli::ServerArgs;
use crate::config::{ConfigFile, DEFAULT_PROFILE, ProfileEntry};
use crate::failure::Failure;

/// The server in development mode.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";
/// Longer than the server delays an answer that waits for a change.
const ATTEMPT_WITHIN: Duration = Duration::from_secs(45);

/// The server and the token of a run.
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) url: String,
    token: Option<TokenSource>,
}

enum TokenSource {
    Text(String),
    File(PathBuf),
}

impl Profile {
    /// Options come first. The environment counts only if no profile is named.
    pub(crate) fn find(args: &ServerArgs, config: &ConfigFile) -> Result<Self, Failure> {
        let entry = match &args.profile {
            Some(name) => config.profile(name),
            None => config.profile(DEFAULT_PROFILE),
        };
        let variable = |name| match args.profile {
            Some(_) => None,
            None => std::env::var(name).ok().filter(|value| !value.is_empty()),
        };
        let url = args.url.clone().or_else(|| variable("GROUPS_URL"));
        let url = url.or_else(|| entry?.url.clone()).unwrap_or_else(|| DEFAULT_URL.to_owned());
        let from_entry = |entry: &ProfileEntry| entry.token_file.as_ref().map(|file| config.resolve(file));
        let token = match (&args.token_file, variable("GROUPS_TOKEN"), variable("GROUPS_TOKEN_FILE")) {
            (Some(file), _, _) => Some(TokenSource::File(file.clone())),
            (None, Some(token), _) => Some(TokenSource::Text(token)),
            (None, None, Some(file)) => Some(TokenSource::File(file.into())),
            (None, None, None) => entry.and_then(from_entry).map(TokenSource::File),
        };
        let name = args.profile.clone().unwrap_or_else(|| DEFAULT_PROFILE.to_owned());
        Ok(Self { name, url, token })
    }

    /// A client with the token of the profile. A token file is read again for each connection, and after a refusal.
    pub(crate) fn client(&self, named: bool) -> Result<Client, Failure> {
        let builder = Client::builder(&self.url).attempt_timeout(ATTEMPT_WITHIN);
        Ok(match &self.token {
            None if named => {
                return Err(Failure::Usage(format!(
                    "profile {} has no token_file; in development mode, run `groupctl --profile {0} login NAME`",
                    self.name
                )));
            }
            None => return Err(Failure::NoToken),
            Some(TokenSource::Text(token)) => builder.token(token).build()?,
            Some(TokenSource::File(path)) => {
                // Reported here with its path, instead of by each attempt to connect.
                std::fs::read_to_string(path).map_err(Failure::file(path))?;
                warn_if_readable(path);
                let path = path.clone();
                let provider = move |_: TokenReason| {
                    let token = std::fs::read_to_string(&path).map_err(TokenError::failed);
                    async move { token }
                };
                builder.token_provider(provider).build()?
            }
        })
    }

    /// A client without a token, to sign in.
    pub(crate) fn anonymous(&self) -> Result<Client, Failure> {
        Ok(Client::builder(&self.url).build()?)
    }
}

#[cfg(unix)]
fn warn_if_readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
        eprintln!("groupctl: warning: other users can read {0}; run `chmod 600 {0}`", path.display());
    }
}

#[cfg(not(unix))]
fn warn_if_readable(_: &Path) {}
