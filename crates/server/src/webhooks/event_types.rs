//! The types of messages that a webhook can ask for.

use std::collections::BTreeSet;

use groups_protocol::WEBHOOK_TYPES;

/// Tells that a user has something new: see `catch_up.rs`.
pub(crate) const CATCH_UP: &str = "user.catch_up";

/// Every change of a group.
const ALL_CHANGES: &str = "group.*";

/// Why a list of types cannot be that of a webhook. The messages are for operators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TypesRefused {
    /// The list is empty.
    #[error("`types` must name at least one type. Omit it to get every change of a group.")]
    Empty,
    /// There is no such type.
    #[error("Unknown event type {0:?}.")]
    Unknown(String),
    /// Wake-ups follow the log at a pace of their own.
    #[error("`user.catch_up` cannot be combined with other types. Register another webhook for them.")]
    Mixed,
}

/// Checks the types of a webhook. Returns them without duplicates, sorted.
///
/// # Errors
/// [`TypesRefused`].
pub(crate) fn check_types(types: &[String]) -> Result<Vec<String>, TypesRefused> {
    let types: BTreeSet<&String> = types.iter().collect();
    let known = |name: &str| name == ALL_CHANGES || WEBHOOK_TYPES.contains(&name);
    if types.is_empty() {
        return Err(TypesRefused::Empty);
    }
    if let Some(unknown) = types.iter().find(|name| !known(name)) {
        return Err(TypesRefused::Unknown(unknown.chars().take(100).collect()));
    }
    if types.len() > 1 && types.iter().any(|name| *name == CATCH_UP) {
        return Err(TypesRefused::Mixed);
    }
    Ok(types.into_iter().cloned().collect())
}

/// Whether a webhook with these types gets wake-ups instead of changes.
pub(crate) fn are_catch_up(types: Option<&[String]>) -> bool {
    types.is_some_and(|types| types.iter().any(|name| name == CATCH_UP))
}

/// Whether a webhook with these types gets messages of this type.
pub(crate) fn include(types: Option<&[String]>, event_type: &str) -> bool {
    types.is_none_or(|types| types.iter().any(|name| name == event_type || name == ALL_CHANGES))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(types: &[&str]) -> Result<Vec<String>, TypesRefused> {
        check_types(&types.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn types_are_known_and_unique_and_wake_ups_are_alone() {
        for name in WEBHOOK_TYPES {
            assert_eq!(checked(&[name]), Ok(vec![name.to_owned()]));
        }
        let both = vec!["group.banned".to_owned(), "group.invited".to_owned()];
        assert_eq!(checked(&["group.invited", "group.banned", "group.invited"]), Ok(both));
        assert_eq!(checked(&["user.catch_up", "user.catch_up"]), Ok(vec![CATCH_UP.to_owned()]));
        assert_eq!(checked(&["group.*", "group.banned"]).map(|types| types.len()), Ok(2));
        assert_eq!(checked(&[]), Err(TypesRefused::Empty));
        for unknown in ["", "group.", "group.renamed", "banned", "GROUP.BANNED", "user.*", "webhook.test"] {
            assert_eq!(checked(&["group.banned", unknown]), Err(TypesRefused::Unknown(unknown.to_owned())));
        }
        assert_eq!(checked(&["user.catch_up", "group.*"]), Err(TypesRefused::Mixed));
    }

    #[test]
    fn a_webhook_gets_the_types_it_asks_for() {
        let some = [String::from("group.banned"), String::from("group.invited")];
        assert!(include(Some(&some), "group.banned") && !include(Some(&some), "group.unbanned"));
        let all = [String::from(ALL_CHANGES)];
        assert!(include(Some(&all), "group.banned") && include(None, "group.banned"));
        assert!(!are_catch_up(None) && !are_catch_up(Some(&all)) && are_catch_up(Some(&[CATCH_UP.to_owned()])));
    }
}
