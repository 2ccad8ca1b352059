//! Combines flags, environment variables, files with secrets and the settings file.
//!
//! A value that comes from a file is added to the arguments as a flag, so that it is parsed and
//! checked like one. The precedence is: flag, environment variable, file of a secret
//! (`GROUPS_…_FILE`), settings file, default.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches};

use crate::cli::Cli;
use crate::origin::{Effective, Origin};
use crate::settings_file::{self, Entry, FileError};

/// The suffix of variables that name the file of a secret.
pub(crate) const FILE_SUFFIX: &str = "_FILE";

/// The same in the settings file.
const KEY_SUFFIX: &str = "_file";

/// The mode bits that let everybody read a file.
const MODE_OF_EVERYBODY: u32 = 0o004;

/// The arguments with everything that was added to them.
pub(crate) struct Arguments {
    pub(crate) cli: Cli,
    /// The command that runs, with its values.
    matches: ArgMatches,
    /// The origins of values that come from files, by the id of their argument.
    origins: BTreeMap<String, Origin>,
    /// What the operator should know.
    pub(crate) warnings: Vec<String>,
}

/// Why the arguments cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArgumentsError {
    /// A help text, or an error that clap prints.
    #[error(transparent)]
    Flags(clap::Error),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{}, line {line}: unknown setting '{key}'{suggestion}", .path.display())]
    UnknownKey { path: PathBuf, line: usize, key: String, suggestion: String },
    #[error("{0} and {1} are both set: keep one of them")]
    Both(String, String),
    #[error("{name}: {} cannot be read", .path.display())]
    Secret { name: String, path: PathBuf, source: io::Error },
    #[error("{origin}: {reason}")]
    Value { origin: String, reason: String },
}

impl Arguments {
    /// Parses the arguments of the process.
    ///
    /// # Errors
    /// [`ArgumentsError`] if an argument or a file is invalid.
    pub(crate) fn of_process() -> Result<Self, ArgumentsError> {
        Self::parse(std::env::args_os().collect())
    }

    fn parse(mut arguments: Vec<OsString>) -> Result<Self, ArgumentsError> {
        let command = Cli::command();
        let matches = command.clone().try_get_matches_from(&arguments).map_err(ArgumentsError::Flags)?;
        let mut read = Read::default();
        {
            let (active, values) = active(&command, &matches);
            if let Some(path) = config_of(active, values) {
                read.settings_file(&command, path)?;
            }
            for argument in active.get_arguments() {
                read.argument(argument, values)?;
            }
        }
        let Read { added, origins, warnings, .. } = read;
        let matches = if added.is_empty() {
            matches
        } else {
            arguments.extend(added.iter().map(|(flag, _)| flag.clone()));
            command.clone().try_get_matches_from(&arguments).map_err(|error| invalid(&error, &added))?
        };
        let cli = Cli::from_arg_matches(&matches).map_err(ArgumentsError::Flags)?;
        let matches = active(&command, &matches).1.clone();
        Ok(Self { cli, matches, origins, warnings })
    }

    /// All settings, without secrets.
    pub(crate) fn effective(&self) -> Vec<Effective> {
        let command = Cli::command();
        let settings = command.get_arguments().filter_map(|argument| {
            Some(Effective { key: key(argument)?, value: self.shown(argument), origin: self.origin(argument) })
        });
        settings.collect()
    }

    fn shown(&self, argument: &Arg) -> Option<String> {
        let raw = self.matches.get_raw(argument.get_id().as_str())?;
        let value = raw.map(|value| value.to_string_lossy()).collect::<Vec<_>>().join(",");
        let is_url = || argument.get_long().is_some_and(|flag| flag.ends_with("url"));
        Some(match is_secret(argument) {
            false => value,
            true if is_url() => groups_store::masked(&value),
            true => "…".to_owned(),
        })
    }

    /// Where the value of an argument comes from.
    fn origin(&self, argument: &Arg) -> Origin {
        let id = argument.get_id().as_str();
        if let Some(origin) = self.origins.get(id) {
            return origin.clone();
        }
        match self.matches.value_source(id) {
            Some(ValueSource::CommandLine) => Origin::Flag,
            Some(ValueSource::EnvVariable) => Origin::Variable(variable(argument).unwrap_or_default()),
            _ => Origin::Default,
        }
    }
}

/// What was read from files.
#[derive(Default)]
struct Read {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
    /// Flags to add, each with a description of its origin.
    added: Vec<(OsString, String)>,
    origins: BTreeMap<String, Origin>,
    warnings: Vec<String>,
}

impl Read {
    fn settings_file(&mut self, command: &Command, path: &Path) -> Result<(), ArgumentsError> {
        let known: Vec<_> = command.get_arguments().filter_map(key).collect();
        let secrets = command.get_arguments().filter(|argument| is_secret(argument)).filter_map(key);
        let secret_files: Vec<_> = secrets.map(|key| key + KEY_SUFFIX).collect();
        for entry in settings_file::read(path)? {
            if !known.contains(&entry.key) && !secret_files.contains(&entry.key) {
                let (line, key) = (entry.line, entry.key);
                let suggestion = suggestion(&key, known.iter().chain(&secret_files));
                return Err(ArgumentsError::UnknownKey { path: path.to_owned(), line, key, suggestion });
            }
            self.entries.insert(entry.key.clone(), entry);
        }
        let mut secrets = command.get_arguments().filter(|argument| is_secret(argument)).filter_map(key);
        if secrets.any(|key| {
            self.entries
                .get(&key)
                .is_some_and(|entry| groups_store::masked(&entry.value) != entry.value || !key.ends_with("_url"))
        }) {
            self.warn_if_public(path);
        }
        self.path = path.to_owned();
        Ok(())
    }

