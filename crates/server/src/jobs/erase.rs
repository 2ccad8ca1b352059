//! Removes a user from everything that is stored.

use std::time::Duration;

use groups_domain::UserId;
use groups_store::{EraseStep, Job};
use tokio::time::sleep;
use uuid::Uuid;

use super::Runner;
use super::failure::JobError;

/// How long the servers have to read the removals from the log before the user is erased from it:
/// several times their polling interval. A server that is later closes its connections, see
/// [`relay`](crate::relay::relay).
const RELAYS_READ_WITHIN: Duration = Duration::from_secs(3);

/// Rounds in which the user was added to a group again. Beyond it, the job is given up.
const ROUNDS_MAX: u32 = 10;

/// Attempts to empty the write-ahead log while other programs read the database.
const PURGES_MAX: u32 = 120;

/// Pause between them.
const PURGE_PAUSE: Duration = Duration::from_millis(500);

/// Steps between two reports.
const STEPS_PER_REPORT: u32 = 20;

impl Runner {
    /// Takes the user out of all groups, then erases the user.
    pub(super) async fn erase(&self, job: &Job, done: &mut u64) -> Result<(), JobError> {
        // The job has already forgotten whom it has erased.
        let is_erased = job.user_id == UserId::new(Uuid::nil());
        if !is_erased {
            let mut rounds = 0;
            loop {
                self.leave(job, done).await?;
                if rounds >= ROUNDS_MAX {
                    return Err(JobError::GivenUp("The user is added to groups again and again."));
                }
                sleep(RELAYS_READ_WITHIN).await;
                self.erase_all(job, *done).await?;
                rounds += 1;
                let is_nothing = self.store.departures(job.user_id, 1).await?.is_empty()
                    && self.store.standings_of_user(job.user_id, true, 1).await?.is_empty();
                if is_nothing {
                    break;
                }
            }
            if !self.store.forget_user_of_job(job, self.lease()).await? {
                return Err(JobError::LeaseLost);
            }
        }
        // The purge may take a while, or be given up.
        self.memory.forget();
        self.purge().await?;
        // What was remembered meanwhile. The other servers notice the end of the job.
        self.memory.forget();
        *done += 1;
        Ok(())
    }

    async fn erase_all(&self, job: &Job, done: u64) -> Result<(), JobError> {
        let (mut step, mut steps) = (Some(EraseStep::default()), 0);
        while let Some(next) = step {
            if steps % STEPS_PER_REPORT == 0 {
                self.report(job, done).await?;
            }
            steps += 1;
            step = self.store.erase_step(job.user_id, next).await?;
        }
        Ok(())
    }

    async fn purge(&self) -> Result<(), JobError> {
        for _ in 0..PURGES_MAX {
            if self.store.purge_files().await? {
                return Ok(());
            }
            sleep(PURGE_PAUSE).await;
        }
        Err(JobError::GivenUp(
            "The user is erased from the database, but its -wal file still has old data: another program, such as a \
             backup, reads the database. Try again when it has ended.",
        ))
    }
}
