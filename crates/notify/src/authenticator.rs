//! Authenticates the tokens with which clients renew their connections.

use async_trait::async_trait;
use groups_domain::UserId;
use groups_protocol::ErrorCode;

use crate::Grant;

/// Checks a token that a client sends on its open connection (`authenticate`), so that the connection
/// outlives the token with which it was opened. See [`Hub::authenticate_with`](crate::Hub::authenticate_with).
#[async_trait(?Send)]
pub trait Authenticator: Send + Sync + 'static {
    /// Returns the user of the token and what it allows. If the user is not the connection's, the hub
    /// closes the connection with 4500. Otherwise the new token replaces the earlier one.
    ///
    /// Called on the worker of the connection, for one token of a connection at a time. After
    /// [`HubLimits::authenticate_timeout`](crate::HubLimits::authenticate_timeout) the future is dropped.
    ///
    /// # Errors
    /// [`NotRenewed`], which is sent to the client as an `error`. The connection stays open, and its
    /// earlier token stays in force.
    async fn authenticate(&self, user_id: UserId, token: &str) -> Result<Renewal, NotRenewed>;
}

/// A valid token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The user of the token.
    pub user_id: UserId,
    /// What the token allows.
    pub grant: Grant,
}

/// Why a connection is not renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRenewed {
    /// The code of the `error`: [`ErrorCode::Unauthenticated`] for an invalid token.
    pub code: ErrorCode,
    /// An explanation for people.
    pub detail: String,
}

impl NotRenewed {
    pub(crate) fn new(code: ErrorCode, detail: &str) -> Self {
        Self { code, detail: detail.to_owned() }
    }
}
