//! What happens around the check of a token: counting rejected ones, and refusing addresses that send
//! too many invalid ones.
//!
//! Users behind one address, such as a proxy that is not trusted, must not pay for an attacker among
//! them. So a token that was valid recently is always checked, and only tokens without a valid
//! signature count: an expired one was issued to a user.

use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::quality::RandomState;

use super::token_error::TokenError;
use crate::Problem;
use crate::client::ClientAddress;
use crate::door_metrics::DoorMetrics;
use crate::limiter::{AddressWork, Limiter};

/// Guards the check of tokens.
pub(crate) struct TokenGuard {
    limiter: Arc<Limiter>,
    metrics: DoorMetrics,
    valid: Mutex<ValidTokens>,
}

/// Hashes of tokens that were valid recently, in two generations.
#[derive(Default)]
struct ValidTokens {
    hasher: RandomState,
    young: HashSet<u64>,
    old: HashSet<u64>,
}

impl ValidTokens {
    /// Maximum number of tokens of a generation. When it is reached, the older one is forgotten.
    const GENERATION_MAX: usize = 65_536;

    fn insert(&mut self, token: &str) {
        if self.young.insert(self.hasher.hash_one(token)) && self.young.len() >= Self::GENERATION_MAX {
            self.old = mem::take(&mut self.young);
        }
    }

    fn contains(&self, token: &str) -> bool {
        let hash = self.hasher.hash_one(token);
        self.young.contains(&hash) || self.old.contains(&hash)
    }
}

impl TokenGuard {
    pub(crate) fn new(limiter: Arc<Limiter>, metrics: DoorMetrics) -> Self {
        Self { limiter, metrics, valid: Mutex::default() }
    }

    /// Refuses no address.
    #[cfg(any(test, fuzzing))]
    pub(super) fn unlimited() -> Self {
        let metrics = DoorMetrics::default();
        Self::new(Arc::new(Limiter::new(crate::limiter::Rates::default(), metrics.clone())), metrics)
    }

    /// Called before a token is checked.
    ///
    /// # Errors
    /// [`Code::RateLimited`](crate::Code::RateLimited) if the address has sent too many invalid tokens.
    pub(super) fn admit(&self, client: ClientAddress, token: &str) -> Result<(), Problem> {
        let admitted = self.limiter.check_address(client, AddressWork::InvalidToken);
        if admitted.is_err() && self.valid.lock().unwrap_or_else(PoisonError::into_inner).contains(token) {
            return Ok(());
        }
        admitted
    }

    /// Called when a token was accepted.
    pub(super) fn accepted(&self, token: &str) {
        if self.limiter.limits_addresses(AddressWork::InvalidToken) {
            self.valid.lock().unwrap_or_else(PoisonError::into_inner).insert(token);
        }
    }

    /// Called when a token was rejected. `client`: `None` for a client that is already connected.
    pub(super) fn rejected(&self, client: Option<ClientAddress>, error: &TokenError) {
        let Some(reason) = error.reason() else { return };
        self.metrics.token_rejected(reason);
        if let (Some(client), true) = (client, error.is_forgery()) {
            self.limiter.charge_address_afterwards(client, AddressWork::InvalidToken);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_number_of_valid_tokens_is_remembered() {
        let mut valid = ValidTokens::default();
        for number in 0..3 * ValidTokens::GENERATION_MAX {
            valid.insert(&number.to_string());
            assert!(valid.young.len() + valid.old.len() <= 2 * ValidTokens::GENERATION_MAX);
        }
        assert!(!valid.contains("0"));
        assert!(valid.contains(&(2 * ValidTokens::GENERATION_MAX).to_string()));
    }
}
