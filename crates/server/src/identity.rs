//! Who is calling: contract section 1.

mod caller;
mod claims;
mod development;
mod hs256;
mod names;
mod origin;
mod token;

pub(crate) use caller::Caller;
pub(crate) use claims::Claims;
pub(crate) use development::Development;
pub(crate) use names::Names;
use origin::check_loopback;
pub(crate) use origin::{Origins, canonical, is_safe};
pub(crate) use token::{Tokens, bearer_of_upgrade};
