//! Where the value of a setting comes from.

use std::fmt;
use std::path::PathBuf;

/// A setting as it is in force.
pub(crate) struct Effective {
    /// Its key in the settings file.
    pub(crate) key: String,
    /// Secrets are masked.
    pub(crate) value: Option<String>,
    pub(crate) origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag,
    /// An environment variable.
    Variable(String),
    /// A file of a secret.
    SecretFile(PathBuf),
    /// A line of the settings file.
    Line(PathBuf, usize),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Variable(name) => f.write_str(name),
            Self::SecretFile(path) => path.display().fmt(f),
            Self::Line(path, line) => write!(f, "{}, line {line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}
