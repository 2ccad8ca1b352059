//! Calls on groups and their members.

use groups_domain::{GroupId, NewMember, Role, UserId};
use hyper::Method;

use crate::body::{
    Added, Group, GroupPage, History, Member, MemberPage, MembersBody, NewGroup, Page, RoleBody, Settings, TypingBody,
};
use crate::call::Call;
use crate::error::Error;
use crate::http::Http;
use crate::pages;

/// The caller's groups. See [`Client::groups`](crate::Client::groups).
#[derive(Clone, Copy)]
pub struct Groups<'a>(pub(crate) &'a Http);

impl<'a> Groups<'a> {
    /// Creates a group. The caller becomes its owner, and the initial members join in the same change.
    pub fn create(self, group: NewGroup) -> Call<'a, Group> {
        Call::json(self.0, Method::POST, "/v1/groups".to_owned()).change().body(&group)
    }

    /// One page of the caller's groups, newest first.
    pub fn page(self, page: Page) -> Call<'a, GroupPage> {
        Call::json(self.0, Method::GET, "/v1/groups".to_owned()).page(page)
    }

    /// All of the caller's groups, newest first. Each page is read separately, so a group that changes in the meantime may be
    /// missing or outdated. A [watch](crate::Client::watch) is consistent.
    ///
    /// # Errors
    /// As the calls for the pages.
    pub async fn all(self) -> Result<Vec<Group>, Error> {
        pages::all(|page| self.page(page)).await
    }
}

/// One group. See [`Client::group`](crate::Client::group).
#[derive(Clone)]
pub struct GroupHandle<'a> {
    pub(crate) http: &'a Http,
    /// `/v1/groups/{group_id}`, or the same below `/v1/admin`.
    path: String,
}

impl<'a> GroupHandle<'a> {
    /// `root` is `/v1` or `/v1/admin`.
    pub(crate) fn new(http: &'a Http, root: &str, group_id: GroupId) -> Self {
        Self { http, path: format!("{root}/groups/{group_id}") }
    }

    /// The group, with the caller's own role.
    pub fn get(&self) -> Call<'a, Group> {
        Call::json(self.http, Method::GET, self.path.clone())
    }

    /// Changes name, description and join policy. Returns the group after the change.
    pub fn update(&self, settings: Settings) -> Call<'a, Group> {
        Call::json(self.http, Method::PATCH, self.path.clone()).change().body(&settings)
    }

    /// Renames the group. Returns the group after the change.
    pub fn rename(&self, name: impl Into<String>) -> Call<'a, Group> {
        self.update(Settings { name: Some(name.into()), ..Settings::default() })
    }

    /// Deletes the group for all members.
    pub fn delete(&self) -> Call<'a, ()> {
        Call::empty(self.http, Method::DELETE, self.path.clone()).change()
    }

    /// One page of the members, in order of joining.
    pub fn members(&self, page: Page) -> Call<'a, MemberPage> {
        Call::json(self.http, Method::GET, self.below("members")).page(page)
    }

    /// All members, in order of joining. Each page is read separately, so a member who joins or leaves in the meantime may be
    /// missing.
    ///
    /// # Errors
    /// As the calls for the pages.
    pub async fn all_members(&self) -> Result<Vec<Member>, Error> {
        pages::all(|page| self.members(page)).await
    }

    /// Adds one user. Fails if the user cannot be added.
    pub fn add(&self, member: NewMember) -> Call<'a, Added> {
        Call::json(self.http, Method::POST, self.below("members")).change().body(&member)
    }

    /// Adds up to 1,000 users in one change. Those who cannot be added do not keep the others from joining; see
    /// [`Added::results`].
    pub fn add_all(&self, members: &[NewMember]) -> Call<'a, Added> {
        Call::json(self.http, Method::POST, self.below("members")).change().body(&MembersBody { members })
    }

    /// Changes a member's role. [`Role::Owner`] transfers the ownership.
    pub fn set_role(&self, user_id: UserId, role: Role) -> Call<'a, Member> {
        Call::json(self.http, Method::PATCH, self.member(&user_id.to_string())).change().body(&RoleBody { role })
    }

    /// Removes a member.
    pub fn remove(&self, user_id: UserId) -> Call<'a, ()> {
        Call::empty(self.http, Method::DELETE, self.member(&user_id.to_string())).change()
    }

    /// Leaves the group. The owner names a successor; other members cannot.
    pub fn leave(&self, successor: Option<UserId>) -> Call<'a, ()> {
        Call::empty(self.http, Method::DELETE, self.member("me")).change().parameter("successor", successor)
    }

    /// One page of the history, oldest change first. Requires the role `admin`. `after` is a version.
    pub fn history(&self, page: Page) -> Call<'a, History> {
        Call::json(self.http, Method::GET, self.below("changes")).page(page)
    }

    /// Tells the other members that the caller is typing, or has stopped. It is sent once, and may be lost.
    pub fn typing(&self, typing: bool) -> Call<'a, ()> {
        Call::empty(self.http, Method::POST, self.below("typing")).once().body(&TypingBody { typing })
    }

    pub(crate) fn below(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    fn member(&self, user: &str) -> String {
        format!("{}/members/{user}", self.path)
    }
}

impl std::fmt::Debug for Groups<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Groups")
    }
}

impl std::fmt::Debug for GroupHandle<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("GroupHandle").field(&self.path).finish()
    }
}
