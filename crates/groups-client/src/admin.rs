//! Calls of operators and backends: `/v1/admin`.

mod body;
mod feed;
mod log;
#[cfg(test)]
mod tests;
mod webhooks;

use std::time::Duration;

use groups_domain::{GroupId, Timestamp, UserId};
use hyper::Method;

pub use self::body::{
    Check, CheckResult, Checks, FoundGroups, FoundUser, GroupQuery, Job, JobId, JobRef, JobState, NewOwnedGroup,
    ParseJobIdError, Removal,
};
use self::body::{ChecksBody, DisconnectBody};
pub use self::feed::{Feed, FeedError, FeedRetry};
pub use self::log::{LogChange, LogPage};
pub use self::webhooks::{
    CreatedWebhook, Delivery, DeliveryPage, NewWebhook, PauseReason, TestResult, Webhook, WebhookPage, WebhookSettings,
    WebhookState, WebhookTypes, Webhooks,
};
use crate::body::{Group, NameBody, Page};
use crate::call::Call;
use crate::error::Error;
use crate::groups::GroupHandle;
use crate::http::Shared;

/// The pause between two questions about a job.
const JOB_PAUSE: Duration = Duration::from_millis(500);

/// Calls of operators and backends. Each needs a token with the scope `groups:admin`; others get 403. See
/// [`Client::admin`](crate::Client::admin).
///
/// The caller acts as an operator: rules about roles do not apply, all other rules do.
#[derive(Clone, Copy)]
pub struct Admin<'a>(pub(crate) &'a Shared);

impl<'a> Admin<'a> {
    /// Creates a group for its owner.
    pub fn create_group(self, group: NewOwnedGroup) -> Call<'a, Group> {
        self.post("groups").change().body(&group)
    }

    /// One page of the groups whose names start with a text, or of all groups of one user.
    pub fn find_groups(self, query: GroupQuery, page: Page) -> Call<'a, FoundGroups> {
        self.get("groups").parameter("query", query.name).parameter("user_id", query.user_id).page(page)
    }

    /// Any group. Its calls are the same as for members; [`Role::Owner`](crate::Role::Owner) transfers the ownership.
    pub fn group(self, group_id: GroupId) -> GroupHandle<'a> {
        GroupHandle::new(self.0, "/v1/admin", group_id)
    }

    /// Takes a user out of every group. Returns the job that does it; see [`wait_for`](Self::wait_for).
    pub fn remove_user(self, user_id: UserId, removal: Removal) -> Call<'a, JobRef> {
        Call::json(self.0, Method::DELETE, format!("/v1/admin/users/{user_id}"))
            .change()
            .parameter("mode", Some(removal.as_str()))
    }

    /// The state of a job.
    pub fn job(self, job_id: &JobId) -> Call<'a, Job> {
        self.get(&format!("jobs/{job_id}"))
    }

    /// Waits until a job has ended, and reports its progress. It has no deadline: drop the future to stop waiting.
    ///
    /// # Errors
    /// As the call for its state. A job that failed is not an error: see [`Job::state`].
    pub async fn wait_for(self, job_id: &JobId, mut progress: impl FnMut(&Job)) -> Result<Job, Error> {
        loop {
            let job = self.job(job_id).await?;
            progress(&job);
            if job.state != JobState::Running {
                return Ok(job);
            }
            tokio::time::sleep(JOB_PAUSE).await;
        }
    }

    /// Closes a user's WebSockets on all servers. With `not_before`, tokens that were issued earlier are refused.
    pub fn disconnect(self, user_id: UserId, not_before: Option<Timestamp>) -> Call<'a, ()> {
        let body = DisconnectBody { not_before: not_before.map(|at| at.to_string()) };
        Call::empty(self.0, Method::POST, format!("/v1/admin/users/{user_id}/disconnect")).change().body(&body)
    }

    /// Sets a user's display name.
    pub fn set_name(self, user_id: UserId, name: &str) -> Call<'a, ()> {
        Call::empty(self.0, Method::PUT, format!("/v1/admin/users/{user_id}")).change().body(&NameBody { name })
    }

    /// The id of the user with this `sub`, and this `iss` if the tokens have one.
    pub fn find_user(self, subject: &str, issuer: Option<&str>) -> Call<'a, FoundUser> {
        self.get("users").parameter("subject", Some(subject)).parameter("issuer", issuer)
    }

    /// One page of the changes of all groups, in the order in which they were committed. `page.after` is the
    /// [`next`](LogPage::next) of the previous page, or the cursor of a change. With `wait`, an empty page is delayed until
    /// there is a change, up to 30 seconds.
    pub fn changes(self, page: Page, wait: Option<Duration>) -> Call<'a, LogPage> {
        log::changes(self.0, page, wait)
    }

    /// Follows the changes of all groups after a cursor; without one, from the oldest change that is kept.
    pub fn feed(self, after: Option<String>) -> Feed {
        Feed::new(Shared::clone(self.0), after)
    }

    /// The cursor of the newest change. A state that is read afterwards includes everything up to it.
    ///
    /// # Errors
    /// As a [`check`](Self::check) without questions, which this is.
    pub async fn end_of_log(self) -> Result<String, Error> {
        Ok(self.check(&[], None).await?.cursor)
    }

    /// The webhooks: create, change, test and replay them.
    pub fn webhooks(self) -> Webhooks<'a> {
        Webhooks(self.0)
    }

    /// Asks about up to 1,000 users whether they are in a group, with at least a role. With the cursor of an earlier answer as
    /// `at_least`, the results include everything up to it (read-your-writes).
    pub fn check(self, checks: &[Check], at_least: Option<&str>) -> Call<'a, Checks> {
        self.post("check").body(&ChecksBody { checks, at_least })
    }

    /// Counts of groups, memberships and connections, and the span of the log.
    pub fn stats(self) -> Call<'a, serde_json::Map<String, serde_json::Value>> {
        self.get("stats")
    }

    fn get<T: serde::de::DeserializeOwned>(self, path: &str) -> Call<'a, T> {
        Call::json(self.0, Method::GET, format!("/v1/admin/{path}"))
    }

    fn post<T: serde::de::DeserializeOwned>(self, path: &str) -> Call<'a, T> {
        Call::json(self.0, Method::POST, format!("/v1/admin/{path}"))
    }
}

impl std::fmt::Debug for Admin<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Admin")
    }
}