    /// Adds the value of an argument that is neither a flag nor in the environment.
    fn argument(&mut self, argument: &Arg, values: &ArgMatches) -> Result<(), ArgumentsError> {
        let (Some(key), Some(variable)) = (key(argument), variable(argument)) else { return Ok(()) };
        let file_variable = format!("{variable}{FILE_SUFFIX}");
        let file = is_secret(argument).then(|| std::env::var_os(&file_variable)).flatten();
        let file = file.filter(|path| !path.is_empty());
        match values.value_source(argument.get_id().as_str()) {
            Some(ValueSource::EnvVariable) if file.is_some() => {
                return Err(ArgumentsError::Both(variable, file_variable));
            }
            Some(ValueSource::CommandLine | ValueSource::EnvVariable) => return Ok(()),
            _ => {}
        }
        let key_of_file = format!("{key}{KEY_SUFFIX}");
        if let Some(path) = file {
            let path = PathBuf::from(path);
            let secret = self.secret(&file_variable, &path)?;
            self.add(argument, &key, &secret, file_variable, Origin::SecretFile(path));
        } else if let Some(entry) = self.entries.get(&key).cloned() {
            if self.entries.contains_key(&key_of_file) {
                return Err(ArgumentsError::Both(key, key_of_file));
            }
            let origin = Origin::Line(self.path.clone(), entry.line);
            let description = format!("{}, line {}", self.path.display(), entry.line);
            self.add(argument, &key, &entry.value, description, origin);
        } else if let Some(entry) = self.entries.get(&key_of_file).cloned() {
            let path = PathBuf::from(entry.value);
            let secret = self.secret(&key_of_file, &path)?;
            self.add(argument, &key, &secret, path.display().to_string(), Origin::SecretFile(path));
        }
        Ok(())
    }

    fn add(&mut self, argument: &Arg, key: &str, value: &str, description: String, origin: Origin) {
        let flag = format!("--{}={value}", key.replace('_', "-"));
        self.added.push((flag.into(), description));
        self.origins.insert(argument.get_id().to_string(), origin);
    }

    /// The content of a file, without the line end that editors and `echo` add.
    fn secret(&mut self, name: &str, path: &Path) -> Result<String, ArgumentsError> {
        let failed = |source| ArgumentsError::Secret { name: name.to_owned(), path: path.to_owned(), source };
        let mut secret = fs::read_to_string(path).map_err(failed)?;
        if secret.ends_with('\n') {
            secret.pop();
            if secret.ends_with('\r') {
                secret.pop();
            }
        }
        self.warn_if_public(path);
        Ok(secret)
    }

    fn warn_if_public(&mut self, path: &Path) {
        if fs::metadata(path).is_ok_and(|metadata| metadata.mode() & MODE_OF_EVERYBODY != 0) {
            self.warnings.push(format!("Every user of this machine can read the secrets in {}.", path.display()));
        }
    }
}

/// The command that runs, and its values.
fn active<'a>(command: &'a Command, matches: &'a ArgMatches) -> (&'a Command, &'a ArgMatches) {
    match matches.subcommand() {
        Some((name, values)) => command.find_subcommand(name).map_or((command, matches), |sub| (sub, values)),
        None => (command, matches),
    }
}

fn config_of<'a>(command: &Command, values: &'a ArgMatches) -> Option<&'a PathBuf> {
    let has_config = command.get_arguments().any(|argument| argument.get_id() == "config");
    let path = has_config.then(|| values.get_one::<PathBuf>("config")).flatten();
    path.filter(|path| !path.as_os_str().is_empty())
}

/// The key of a setting in the settings file. `None` if it cannot be set there.
fn key(argument: &Arg) -> Option<String> {
    argument.get_env()?;
    let key = argument.get_long()?.replace('-', "_");
    (key != "config").then_some(key)
}

/// The environment variable of a setting.
fn variable(argument: &Arg) -> Option<String> {
    Some(argument.get_env()?.to_string_lossy().into_owned())
}

/// Whether the value must not be shown.
pub(crate) fn is_secret(argument: &Arg) -> bool {
    argument.is_hide_env_values_set()
}

fn suggestion<'a>(key: &str, known: impl Iterator<Item = &'a String>) -> String {
    /// As clap: closer names are likely typing errors.
    const SIMILARITY_MIN: f64 = 0.8;
    let similar = known.map(|known| (strsim::jaro(key, known), known));
    let best =
        similar.filter(|(similarity, _)| *similarity > SIMILARITY_MIN).max_by(|one, other| one.0.total_cmp(&other.0));
    best.map_or_else(String::new, |(_, known)| format!("; did you mean '{known}'?"))
}

/// The error of a value that was read from a file. Its text does not contain secrets.
fn invalid(error: &clap::Error, added: &[(OsString, String)]) -> ArgumentsError {
    use clap::error::{ContextKind, ContextValue};
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let flag = text(ContextKind::InvalidArg).and_then(|argument| argument.split([' ', '=']).next()).unwrap_or_default();
    let start = format!("{flag}=");
    let origin = added.iter().find(|(added, _)| added.to_string_lossy().starts_with(&start));
    let origin = origin.map_or_else(|| "a file".to_owned(), |(_, origin)| origin.clone());
    let rendered = error.to_string();
    let reason = rendered.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    ArgumentsError::Value { origin, reason }
}
