//! The configuration file: profiles with a server and a token file.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::Failure;

/// The profile that is used if none is named.
pub(crate) const DEFAULT_PROFILE: &str = "default";

/// `$XDG_CONFIG_HOME/groups/config.toml`, or `~/.config/groups/config.toml`.
pub(crate) struct ConfigFile {
    folder: PathBuf,
    config: Config,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    profiles: BTreeMap<String, ProfileEntry>,
}

/// A profile in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileEntry {
    /// The URL of the server. Default: the one of development mode.
    pub(crate) url: Option<String>,
    /// A file with a token, relative to the folder of the configuration.
    pub(crate) token_file: Option<PathBuf>,
}

impl ConfigFile {
    /// A file that does not exist is empty.
    pub(crate) fn read() -> Result<Self, Failure> {
        let folder = folder()?;
        let path = folder.join("config.toml");
        let config = match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| Failure::Invalid { path, reason: error.to_string().trim().to_owned() })?,
            Err(error) if error.kind() == ErrorKind::NotFound => Config::default(),
            Err(error) => return Err(Failure::File { path, error }),
        };
        Ok(Self { folder, config })
    }

    pub(crate) fn profile(&self, name: &str) -> Option<&ProfileEntry> {
        self.config.profiles.get(name)
    }

    /// A path in the file, relative to its folder.
    pub(crate) fn resolve(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// Saves a token for a profile. A new profile is appended, so comments in the file stay. Returns the path of the token file.
    pub(crate) fn save_token(&self, name: &str, url: &str, token: &str) -> Result<PathBuf, Failure> {
        std::fs::create_dir_all(&self.folder).map_err(Failure::file(&self.folder))?;
        let known = self.profile(name);
        let file = known.and_then(|profile| profile.token_file.clone());
        let path = self.resolve(&file.unwrap_or_else(|| format!("{name}.token").into()));
        write_private(&path, token)?;
        match known {
            Some(profile) if profile.url.as_deref() == Some(url) && profile.token_file.is_some() => {}
            Some(_) => {
                let reason =
                    format!("profile {name} has other settings; set its url = {url:?} and token_file = {path:?}");
                return Err(Failure::Invalid { path: self.folder.join("config.toml"), reason });
            }
            None => self.append(&format!("\n[profiles.{name}]\nurl = {url:?}\ntoken_file = \"{name}.token\"\n"))?,
        }
        Ok(path)
    }

    fn append(&self, text: &str) -> Result<(), Failure> {
        use std::io::Write;
        let path = self.folder.join("config.toml");
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(Failure::file(path))
    }
}

/// Replaces a file with one that only its owner can read.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map(drop).map_err(Failure::file(path))
}

fn folder() -> Result<PathBuf, Failure> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || variable("HOME").map(|home| home.join(".config"));
    match variable("XDG_CONFIG_HOME").or_else(home) {
        Some(folder) => Ok(folder.join("groups")),
        None => Err(Failure::Usage("there is no configuration folder: set HOME or XDG_CONFIG_HOME".to_owned())),
    }
}
