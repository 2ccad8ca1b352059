//! Who is calling: the answer of an [`Identity`], and the trait itself.

use actix_web::HttpRequest;
use async_trait::async_trait;
use groups_domain::{Timestamp, UserId};

use crate::Problem;

/// Says who is calling, for every HTTP request and every WebSocket upgrade.
///
/// Without one, the service checks JSON Web Tokens as its [`Settings`](crate::Settings) say. An application that mounts the service
/// gives it its own, for example over cookie sessions or API keys: see [`GroupsBuilder::identity`](crate::GroupsBuilder::identity) and
/// `examples/own_identity.rs`.
///
/// It is asked before anything else is read of a request. The service answers requests of pages of foreign origins by itself
/// (docs/operating.md, Origins): an implementation over cookies needs no CSRF token.
#[async_trait(?Send)]
pub trait Identity: Send + Sync + 'static {
    /// Who sends this request. The extensions of the application's own middleware are in `request`.
    ///
    /// Dropping the future means that the client has gone.
    ///
    /// # Errors
    /// The answer to the client: [`Code::Unauthenticated`](crate::Code::Unauthenticated) if nobody is signed in,
    /// [`Code::Unavailable`](crate::Code::Unavailable) if that cannot be found out now.
    async fn identify(&self, request: &HttpRequest) -> Result<Principal, Problem>;
}

/// A user, as an [`Identity`] knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Principal {
    /// The user.
    pub user_id: UserId,
    /// The name that other members see, if the identity has one. It never contains control or invisible characters.
    pub name: Option<String>,
    /// When the name was issued. Of several names of one user the newest counts.
    pub issued_at: Timestamp,
    /// The first moment at which this answer no longer holds. A WebSocket connection is closed with 4500 at that time, and its
    /// client connects again with new credentials.
    pub expires_at: Timestamp,
}

impl Principal {
    /// A user without a name.
    pub fn new(user_id: UserId, expires_at: Timestamp) -> Self {
        Self { user_id, name: None, issued_at: Timestamp::from_unix_millis(0), expires_at }
    }

    /// With the name that the user has had since `issued_at`. A name that cannot be displayed (empty, too long, with control
    /// characters) is ignored.
    #[must_use]
    pub fn named(self, name: &str, issued_at: Timestamp) -> Self {
        Self { name: groups_domain::GroupName::parse(name).ok().map(String::from), issued_at, ..self }
    }
}
