//! The [`Identity`] trait, and the [`Principal`] it returns.

use std::sync::Arc;

use actix_web::HttpRequest;
use async_trait::async_trait;
use groups_domain::{DisplayName, Timestamp, UserId};

use crate::{Code, Problem};

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
///
/// Implement it with `#[async_trait(?Send)]`, because an [`HttpRequest`] is not `Send`. An `Arc` of
/// an identity is also an identity, so the application can keep a handle to it.
///
/// ```
/// use std::collections::HashMap;
///
/// use actix_web::HttpRequest;
/// use async_trait::async_trait;
/// use groups_domain::{Timestamp, UserId};
/// use server::{Code, Identity, Principal, Problem};
///
/// struct ApiKeys(HashMap<String, UserId>);
///
/// #[async_trait(?Send)]
/// impl Identity for ApiKeys {
///     async fn identify(&self, request: &HttpRequest) -> Result<Principal, Problem> {
///         let key = request.headers().get("X-Api-Key").and_then(|key| key.to_str().ok());
///         let user_id = key.and_then(|key| self.0.get(key));
///         let user_id = user_id.ok_or_else(|| Problem::new(Code::Unauthenticated, "The API key is unknown."))?;
///         Ok(Principal::new(*user_id, Timestamp::TEXT_MAX))
///     }
/// }
/// ```
///
/// # Browsers
///
/// JavaScript cannot set headers on a WebSocket upgrade. It can send cookies, query parameters and
/// subprotocols. `groups-web` sends its token as `Authorization: Bearer …` with HTTP requests, and
/// as the subprotocol `bearer.…` with an upgrade.
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

    /// Authenticates a token with which a client renews its open WebSocket (`authenticate`). Default:
    /// no token is accepted, and clients reconnect with their new credentials.
    ///
    /// # Errors
    /// As for [`identify`](Self::identify). The client gets an `error`, and its connection stays open
    /// until its earlier authentication expires.
    async fn authenticate_token(&self, token: &str) -> Result<Principal, Problem> {
        let _ = token;
        let detail = "Tokens are not renewed on an open connection. Reconnect with the new one.";
        Err(Problem::new(Code::Unauthenticated, detail))
    }
}

/// Forwards to the shared identity.
#[async_trait(?Send)]
impl<T: Identity + ?Sized> Identity for Arc<T> {
    async fn identify(&self, request: &HttpRequest) -> Result<Principal, Problem> {
        (**self).identify(request).await
    }

    async fn authenticate_token(&self, token: &str) -> Result<Principal, Problem> {
        (**self).authenticate_token(token).await
    }
}

/// An authenticated user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Principal {
    /// The user's id.
    pub user_id: UserId,
    /// The identity provider's name for the user, shown by `GET /v1/me`. In a token: `sub`. Default:
    /// the user's id.
    pub subject: Option<String>,
    /// The display name, if the identity has one.
    pub name: Option<DisplayName>,
    /// When the name was last changed. If a user has several names, the newest wins.
    pub issued_at: Timestamp,
    /// When the authentication expires; [`Timestamp::TEXT_MAX`] if never. From then on, requests and
    /// upgrades are refused with 401. An open WebSocket is closed with 4003, and its client
    /// reconnects with new credentials, unless it has renewed the connection
    /// ([`Identity::authenticate_token`]).
    ///
    /// Until then, an open WebSocket is not authenticated again. If sessions can be revoked, choose
    /// a time a few minutes ahead.
    pub expires_at: Timestamp,
    /// Which requests the principal may send.
    pub access: Access,
}

/// Which requests a [`Principal`] may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Access {
    /// `GET` requests and the WebSocket connection. In a token: the scope `groups:read` without
    /// `groups:admin`.
    ReadOnly,
    /// Everything that a user can do. In a token: neither scope.
    #[default]
    User,
    /// The same, and `/v1/admin`. In a token: the scope `groups:admin`.
    Operator,
}

impl Principal {
    /// Creates a principal without a display name, with the access of a user.
    pub fn new(user_id: UserId, expires_at: Timestamp) -> Self {
        let issued_at = Timestamp::from_unix_millis(0);
        Self { user_id, subject: None, name: None, issued_at, expires_at, access: Access::default() }
    }

    /// Sets which requests the principal may send.
    #[must_use]
    pub fn with_access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// Sets the identity provider's name for the user.
    #[must_use]
    pub fn with_subject(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    /// Sets the display name. `issued_at` is the time the name was last changed; a name that is older
    /// than the stored one is ignored. A name that cannot be displayed (empty, too long, or with
    /// control characters) is ignored.
    #[must_use]
    pub fn named(self, name: &str, issued_at: Timestamp) -> Self {
        Self { name: DisplayName::parse(name).ok(), issued_at, ..self }
    }
}
