//! What stands in for encryption where this program was built without it.

use diesel::ConnectionResult;

use super::Conn;
use super::encryption::{Demands, Mode};
use crate::OpenError;

/// There is none.
#[derive(Clone)]
pub(super) enum Encryption {}

impl Encryption {
    /// `None`, or the refusal of what demands more.
    pub(super) fn new(demands: &Demands) -> Result<Option<Self>, OpenError> {
        match demands.mode {
            Mode::Disable | Mode::Prefer => Ok(None),
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => Err(OpenError::EncryptionMissing),
        }
    }

    #[expect(clippy::unused_async, reason = "as the one that encrypts")]
    pub(super) async fn connect(&self, _url: &str) -> ConnectionResult<Conn> {
        match *self {}
    }
}
