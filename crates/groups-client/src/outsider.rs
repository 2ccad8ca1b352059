//! Calls of people who are not members yet: their invitations and requests, the directory, and links.

use hyper::Method;

use crate::access::{
    DirectoryPage, Invitation, InvitationPage, JoinRequest, JoinRequestPage, Joined, LinkPreview, MessageBody, Preview,
};
use crate::body::Page;
use crate::call::Call;
use crate::error::Error;
use crate::http::Http;
use crate::link_token::LinkToken;
use crate::pages;

/// The caller's invitations. See [`Client::invitations`](crate::Client::invitations).
#[derive(Clone, Copy)]
pub struct Invitations<'a>(pub(crate) &'a Http);

impl<'a> Invitations<'a> {
    /// One page of them, newest group first.
    pub fn page(self, page: Page) -> Call<'a, InvitationPage> {
        Call::json(self.0, Method::GET, "/v1/invitations".to_owned()).page(page)
    }

    /// All of them, newest group first. A [watch](crate::Client::watch) has them, too.
    ///
    /// # Errors
    /// As the calls for the pages.
    pub async fn all(self) -> Result<Vec<Invitation>, Error> {
        pages::all(|page| self.page(page)).await
    }
}

/// The caller's requests to join. See [`Client::join_requests`](crate::Client::join_requests).
#[derive(Clone, Copy)]
pub struct JoinRequests<'a>(pub(crate) &'a Http);

impl<'a> JoinRequests<'a> {
    /// One page of them, newest group first.
    pub fn page(self, page: Page) -> Call<'a, JoinRequestPage> {
        Call::json(self.0, Method::GET, "/v1/requests".to_owned()).page(page)
    }

    /// All of them, newest group first. A [watch](crate::Client::watch) has them, too.
    ///
    /// # Errors
    /// As the calls for the pages.
    pub async fn all(self) -> Result<Vec<JoinRequest>, Error> {
        pages::all(|page| self.page(page)).await
    }
}

/// The groups that outsiders can join or ask to join. See [`Client::directory`](crate::Client::directory).
#[derive(Clone, Copy)]
pub struct Directory<'a>(pub(crate) &'a Http);

impl<'a> Directory<'a> {
    /// One page of the groups whose names start with `name`, ignoring case, ordered by name. A page may have fewer than its
    /// limit, even if more follow.
    pub fn page(self, name: &str, page: Page) -> Call<'a, DirectoryPage> {
        Call::json(self.0, Method::GET, "/v1/directory".to_owned()).parameter("query", Some(name)).page(page)
    }

    /// All groups whose names start with `name`, ignoring case, ordered by name.
    ///
    /// # Errors
    /// As the calls for the pages.
    pub async fn find(self, name: &str) -> Result<Vec<Preview>, Error> {
        pages::all(|page| self.page(name, page)).await
    }
}

/// A link into a group. See [`Client::link`](crate::Client::link).
#[derive(Clone, Copy)]
pub struct LinkHandle<'a> {
    pub(crate) http: &'a Http,
    pub(crate) token: &'a LinkToken,
}

impl<'a> LinkHandle<'a> {
    /// Where the link leads. A link that is unknown, revoked, expired or used up is refused with
    /// [`Code::LinkNotFound`](groups_protocol::Code::LinkNotFound).
    pub fn preview(self) -> Call<'a, LinkPreview> {
        Call::json(self.http, Method::GET, self.path()).shown_as(SHOWN)
    }

    /// Joins the group, or asks to join if the link needs approval. The message is for the admins who answer the request.
    pub fn join(self, message: Option<&str>) -> Call<'a, Joined> {
        Call::json(self.http, Method::POST, self.path()).shown_as(SHOWN).change().body(&MessageBody { message })
    }

    /// The page of the link, for people.
    pub fn url(self) -> String {
        self.http.url.http(&format!("/join/{}", self.token.as_str()))
    }

    fn path(self) -> String {
        format!("/v1/join/{}", self.token.as_str())
    }
}

/// The path of a link in messages.
const SHOWN: &str = "/v1/join/{token}";

impl std::fmt::Debug for Invitations<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Invitations")
    }
}

impl std::fmt::Debug for JoinRequests<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JoinRequests")
    }
}

impl std::fmt::Debug for Directory<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Directory")
    }
}

impl std::fmt::Debug for LinkHandle<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LinkHandle").field(&self.token).finish()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use crate::client::Client;

    #[test]
    fn messages_about_a_link_do_not_show_its_token() {
        let client = Client::builder("https://groups.example/prefix").build().unwrap();
        let token = "secret".parse().unwrap();
        let link = client.link(&token);
        assert_eq!(link.url(), "https://groups.example/prefix/join/secret");
        assert_eq!(link.join(None).parts().1, "/v1/join/secret");
        for shown in [format!("{:?}", link.preview()), format!("{:?}", link.join(Some("Hello"))), format!("{link:?}")] {
            assert!(!shown.contains("secret"), "{shown}");
        }
    }
}
