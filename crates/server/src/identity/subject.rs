//! Which user a token is about: the subject of an identity provider becomes a user id.

use groups_domain::UserId;
use uuid::Uuid;

use crate::input::uuid;

/// Maximum length of a subject, in characters.
pub(crate) const SUBJECT_CHARS_MAX: usize = 255;

/// Which subjects are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Subjects {
    /// UUIDs only.
    #[default]
    Uuid,
    /// Any text.
    Any,
}

/// Why a subject is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SubjectError {
    #[error("must be a UUID, such as \"f7a54a9e-b01a-593f-8b27-0307af030bbc\"")]
    NoUuid,
    #[error("must have 1 to {SUBJECT_CHARS_MAX} characters")]
    Length,
}

impl Subjects {
    /// The id of a subject. A UUID stays as it is. Any other text becomes the UUIDv5 (RFC 9562 section
    /// 5.5) of the issuer and the subject, in the namespace for object identifiers.
    ///
    /// The issuer must have no line break, so that no other pair has the same name. It is empty for
    /// tokens without one.
    ///
    /// # Errors
    /// [`SubjectError`] if such subjects are not accepted.
    pub(crate) fn user_id(self, issuer: &str, subject: &str) -> Result<UserId, SubjectError> {
        if let Some(id) = uuid(subject) {
            return Ok(UserId::new(id));
        }
        match self {
            Self::Uuid => Err(SubjectError::NoUuid),
            Self::Any if subject.is_empty() || subject.chars().nth(SUBJECT_CHARS_MAX).is_some() => {
                Err(SubjectError::Length)
            }
            Self::Any => {
                let name = format!("{issuer}\n{subject}");
                Ok(UserId::new(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_stays_as_it_is() {
        for subjects in [Subjects::Uuid, Subjects::Any] {
            for text in ["f7a54a9e-b01a-593f-8b27-0307af030bbc", "F7A54A9E-B01A-593F-8B27-0307AF030BBC"] {
                let id = subjects.user_id("https://id.example", text).map(|id| id.to_string());
                assert_eq!(id.as_deref(), Ok("f7a54a9e-b01a-593f-8b27-0307af030bbc"));
            }
        }
    }

    #[test]
    fn any_other_text_becomes_a_uuid_of_issuer_and_subject() {
        let id = |issuer, subject| Subjects::Any.user_id(issuer, subject).map(|id| id.to_string());
        // Computed with Python's `uuid.uuid5(uuid.NAMESPACE_OID, …)`.
        assert_eq!(id("https://id.example", "ada").as_deref(), Ok("41003a9a-2d6d-5a87-86d4-c91cc8ecbad1"));
        assert_eq!(id("", "auth0|5f7c8ec7").as_deref(), Ok("d6d98091-525e-573b-8f27-ab6e621a1928"));
        assert_eq!(id("https://id.example", "zo\u{eb}").as_deref(), Ok("ce011607-99f5-543e-9b9d-97e20dcf19b7"));
        // An issuer in the subject is not the issuer.
        assert_ne!(id("https://id.example", "ada"), id("", "https://id.example\nada"));
    }

    #[test]
    fn a_subject_has_1_to_255_characters() {
        let user_id = |subjects: Subjects, text: &str| subjects.user_id("", text);
        for long in ["x".repeat(256), "\u{e4}".repeat(256)] {
            assert_eq!(user_id(Subjects::Any, &long), Err(SubjectError::Length));
        }
        assert!(user_id(Subjects::Any, &"\u{e4}".repeat(255)).is_ok());
        assert_eq!(user_id(Subjects::Any, ""), Err(SubjectError::Length));
        for text in ["ada", "", "f7a54a9eb01a593f8b270307af030bbc", "urn:uuid:f7a54a9e-b01a-593f-8b27-0307af030bbc"] {
            assert_eq!(user_id(Subjects::Uuid, text), Err(SubjectError::NoUuid));
        }
    }
}
