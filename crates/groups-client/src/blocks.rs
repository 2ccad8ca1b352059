//! The users who are blocked from adding the caller to groups.

use groups_domain::UserId;
use groups_protocol::{BlockBody, BlockPage};
use hyper::Method;

use crate::body::Page;
use crate::call::Call;
use crate::error::Error;
use crate::http::Http;
use crate::pages;

/// The users who are blocked from adding the caller. See [`Client::blocks`](crate::Client::blocks).
#[derive(Clone, Copy)]
pub struct Blocks<'a>(pub(crate) &'a Http);

impl<'a> Blocks<'a> {
    /// Blocks a user. No-op if the user is blocked already.
    pub fn block(self, user_id: UserId) -> Call<'a, ()> {
        Call::empty(self.0, Method::PUT, format!("/v1/me/blocks/{user_id}"))
    }

    /// Unblocks a user. No-op if the user is not blocked.
    pub fn unblock(self, user_id: UserId) -> Call<'a, ()> {
        Call::empty(self.0, Method::DELETE, format!("/v1/me/blocks/{user_id}"))
    }

    /// One page of the blocked users, sorted by id.
    pub fn page(self, page: Page) -> Call<'a, BlockPage> {
        Call::json(self.0, Method::GET, "/v1/me/blocks".to_owned()).page(page)
    }

    /// All blocked users, sorted by id.
    ///
    /// # Errors
    /// As the calls for the pages.
    pub async fn all(self) -> Result<Vec<BlockBody>, Error> {
        pages::all(|page| self.page(page)).await
    }
}

impl std::fmt::Debug for Blocks<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Blocks")
    }
}
