//! Bodies of `/v1/admin`.

use std::fmt;
use std::str::FromStr;

use groups_domain::{GroupId, Role, UserId, Version};
use serde::{Deserialize, Serialize};

use crate::body::{Group, NewGroup};

/// A group to create for its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewOwnedGroup {
    /// The owner.
    pub owner_id: UserId,
    /// The id. Default: the server chooses one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// Name, description and initial members.
    #[serde(flatten)]
    pub group: NewGroup,
}

/// Which groups to find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupQuery {
    /// Those whose names start with this text.
    pub name: Option<String>,
    /// All groups of this user.
    pub user_id: Option<UserId>,
}

/// One page of the groups that were found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FoundGroups {
    /// The groups.
    pub groups: Vec<Group>,
    /// The `after` of the next page; `None` on the last page.
    pub next: Option<String>,
}

/// What happens to a user who is taken out of every group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The user leaves all groups.
    Leave,
    /// The user leaves all groups, and the name and the id are erased from what is kept.
    Erase,
}

impl Removal {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Erase => "erase",
        }
    }
}

/// The id of a job: visible ASCII characters other than `/`, `?`, `#` and `%`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(String);

/// The text cannot be the id of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a job has visible ASCII characters other than / ? # %")]
#[non_exhaustive]
pub struct ParseJobIdError;

impl TryFrom<String> for JobId {
    type Error = ParseJobIdError;

    fn try_from(text: String) -> Result<Self, ParseJobIdError> {
        let valid = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '?' | '#' | '%');
        // "." and ".." are path segments with a meaning.
        if text.is_empty() || text.len() > 255 || text.starts_with('.') || !text.chars().all(valid) {
            return Err(ParseJobIdError);
        }
        Ok(Self(text))
    }
}

impl FromStr for JobId {
    type Err = ParseJobIdError;

    fn from_str(text: &str) -> Result<Self, ParseJobIdError> {
        text.to_owned().try_into()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A job that was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobRef {
    /// Its id.
    pub job_id: JobId,
}

/// The progress of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Job {
    /// Whether it runs.
    pub state: JobState,
    /// Steps done.
    pub done: u64,
    /// All steps, as far as they are known.
    pub total: u64,
    /// Why the job failed.
    pub reason: Option<String>,
}

/// Whether a job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It runs, or will continue after a restart.
    Running,
    /// It is complete.
    Done,
    /// It ended without being complete.
    Failed,
}

/// The id of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FoundUser {
    /// The id.
    pub user_id: UserId,
}

/// A question: is this user in this group, with at least this role?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The group.
    pub group_id: GroupId,
    /// The user.
    pub user_id: UserId,
    /// The lowest role that counts. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// The answers to several questions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Checks {
    /// One answer for each question, in their order.
    pub results: Vec<CheckResult>,
    /// How far the server had read.
    pub cursor: String,
}

/// The answer to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CheckResult {
    /// Whether the user is in the group, with at least the role of the question.
    pub member: bool,
    /// The user's role; `None` if they are not in the group.
    pub role: Option<Role>,
    /// The version of the group; 0 if there is no such group.
    pub version: Option<Version>,
}

#[derive(Serialize)]
pub(super) struct ChecksBody<'a> {
    pub(super) checks: &'a [Check],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at_least: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct DisconnectBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) not_before: Option<String>,
}
