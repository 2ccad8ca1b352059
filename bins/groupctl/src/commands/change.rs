//! The options of a change.

use groups_client::{Call, Version};

use crate::cli::ChangeArgs;

/// Applies the options of a change.
pub(super) fn with<T>(mut call: Call<'_, T>, change: ChangeArgs) -> Call<'_, T> {
    if let Some(version) = change.if_version {
        call = call.if_version(Version::new(version));
    }
    if let Some(key) = change.idempotency_key {
        call = call.idempotency_key(key);
    }
    call
}
