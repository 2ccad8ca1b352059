//! `/v1/admin/changes`: the log of all groups, page by page.

use std::time::Duration;

use groups_domain::GroupId;
use hyper::Method;
use serde::{Deserialize, Serialize};

use crate::body::{ChangeRecord, Page};
use crate::call::Call;
use crate::http::Http;

/// The longest that the server delays a page without a change.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(30);

/// One page of the log of all groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LogPage {
    /// The changes, in the order in which they were committed.
    pub changes: Vec<LogChange>,
    /// The `after` of the next page. There is always one, because the log has no end.
    pub next: String,
}

/// One change in the log of all groups. Its `group_id` and `version` identify it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LogChange {
    /// The group.
    pub group_id: GroupId,
    /// The position after this change, with which a reader continues.
    pub cursor: String,
    /// The change.
    #[serde(flatten)]
    pub change: ChangeRecord,
}

/// Reads one page. With `wait`, an empty page is delayed until there is a change.
pub(super) fn changes(http: &Http, page: Page, wait: Option<Duration>) -> Call<'_, LogPage> {
    let wait = wait.map(|wait| wait.min(WAIT_MAX));
    Call::json(http, Method::GET, "/v1/admin/changes".to_owned())
        .parameter("after", page.after)
        .parameter("limit", page.limit)
        .parameter("wait", wait.map(|wait| wait.as_secs()))
        .delayed_by(wait.unwrap_or_default())
}
