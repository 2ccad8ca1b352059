//! Secrets of webhooks as text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use groups_store::{Store, WebhookSecret};
use ring::rand::{SecureRandom, SystemRandom};

use crate::input::CommandRequest;
use crate::{Code, Problem};

/// The secret that a request makes. A repetition with the same key has the same secret.
///
/// # Errors
/// [`Code::Internal`] if the system has no randomness.
pub(super) fn of_request(request: &CommandRequest, store: &Store) -> Result<WebhookSecret, Problem> {
    if let Some(secret) = request.secret(store, "webhook") {
        return Ok(WebhookSecret::new(secret));
    }
    let mut bytes = [0; 32];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => Ok(WebhookSecret::new(bytes)),
        Err(_) => {
            tracing::error!("the system has no randomness");
            Err(Problem::new(Code::Internal, "The secret could not be created."))
        }
    }
}

/// The text for the receiver's configuration: `whsec_` and the key in base64.
pub(super) fn text(secret: &WebhookSecret) -> String {
    format!("whsec_{}", STANDARD.encode(secret.as_bytes()))
}
