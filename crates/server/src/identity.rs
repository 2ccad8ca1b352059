//! Authentication (contract, section 1).

mod caller;
mod claims;
mod development;
mod jwk;
mod jwks;
mod jws;
mod names;
mod new_token;
mod operator;
mod origin;
mod principal;
mod revocations;
mod subject;
mod token;
mod token_error;
mod token_guard;

pub(crate) use caller::Caller;
pub(crate) use development::Development;
pub use jwks::KeysError;
pub(crate) use jwks::{Jwks, Location};
pub(crate) use names::Names;
pub use new_token::NewToken;
pub(crate) use operator::{Operator, operators_only};
use origin::check_loopback;
pub(crate) use origin::{Origins, canonical, is_loopback_name, is_safe};
pub use principal::{Access, Identity, Principal};
pub(crate) use revocations::Revocations;
pub(crate) use subject::Subjects;
pub(crate) use token::Tokens;
#[cfg(fuzzing)]
pub(crate) use token::fuzz;
pub(crate) use token_guard::TokenGuard;
