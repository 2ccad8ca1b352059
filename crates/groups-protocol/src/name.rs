//! Deserialises display names. They were validated when they entered the system, perhaps by an older version, so a client does
//! not validate them again.

use groups_domain::DisplayName;
use serde::{Deserialize, Deserializer};

pub(crate) fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DisplayName, D::Error> {
    String::deserialize(deserializer).map(DisplayName::from_stored)
}

pub(crate) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DisplayName>, D::Error> {
    let name: Option<String> = Deserialize::deserialize(deserializer)?;
    Ok(name.map(DisplayName::from_stored))
}
