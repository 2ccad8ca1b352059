//! One call of the API, before it is sent.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use groups_domain::Version;
use hyper::body::Bytes;
use hyper::{Method, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::body::Page;
use crate::box_error::BoxError;
use crate::error::Error;
use crate::http::{Http, Request, Safety};
use crate::url::add_parameter;

/// One call of the API. It does nothing until it is awaited.
///
/// A call is repeated after a lost connection and after 429, 502, 503 and 504, if that is safe: it reads, it is idempotent, or it
/// is a change with an `Idempotency-Key`, which every attempt repeats. See
/// [`ClientBuilder::attempts_max`](crate::ClientBuilder::attempts_max).
///
/// Dropping the future of a call stops waiting for the response. Whether the server executes the change is then unknown.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<'a, T> {
    http: &'a Http,
    request: Request,
    /// The body could not be encoded.
    error: Option<serde_json::Error>,
    decode: fn(&[u8]) -> Result<T, BoxError>,
    result: PhantomData<fn() -> T>,
}

impl<'a, T> Call<'a, T> {
    fn new(http: &'a Http, method: Method, path: String, decode: fn(&[u8]) -> Result<T, BoxError>) -> Self {
        let request = Request {
            method,
            path,
            shown_as: None,
            body: None,
            headers: Vec::new(),
            idempotency_key: None,
            safety: Safety::Repeatable,
            anonymous: false,
            delayed_by: Duration::ZERO,
        };
        Self { http, request, error: None, decode, result: PhantomData }
    }

    pub(crate) fn body(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => self.request.body = Some(Bytes::from(body)),
            Err(error) => self.error = Some(error),
        }
        self
    }

    pub(crate) fn parameter(mut self, name: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            add_parameter(&mut self.request.path, name, &value.to_string());
        }
        self
    }

    /// The call reads a page of a list.
    pub(crate) fn page(self, page: Page) -> Self {
        self.parameter("limit", page.limit).parameter("after", page.after)
    }

    /// The path contains a secret, so messages show this one instead.
    pub(crate) fn shown_as(mut self, path: &'static str) -> Self {
        self.request.shown_as = Some(path);
        self
    }

    /// The call is a change, and has an `Idempotency-Key`.
    pub(crate) fn change(mut self) -> Self {
        self.request.idempotency_key = Some(Uuid::now_v7().to_string());
        self
    }

    /// The call is sent once.
    pub(crate) fn once(mut self) -> Self {
        self.request.safety = Safety::Once;
        self
    }

    /// The server may delay its answer by this much.
    pub(crate) fn delayed_by(mut self, wait: Duration) -> Self {
        self.request.delayed_by = wait;
        self
    }

    /// The call has no token.
    pub(crate) fn anonymous(mut self) -> Self {
        self.request.anonymous = true;
        self
    }

    /// Uses this `Idempotency-Key` instead of a generated one: 1 to 255 visible ASCII characters. The server executes a change
    /// with the same key once in 24 hours, and answers repetitions with the first answer. Calls that change no group ignore it.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        if self.request.idempotency_key.is_some() {
            self.request.idempotency_key = Some(key.into());
        }
        self
    }

    /// Executes the change only if the group is at this version (`If-Match`). Otherwise it is refused with
    /// [`Code::VersionMismatch`](groups_protocol::Code::VersionMismatch).
    pub fn if_version(mut self, version: Version) -> Self {
        self.request.headers.push((header::IF_MATCH, format!("\"{version}\"")));
        self
    }

    /// Method, path with query, and body.
    #[cfg(test)]
    pub(crate) fn parts(&self) -> (&Method, &str, Option<&[u8]>) {
        (&self.request.method, &self.request.path, self.request.body.as_deref())
    }

    /// Method and path, for messages.
    fn name(&self) -> String {
        format!("{} {}", self.request.method, self.request.shown_path())
    }

    async fn send(mut self) -> Result<T, Error> {
        if let Some(error) = self.error.take() {
            return Err(Error::InvalidRequest(error.into()));
        }
        let body = self.http.execute(&self.request).await?;
        (self.decode)(&body).map_err(|source| Error::UnexpectedResponse { request: self.name(), source })
    }
}

impl<'a, T: DeserializeOwned> Call<'a, T> {
    /// A call whose response is JSON.
    pub(crate) fn json(http: &'a Http, method: Method, path: String) -> Self {
        Self::new(http, method, path, |body| serde_json::from_slice(body).map_err(BoxError::from))
    }
}

impl<'a> Call<'a, ()> {
    /// A call whose response has no content.
    pub(crate) fn empty(http: &'a Http, method: Method, path: String) -> Self {
        Self::new(http, method, path, |_| Ok(()))
    }
}

impl<'a, T: Send + 'a> IntoFuture for Call<'a, T> {
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<T> fmt::Debug for Call<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("request", &self.name()).finish_non_exhaustive()
    }
}
