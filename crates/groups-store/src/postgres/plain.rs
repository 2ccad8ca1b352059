//! Replaces encryption if this program was built without it.

use std::io;

use super::encryption::{Demands, Mode};
use super::wire::Stream;
use crate::OpenError;

/// Never constructed: connections are plaintext.
#[derive(Clone)]
pub(super) enum Encryption {}

impl Encryption {
    /// Returns `None`, or an error if the URL requires encryption.
    pub(super) fn new(demands: &Demands) -> Result<Option<Self>, OpenError> {
        match demands.mode {
            Mode::Disable | Mode::Prefer => Ok(None),
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => Err(OpenError::EncryptionMissing),
        }
    }

    #[expect(clippy::unused_async, reason = "as the one that encrypts")]
    pub(super) async fn secure(&self, _socket: Box<dyn Stream>, _name: Option<&str>) -> io::Result<Box<dyn Stream>> {
        match *self {}
    }
}
