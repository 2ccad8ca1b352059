//! The client, and how it is built.

use std::sync::Arc;
use std::time::Duration;

use groups_domain::GroupId;
use groups_protocol::{LoginBody, MeBody, PeopleBody, UsersBody};
use hyper::Method;

use crate::admin::Admin;
use crate::blocks::Blocks;
use crate::body::NameBody;
use crate::box_error::BoxError;
use crate::call::Call;
use crate::groups::{GroupHandle, Groups};
use crate::http::{Http, RetryPolicy, Shared};
use crate::link_token::LinkToken;
use crate::outsider::{Directory, Invitations, JoinRequests, LinkHandle};
use crate::token::{FixedToken, NoToken, TokenProvider, Tokens};
use crate::transport::Transport;
use crate::url::{ServerUrl, UrlError};
use crate::watch::WatchBuilder;

/// A client of one server, for one user. Cloning is cheap: clones share connections and token.
#[derive(Clone)]
pub struct Client(Shared);

/// Why a client cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The URL is invalid.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// TLS cannot be set up, usually because the system has no root certificates.
    #[error("TLS cannot be set up")]
    Tls(#[source] BoxError),
}

/// Settings of a client.
#[must_use = "call build()"]
pub struct ClientBuilder {
    url: String,
    tokens: Box<dyn TokenProvider>,
    retry: RetryPolicy,
}

impl Client {
    /// Starts with the URL of the server: `http://HOST:PORT` or `https://HOST`, with the path prefix of a proxy if there is one.
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        let retry =
            RetryPolicy { attempts_max: 3, wait_max: Duration::from_secs(5), attempt_within: Duration::from_secs(30) };
        ClientBuilder { url: url.into(), tokens: Box::new(NoToken), retry }
    }

    /// The caller's groups: create one, or list them.
    pub fn groups(&self) -> Groups<'_> {
        Groups(&self.0)
    }

    /// One group: read and change it, its members and the ways into it.
    pub fn group(&self, group_id: GroupId) -> GroupHandle<'_> {
        GroupHandle::new(&self.0, "/v1", group_id)
    }

    /// The users who are blocked from adding the caller.
    pub fn blocks(&self) -> Blocks<'_> {
        Blocks(&self.0)
    }

    /// The caller's invitations that were not answered.
    pub fn invitations(&self) -> Invitations<'_> {
        Invitations(&self.0)
    }

    /// The caller's requests to join that were not answered.
    pub fn join_requests(&self) -> JoinRequests<'_> {
        JoinRequests(&self.0)
    }

    /// The groups that outsiders can join or ask to join.
    pub fn directory(&self) -> Directory<'_> {
        Directory(&self.0)
    }

    /// A link into a group, which the caller has got from somebody: see where it leads, and use it.
    pub fn link<'a>(&'a self, token: &'a LinkToken) -> LinkHandle<'a> {
        LinkHandle { http: &self.0, token }
    }

    /// The calling user. Also a check of the token.
    pub fn me(&self) -> Call<'_, MeBody> {
        Call::json(&self.0, Method::GET, "/v1/me".to_owned())
    }

    /// Users with whom the caller shares a group and whose names start with `name`, ignoring case: up to `limit`, sorted by
    /// name. Default: 100, at most 500.
    pub fn people(&self, name: &str, limit: Option<u32>) -> Call<'_, UsersBody> {
        Call::json(&self.0, Method::GET, "/v1/users".to_owned())
            .parameter("query", Some(name))
            .parameter("limit", limit)
    }

    /// Calls of operators and backends.
    pub fn admin(&self) -> Admin<'_> {
        Admin(&self.0)
    }

    /// The list of the caller's groups, kept up to date over a WebSocket.
    pub fn watch(&self) -> WatchBuilder {
        WatchBuilder::new(Arc::clone(&self.0))
    }

    /// Signs in by name, in development mode only. Needs no token. The same name is the same user.
    pub fn sign_in(&self, name: &str) -> Call<'_, LoginBody> {
        Call::json(&self.0, Method::POST, "/v1/dev/login".to_owned()).anonymous().body(&NameBody { name })
    }

    /// Finds users by the start of their names, in development mode only.
    pub fn development_people(&self, name: &str) -> Call<'_, PeopleBody> {
        Call::json(&self.0, Method::GET, "/v1/dev/people".to_owned()).parameter("q", Some(name))
    }
}

impl ClientBuilder {
    /// Always uses this token. Once it has expired, calls are refused and a watch ends.
    pub fn token(self, token: impl Into<String>) -> Self {
        self.token_provider(FixedToken(token.into()))
    }

    /// Asks for a token when one is needed. Default: there is none.
    pub fn token_provider(self, provider: impl TokenProvider) -> Self {
        Self { tokens: Box::new(provider), ..self }
    }

    /// Sets the maximum number of attempts of one call, at least 1. Default: 3.
    pub fn attempts_max(mut self, attempts: u32) -> Self {
        self.retry.attempts_max = attempts.max(1);
        self
    }

    /// Sets the longest `Retry-After` that a call waits for. Beyond that the call fails. Default: 5 seconds.
    pub fn retry_wait_max(mut self, wait: Duration) -> Self {
        self.retry.wait_max = wait;
        self
    }

    /// Sets how long each attempt of a call may take. Default: 30 seconds.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.retry.attempt_within = timeout;
        self
    }

    /// Builds the client. It connects when it is used.
    ///
    /// # Errors
    /// [`BuildError`] if the URL is invalid or TLS cannot be set up.
    pub fn build(self) -> Result<Client, BuildError> {
        let url = ServerUrl::parse(&self.url)?;
        let transport = Transport::new(url.is_secure()).map_err(BuildError::Tls)?;
        Ok(Client(Arc::new(Http { url, tokens: Tokens::new(self.tokens), transport, retry: self.retry })))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("url", &self.0.url).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder").field("url", &self.url).finish_non_exhaustive()
    }
}
