//! The [`Identity`] trait, and the [`Principal`] it returns.

use actix_web::HttpRequest;
use async_trait::async_trait;
use groups_domain::{DisplayName, Timestamp, UserId};

use crate::Problem;

/// Authenticates the caller of every HTTP request and WebSocket upgrade.
///
/// By default, the service checks JSON Web Tokens as configured by its
/// [`Settings`](crate::Settings). An application that mounts the service can use its own identity,
/// for example cookie sessions or API keys: see
/// [`GroupsBuilder::identity`](crate::GroupsBuilder::identity) and `examples/own_identity.rs`.
///
/// It is called before anything else is read from a request. The service itself handles requests
/// from pages of foreign origins (docs/settings.md, Origins), so a cookie-based implementation
/// needs no CSRF token.
#[async_trait(?Send)]
pub trait Identity: Send + Sync + 'static {
    /// Authenticates a request. Extensions set by the application's own middleware are available in
    /// `request`.
    ///
    /// The future is dropped if the client disconnects.
    ///
    /// # Errors
    /// The response to the client: [`Code::Unauthenticated`](crate::Code::Unauthenticated) if
    /// nobody is signed in, or [`Code::Unavailable`](crate::Code::Unavailable) if this cannot be
    /// determined now.
    async fn identify(&self, request: &HttpRequest) -> Result<Principal, Problem>;
}

/// An authenticated user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Principal {
    /// The user's id.
    pub user_id: UserId,
    /// The display name, if the identity has one.
    pub name: Option<DisplayName>,
    /// When the name was issued. If a user has several names, the newest wins.
    pub issued_at: Timestamp,
    /// When the authentication expires. A WebSocket connection is closed with 4003 at that time,
    /// and its client reconnects with new credentials.
    pub expires_at: Timestamp,
}

impl Principal {
    /// Creates a principal without a display name.
    pub fn new(user_id: UserId, expires_at: Timestamp) -> Self {
        Self { user_id, name: None, issued_at: Timestamp::from_unix_millis(0), expires_at }
    }

    /// Sets the display name, valid since `issued_at`. A name that cannot be displayed (empty, too
    /// long, or with control characters) is ignored.
    #[must_use]
    pub fn named(self, name: &str, issued_at: Timestamp) -> Self {
        Self { name: DisplayName::parse(name).ok(), issued_at, ..self }
    }
}
