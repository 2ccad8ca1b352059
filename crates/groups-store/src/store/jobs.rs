//! Jobs.

#[cfg(feature = "postgres")]
use futures_util::FutureExt;
use groups_domain::{GroupId, Standing, Timestamp, UserId};
use uuid::Uuid;

use super::Store;
#[cfg(feature = "sqlite")]
use crate::connection::SqliteConn;
use crate::inner::Backend;
use crate::queries;
use crate::read_class::ReadClass;
use crate::{Departure, EraseStep, Job, JobCreated, JobProgress, Lease, NewJob, StoreError};

impl Store {
    /// Creates a job. It is executed by the server that [leases](Self::lease_job) it.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn create_job(&self, new: NewJob) -> Result<JobCreated, StoreError> {
        run!(self, write, jobs::create(new))
    }

    /// How far a job is; `None` if there is no such job, or it has ended
    /// [long ago](crate::JOB_KEPT).
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn job(&self, job: Uuid) -> Result<Option<JobProgress>, StoreError> {
        run!(self, read(Request), jobs::progress(job))
    }

    /// Leases the oldest unfinished job that no other server executes: one that is new, that this
    /// holder already has, or whose lease has run out because its server has died.
    ///
    /// Servers whose clocks differ by more than the lease may execute a job at the same time. This
    /// is harmless, because every step can be repeated.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn lease_job(&self, lease: Lease) -> Result<Option<Job>, StoreError> {
        run!(self, write, jobs::lease(lease))
    }

    /// Saves the number of steps that are done, and renews the lease. Returns whether it is still
    /// held.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn report_job(&self, job: &Job, done: u64, lease: Lease) -> Result<bool, StoreError> {
        let job = job.clone();
        run!(self, write, jobs::report(job, done, lease))
    }

    /// Ends a job: with the number of its steps, or with the reason why it was given up. The job
    /// forgets its user. Returns whether the lease was still held.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn finish_job(
        &self,
        job: &Job,
        result: Result<u64, String>,
        holder: Uuid,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let job = job.clone();
        run!(self, write, jobs::finish(job, result, holder, at))
    }

    /// Deletes finished jobs that have ended [long ago](crate::JOB_KEPT), at most so many. Returns
    /// their number.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn prune_jobs(&self, now: Timestamp, step_max: u32) -> Result<u32, StoreError> {
        run!(self, write, jobs::prune(now, step_max))
    }

    /// The first groups of a user, with all that is needed to take the user out of them.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn departures(&self, user: UserId, limit: u32) -> Result<Vec<Departure>, StoreError> {
        run!(self, read(Request), jobs::departures(user, limit))
    }

    /// One group of a user, as in [`departures`](Self::departures); `None` if the user is not a
    /// member.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn departure(&self, user: UserId, group: GroupId) -> Result<Option<Departure>, StoreError> {
        run!(self, read(Request), jobs::departure(user, group))
    }

    /// The first invitations and requests to join of a user that have not ended, and bans if asked for.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn standings_of_user(
        &self,
        user: UserId,
        bans: bool,
        limit: u32,
    ) -> Result<Vec<(GroupId, Standing)>, StoreError> {
        run!(self, read(Request), access::standings_of_user(user, bans, limit))
    }

    /// Makes an unfinished erasure forget its user, who is the nil UUID from then on. Returns whether
    /// the lease is still held.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn forget_user_of_job(&self, job: &Job, lease: Lease) -> Result<bool, StoreError> {
        let job = job.clone();
        run!(self, write, jobs::forget_user(job, lease))
    }

    /// When the newest erasure ended, in milliseconds since 1970, on any server; 0 if there was
    /// none. When it changes, call [`forget_cached`](Self::forget_cached).
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn newest_erasure(&self) -> Result<i64, StoreError> {
        run!(self, read(Delivery), jobs::newest_erasure())
    }

    /// Executes one small step of removing a user from everything that is stored, and returns the
    /// next one; `None` after the last. Repeating a step is harmless.
    ///
    /// The user must have left all groups before, and their invitations, requests to join and bans must
    /// have ended. From then on, cursors of this user are no longer
    /// valid.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn erase_step(&self, user: UserId, step: EraseStep) -> Result<Option<EraseStep>, StoreError> {
        let mark = self.inner.cursors.mark_of(user);
        run!(self, write, erase::step(user, mark, step))
    }

    /// Drops the groups in memory, which may name a user who was erased.
    pub fn forget_cached(&self) {
        self.inner.group_cache.clear();
    }

    /// Makes erased data unreadable in the files of the database. On SQLite, copies the write-ahead
    /// log into the database and empties it; returns whether no reader prevented that. On PostgreSQL
    /// a no-op: erased rows remain in its files until VACUUM has run and their space was reused.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn purge_files(&self) -> Result<bool, StoreError> {
        match &self.inner.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(backend) => backend.purge().await,
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => Ok(true),
        }
    }
}
