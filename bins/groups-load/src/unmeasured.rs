//! Calls before and after a measurement, with the client library.
//!
//! What is measured stays on [`Http`](crate::http::Http) and [`Socket`](crate::socket::Socket): the library parses every body,
//! pools connections and folds whole groups, which takes CPU time from the server under test and memory for each connection.

use std::time::Duration;

use groups_client::{Client, Error, NewMember, Role, UserId};
use uuid::Uuid;

use crate::api::{GroupNow, MEMBERS_PER_REQUEST_MAX, NewGroup};
use crate::failure::Failure;
use crate::message::Listed;
use crate::person::Person;

/// Maximum number of attempts of one call. A server with rate limits delays a long set-up.
const ATTEMPTS_MAX: u32 = 20;
/// The longest wait between two attempts.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// API client of one user, for calls that are not measured.
pub(crate) struct Unmeasured(Client);

impl Unmeasured {
    /// `token` is not needed to sign in.
    pub(crate) fn new(url: &str, token: Option<&str>) -> Result<Self, Failure> {
        let builder = Client::builder(url).attempts_max(ATTEMPTS_MAX).retry_wait_max(WAIT_MAX);
        let builder = match token {
            Some(token) => builder.token(token),
            // Nobody waits for a server that does not run.
            None => builder.attempts_max(1),
        };
        Ok(Self(builder.build().map_err(|_| Failure::Url(url.to_owned()))?))
    }

    /// Signs in by name, in development mode.
    pub(crate) async fn sign_in(&self, name: &str) -> Result<Person, Failure> {
        const REQUEST: &str = "POST /v1/dev/login (without --secret the server must be in development mode)";
        let signed_in = self.0.sign_in(name).await.map_err(failed(REQUEST))?;
        Ok(Person { id: signed_in.user_id.uuid(), token: signed_in.token })
    }

    /// Creates a group, split into as many requests as its members need.
    pub(crate) async fn create_group(&self, group: &NewGroup) -> Result<GroupNow, Failure> {
        let NewGroup { description, admins, members } = group;
        let member = |role| move |id: &Uuid| NewMember { user_id: UserId::new(*id), role };
        let all: Vec<_> =
            admins.iter().map(member(Role::Admin)).chain(members.iter().map(member(Role::Member))).collect();
        let (first, rest) = all.split_at(all.len().min(MEMBERS_PER_REQUEST_MAX));
        let new = groups_client::NewGroup::new("load").description(description).members(first.iter().copied());
        let mut group = self.0.groups().create(new).await.map_err(failed("POST /v1/groups"))?;
        for some in rest.chunks(MEMBERS_PER_REQUEST_MAX) {
            let added = self.0.group(group.group_id).add_all(some).await;
            group = added.map_err(failed("POST /v1/groups/{group_id}/members"))?.group;
        }
        let member_count = u64::from(group.member_count);
        Ok(GroupNow { group_id: group.group_id.uuid(), version: group.version.get(), member_count })
    }

    /// Lists all groups of the user.
    pub(crate) async fn groups(&self) -> Result<Vec<Listed>, Failure> {
        let groups = self.0.groups().all().await.map_err(failed("GET /v1/groups"))?;
        let listed =
            |group: groups_client::Group| Listed { group_id: group.group_id.uuid(), version: group.version.get() };
        Ok(groups.into_iter().map(listed).collect())
    }
}

fn failed(request: &'static str) -> impl FnOnce(Error) -> Failure {
    move |error| Failure::Call { request, error: Box::new(error) }
}
