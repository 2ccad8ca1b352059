//! Why a token is rejected.

use super::claims::ClaimError;
use super::jws::JwsError;
use crate::{Code, Problem};

/// Why a token is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    /// It is not signed with a known key.
    #[error(transparent)]
    Signature(#[from] JwsError),
    #[error("{0}")]
    Issuer(String),
    #[error("{0}")]
    Audience(String),
    #[error(transparent)]
    Claims(#[from] ClaimError),
}

impl TokenError {
    /// The reason in the metrics. `None` if the token is neither accepted nor rejected.
    pub(super) fn reason(&self) -> Option<&'static str> {
        Some(match self {
            Self::Signature(JwsError::Fetching) => return None,
            Self::Signature(JwsError::Signature) => "signature",
            Self::Signature(JwsError::Algorithm { .. }) => "algorithm",
            Self::Signature(JwsError::UnknownKey | JwsError::WrongKey | JwsError::AmbiguousKey) => "key",
            Self::Signature(JwsError::Format | JwsError::TooLong | JwsError::Repeated | JwsError::Critical) => {
                "malformed"
            }
            Self::Issuer(_) => "issuer",
            Self::Audience(_) => "audience",
            Self::Claims(ClaimError::Expired) => "expired",
            Self::Claims(ClaimError::NotYet { .. }) => "not_yet_valid",
            Self::Claims(ClaimError::TooLong { .. }) => "lifetime",
            Self::Claims(
                ClaimError::Missing(_) | ClaimError::Type { .. } | ClaimError::Subject(_) | ClaimError::Issuer,
            ) => "claims",
        })
    }

    /// Whether anybody can make such a token, without a key.
    pub(super) fn is_forgery(&self) -> bool {
        matches!(self, Self::Signature(error) if *error != JwsError::Fetching)
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Signature(JwsError::Fetching) => Self::new(Code::Unavailable, error.to_string()).retry_after(1),
            error => Self::new(Code::Unauthenticated, error.to_string()),
        }
    }
}
