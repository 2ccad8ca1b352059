//! Calls on the ways into one group: invitations, requests to join, bans and links.

use groups_domain::{LinkId, Role, UserId};
use hyper::Method;
use serde::de::DeserializeOwned;

use crate::access::{
    ApprovalBody, Ban, BanPage, CreatedLink, GroupInvitation, GroupInvitationPage, GroupJoinRequest,
    GroupJoinRequestPage, Invited, Joined, Link, LinkPage, MessageBody, NewInvitation, NewLink, ReasonBody,
};
use crate::body::{Group, Member, Page};
use crate::call::Call;
use crate::error::Error;
use crate::groups::GroupHandle;
use crate::pages;

/// Calls of the owner, admins and operators on those who are not members. `docs/ways-in.md` has the rules.
impl<'a> GroupHandle<'a> {
    /// Invites a user. They are a member if they accept, or at once if they have asked to join.
    pub fn invite(&self, invitation: NewInvitation) -> Call<'a, Invited> {
        self.change("invitations", Method::POST).body(&invitation)
    }

    /// One page of the invitations that were not answered, oldest first.
    pub fn invitations(&self, page: Page) -> Call<'a, GroupInvitationPage> {
        self.page("invitations", page)
    }

    /// All invitations that were not answered, oldest first.
    ///
    /// # Errors
    /// As the calls for the pages.
    pub async fn all_invitations(&self) -> Result<Vec<GroupInvitation>, Error> {
        pages::all(|page| self.invitations(page)).await
    }

    /// Withdraws a user's invitation.
    pub fn withdraw_invitation(&self, user_id: UserId) -> Call<'a, ()> {
        self.end(&format!("invitations/{user_id}"))
    }

    /// One page of the requests to join that were not answered, oldest first.
    pub fn requests(&self, page: Page) -> Call<'a, GroupJoinRequestPage> {
        self.page("requests", page)
    }

    /// All requests to join that were not answered, oldest first.
    ///
    /// # Errors
    /// As the calls for the pages.
    pub async fn all_requests(&self) -> Result<Vec<GroupJoinRequest>, Error> {
        pages::all(|page| self.requests(page)).await
    }

    /// Lets in a user who has asked to join. Default role: that of the request.
    pub fn approve_request(&self, user_id: UserId, role: Option<Role>) -> Call<'a, Member> {
        self.change(&format!("requests/{user_id}/approve"), Method::POST).body(&ApprovalBody { role })
    }

    /// Declines a user's request to join.
    pub fn decline_request(&self, user_id: UserId) -> Call<'a, ()> {
        self.end(&format!("requests/{user_id}"))
    }

    /// Bans a user, who need not be a member: removes them, ends their invitation or request, and keeps them out. The reason is
    /// for the other admins. No-op if the user is banned already.
    pub fn ban(&self, user_id: UserId, reason: Option<&str>) -> Call<'a, Ban> {
        self.change(&format!("bans/{user_id}"), Method::PUT).body(&ReasonBody { reason })
    }

    /// Lifts a user's ban. No-op if the user is not banned.
    pub fn unban(&self, user_id: UserId) -> Call<'a, ()> {
        self.end(&format!("bans/{user_id}"))
    }

    /// One page of the bans, oldest first.
    pub fn bans(&self, page: Page) -> Call<'a, BanPage> {
        self.page("bans", page)
    }

    /// All bans, oldest first.
    ///
    /// # Errors
    /// As the calls for the pages.
    pub async fn all_bans(&self) -> Result<Vec<Ban>, Error> {
        pages::all(|page| self.bans(page)).await
    }

    /// Creates a link. The server shows its token only in this answer.
    pub fn create_link(&self, link: NewLink) -> Call<'a, CreatedLink> {
        self.change("links", Method::POST).body(&link)
    }

    /// One page of the links, oldest first, with those that have expired or are used up.
    pub fn links(&self, page: Page) -> Call<'a, LinkPage> {
        self.page("links", page)
    }

    /// All links, oldest first, with those that have expired or are used up.
    ///
    /// # Errors
    /// As the calls for the pages.
    pub async fn all_links(&self) -> Result<Vec<Link>, Error> {
        pages::all(|page| self.links(page)).await
    }

    /// One link.
    pub fn link(&self, link_id: LinkId) -> Call<'a, Link> {
        Call::json(self.http, Method::GET, self.below(&format!("links/{link_id}")))
    }

    /// Revokes a link at once.
    pub fn revoke_link(&self, link_id: LinkId) -> Call<'a, ()> {
        self.end(&format!("links/{link_id}"))
    }

    /// Revokes all links at once.
    pub fn revoke_all_links(&self) -> Call<'a, ()> {
        self.end("links")
    }

    fn page<T: DeserializeOwned>(&self, name: &str, page: Page) -> Call<'a, T> {
        Call::json(self.http, Method::GET, self.below(name)).page(page)
    }

    fn change<T: DeserializeOwned>(&self, name: &str, method: Method) -> Call<'a, T> {
        Call::json(self.http, method, self.below(name)).change()
    }

    fn end(&self, name: &str) -> Call<'a, ()> {
        Call::empty(self.http, Method::DELETE, self.below(name)).change()
    }
}

/// Calls of people who are not members, for themselves. Operators do not have them.
impl<'a> GroupHandle<'a> {
    /// Accepts the caller's invitation. Returns the group, also if the caller is a member already.
    pub fn accept_invitation(&self) -> Call<'a, Group> {
        self.change("invitations/me/accept", Method::POST)
    }

    /// Declines the caller's invitation.
    pub fn decline_invitation(&self) -> Call<'a, ()> {
        self.end("invitations/me")
    }

    /// Joins an open group, accepts an invitation, or asks to join: see the [join policy](groups_domain::JoinPolicy) of the
    /// group. The message is for the admins who answer the request.
    pub fn join(&self, message: Option<&str>) -> Call<'a, Joined> {
        self.change("join", Method::POST).body(&MessageBody { message })
    }

    /// Takes back the caller's request to join.
    pub fn withdraw_request(&self) -> Call<'a, ()> {
        self.end("join")
    }
}
