//! The API calls of one user that the load consists of.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use crate::failure::Failure;
use crate::http::{Answer, Http};
use crate::message::Listed;
use crate::person::Person;

/// Maximum number of members in one request, as the contract says.
pub(crate) const MEMBERS_PER_REQUEST_MAX: usize = 1_000;
const PAGE: usize = 500;
/// Maximum number of attempts for a request that is answered with 429 or 503.
const TRIES_MAX: u32 = 20;

/// API client of one user.
pub(crate) struct Api {
    http: Http,
    person: Person,
    /// Number of 429 and 503 responses.
    pub(crate) waits: u64,
}

/// A group as its members see it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct GroupNow {
    pub(crate) group_id: Uuid,
    pub(crate) version: u64,
    pub(crate) member_count: u64,
}

/// A group to be created.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewGroup {
    pub(crate) description: String,
    pub(crate) admins: Vec<Uuid>,
    pub(crate) members: Vec<Uuid>,
}

#[derive(Deserialize)]
struct Grown {
    group: GroupNow,
}

#[derive(Deserialize)]
struct Page {
    groups: Vec<Listed>,
}

/// What follows the groups of a page.
#[derive(Deserialize)]
struct PageEnd {
    next: Option<String>,
}

impl Answer {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The number of groups in a page of groups.
    pub(crate) fn listed(&self) -> Option<u64> {
        u64::try_from(self.json::<Page>()?.groups.len()).ok()
    }

    /// The start of the next page of groups, without parsing the groups.
    fn next_page(&self) -> Option<String> {
        let groups_end = self.body.iter().rposition(|byte| *byte == b']')?;
        let rest = self.body.get(groups_end + 2..)?;
        serde_json::from_slice::<PageEnd>(&[b"{", rest].concat()).ok()?.next
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Api {
    pub(crate) fn new(http: Http, person: Person) -> Self {
        Self { http, person, waits: 0 }
    }

    pub(crate) async fn add(&mut self, group_id: Uuid, user_id: Uuid) -> Result<GroupNow, Failure> {
        self.grow(group_id, &json!({"user_id": user_id})).await
    }

    /// Adds several members in one change; at most [`MEMBERS_PER_REQUEST_MAX`].
    pub(crate) async fn add_all(&mut self, group_id: Uuid, members: &[Uuid]) -> Result<GroupNow, Failure> {
        let members: Vec<_> = members.iter().map(|id| json!({"user_id": id})).collect();
        self.grow(group_id, &json!({"members": members})).await
    }

    async fn grow(&mut self, group_id: Uuid, body: &serde_json::Value) -> Result<GroupNow, Failure> {
        let (path, body) = (format!("/v1/groups/{group_id}/members"), body.to_string());
        Ok(self.call::<Grown>("POST", &path, Some(&body), 201).await?.group)
    }

    pub(crate) async fn remove(&mut self, group_id: Uuid, user_id: Uuid) -> Result<(), Failure> {
        self.send("DELETE", &format!("/v1/groups/{group_id}/members/{user_id}"), None, 204).await.map(drop)
    }

    pub(crate) async fn rename(&mut self, group_id: Uuid, name: &str) -> Result<GroupNow, Failure> {
        let body = json!({"name": name}).to_string();
        self.call("PATCH", &format!("/v1/groups/{group_id}"), Some(&body), 200).await
    }

    pub(crate) async fn group(&mut self, group_id: Uuid) -> Result<GroupNow, Failure> {
        self.call("GET", &format!("/v1/groups/{group_id}"), None, 200).await
    }

    /// The user's groups, in as few pages as the server allows, as it sent them.
    pub(crate) async fn list(&mut self) -> Result<Vec<Answer>, Failure> {
        let (mut pages, mut path) = (Vec::new(), format!("/v1/groups?limit={PAGE}"));
        loop {
            let page = self.send("GET", &path, None, 200).await?;
            let next = page.next_page();
            pages.push(page);
            match next {
                Some(after) => path = format!("/v1/groups?limit={PAGE}&after={after}"),
                None => return Ok(pages),
            }
        }
    }

    async fn call<T: DeserializeOwned>(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&str>,
        success: u16,
    ) -> Result<T, Failure> {
        let answer = self.send(method, path, body, success).await?;
        answer.json().ok_or_else(|| Failure::Answer(format!("{method} {path}")))
    }

    /// Sends a request and retries it when the server says so. Any other unexpected status is a
    /// failure.
    async fn send(&mut self, method: &str, path: &str, body: Option<&str>, success: u16) -> Result<Answer, Failure> {
        let request = || format!("{method} {path}");
        for _ in 0..TRIES_MAX {
            let answer = self
                .http
                .request(method, path, Some(&self.person.token), body)
                .await
                .map_err(|error| Failure::Http { request: request(), error })?;
            match (answer.status, answer.retry_after_seconds) {
                (status, _) if status == success => return Ok(answer),
                (429 | 503, Some(seconds)) => {
                    self.waits += 1;
                    tokio::time::sleep(Duration::from_secs(seconds.min(5))).await;
                }
                (status, _) => return Err(Failure::Status { request: request(), status, body: answer.text() }),
            }
        }
        Err(Failure::Status { request: request(), status: 429, body: format!("{TRIES_MAX} times in a row") })
    }
}
