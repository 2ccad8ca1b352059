//! Who is calling: contract section 1.

mod caller;
mod development;
mod names;
mod origin;
mod token;

pub(crate) use caller::Caller;
pub(crate) use development::Development;
pub(crate) use names::Names;
pub(crate) use origin::{Origins, canonical, check_loopback, is_safe};
pub(crate) use token::{Tokens, bearer_of_upgrade};
