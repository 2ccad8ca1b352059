//! Jobs: work on one user that takes many transactions.

use std::time::Duration;

use groups_domain::{GroupId, Role, Timestamp, UserId, Version};
use uuid::Uuid;

/// Maximum number of unfinished jobs. Further ones are rejected.
pub const JOBS_UNFINISHED_MAX: u32 = 1_000;

/// How long a finished job is kept.
pub const JOB_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What a job does with its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Takes the user out of every group.
    Leave,
    /// The same, and then removes the user from everything that is stored.
    Erase,
}

/// A job to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// The id of the job.
    pub job_id: Uuid,
    /// What it does.
    pub kind: JobKind,
    /// The user whom it is about.
    pub user_id: UserId,
    /// The operator who makes its changes.
    pub actor_id: UserId,
    /// A digest of the request, to tell a retry from a different request with the same `job_id`.
    pub fingerprint: [u8; 32],
    /// The current time.
    pub at: Timestamp,
}

/// The result of creating a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobCreated {
    /// It is new.
    Created(Uuid),
    /// A job with this id exists, made by the same request.
    Repeated(Uuid),
    /// Another unfinished job does the same for this user.
    Unfinished(Uuid),
    /// A job with this id exists, made by a different request.
    IdReused,
    /// There are [`JOBS_UNFINISHED_MAX`] unfinished jobs.
    TooMany,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobProgress {
    /// Whether it has ended.
    pub state: JobState,
    /// Steps done.
    pub done: u64,
    /// All steps, as far as they are known. It may grow.
    pub total: u64,
}

/// Whether a job has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It runs, or waits for its turn.
    Running,
    /// It has succeeded.
    Done,
    /// It was given up, for this reason. What it has done stays done.
    Failed(String),
}

/// A job that a server executes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The id of the job.
    pub job_id: Uuid,
    /// What it does.
    pub kind: JobKind,
    /// The user whom it is about.
    pub user_id: UserId,
    /// The operator who makes its changes.
    pub actor_id: UserId,
    /// Steps done, by this server or a previous one.
    pub done: u64,
}

/// The right to execute jobs, for a while: no other server executes a job meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The server: a random id of each process.
    pub holder: Uuid,
    /// The current time.
    pub now: Timestamp,
    /// How long the lease is valid from now on.
    pub valid_for: Duration,
}

impl Lease {
    pub(crate) fn until_ms(&self) -> i64 {
        let valid_ms = i64::try_from(self.valid_for.as_millis()).unwrap_or(i64::MAX);
        self.now.unix_millis().saturating_add(valid_ms)
    }
}

/// A group that a user has to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// The group.
    pub group_id: GroupId,
    /// Its version when this was read.
    pub version: Version,
    /// The user's role.
    pub role: Role,
    /// If the user is the owner: the longest-serving admin, or else the longest-serving member.
    /// `None` if there are no others.
    pub successor: Option<UserId>,
}

/// What [`erase_step`](crate::Store::erase_step) does next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EraseStep {
    /// Ended memberships and standings, and those in deleted groups.
    #[default]
    Memberships,
    /// Changes in the log after this row.
    Log(i64),
    /// Answers kept for idempotency keys, after this key.
    Answers(UserId, String),
    /// Names, blocks, usage, owners of deleted groups, who has invited, banned or made links, and
    /// attempts to deliver to webhooks.
    Rest,
}
