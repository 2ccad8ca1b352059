//! Executes jobs: one at a time on each server, in small steps.
//!
//! A job is in the database, and so is the lease of the server that executes it. If that server
//! dies, its lease runs out and another server continues. Every step can be repeated, so a job may
//! be interrupted anywhere.

mod erase;
mod failure;
mod leave;
mod memory;
mod standings;

use std::sync::Arc;
use std::time::Duration;

use groups_store::{Job, JobKind, Lease, Store, StoreError};
use tokio::sync::Notify;
use tokio::time::sleep;
use uuid::Uuid;

use self::failure::JobError;
pub(crate) use self::memory::{Memory, forget_erased};
use crate::clock;
use crate::metrics::Metrics;

/// How long a lease is valid. It is renewed with every step, which takes milliseconds.
const LEASE: Duration = Duration::from_secs(15);

/// How often a server looks for jobs that another server was asked for, or has left behind.
const POLL: Duration = Duration::from_secs(2);

/// Failures in a row after which a job is given up.
const FAILURES_MAX: u32 = 20;

/// Pause after the first failure. It doubles with each further one, up to [`PAUSE_MAX`].
const PAUSE_FIRST: Duration = Duration::from_millis(100);

/// Longest pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Wakes the task that executes jobs. Cheap to clone; all clones wake the same task.
#[derive(Clone, Default)]
pub(crate) struct JobSignal(Arc<Notify>);

impl JobSignal {
    /// A job was created on this server.
    pub(crate) fn created(&self) {
        self.0.notify_one();
    }
}

/// Executes jobs until it is aborted.
pub(crate) async fn execute_jobs(memory: Memory, signal: JobSignal, metrics: Metrics) {
    let runner = Runner { store: memory.store.clone(), memory, metrics, holder: Uuid::new_v4() };
    loop {
        match runner.store.lease_job(runner.lease()).await {
            Ok(Some(job)) => {
                runner.metrics.job_begins();
                runner.execute(job).await;
                runner.metrics.job_stops();
            }
            Ok(None) => {
                // Elapsed: a job may have come from another server.
                let _woken_or_elapsed = tokio::time::timeout(POLL, signal.0.notified()).await;
            }
            Err(error) => {
                tracing::warn!(%error, "jobs cannot be read");
                sleep(POLL).await;
            }
        }
    }
}

struct Runner {
    store: Store,
    memory: Memory,
    metrics: Metrics,
    /// Identifies this process as the holder of leases.
    holder: Uuid,
}

impl Runner {
    fn lease(&self) -> Lease {
        Lease { holder: self.holder, now: clock::now(), valid_for: LEASE }
    }

    /// Executes a job until it ends or this server loses the lease.
    async fn execute(&self, job: Job) {
        tracing::info!(job_id = %job.job_id, kind = ?job.kind, "a job begins or continues");
        let (mut done, mut failures) = (job.done, 0);
        let result = loop {
            let before = done;
            match self.attempt(&job, &mut done).await {
                Ok(()) => break Ok(done),
                Err(JobError::LeaseLost) => {
                    tracing::warn!(job_id = %job.job_id, "another server executes the job");
                    return;
                }
                Err(JobError::GivenUp(reason)) => break Err(reason.to_owned()),
                Err(JobError::Store(error)) => {
                    failures = if done > before { 1 } else { failures + 1 };
                    if failures >= FAILURES_MAX {
                        break Err(reason_of(&error));
                    }
                    self.metrics.job_retried();
                    tracing::warn!(job_id = %job.job_id, %error, failures, "a step of a job failed; retrying");
                    sleep((PAUSE_FIRST * 2_u32.saturating_pow(failures - 1)).min(PAUSE_MAX)).await;
                }
            }
        };
        match &result {
            Ok(steps) => tracing::info!(job_id = %job.job_id, steps, "a job is done"),
            Err(reason) => tracing::error!(job_id = %job.job_id, reason, "a job was given up"),
        }
        self.metrics.job_ended(job.kind, result.is_ok());
        // If this fails, the job is executed again after its lease, which is harmless.
        if let Err(error) = self.store.finish_job(&job, result, self.holder, clock::now()).await {
            tracing::warn!(job_id = %job.job_id, %error, "the end of a job could not be stored");
            sleep(POLL).await;
        }
    }

    async fn attempt(&self, job: &Job, done: &mut u64) -> Result<(), JobError> {
        match job.kind {
            JobKind::Leave => self.leave(job, done).await,
            JobKind::Erase => self.erase(job, done).await,
        }
    }

    /// Stores the progress and renews the lease.
    async fn report(&self, job: &Job, done: u64) -> Result<(), JobError> {
        if self.store.report_job(job, done, self.lease()).await? { Ok(()) } else { Err(JobError::LeaseLost) }
    }
}

/// What operators are told about a failure. The log has the details.
fn reason_of(error: &StoreError) -> String {
    match error {
        StoreError::Unavailable(reason) => format!("The database was unavailable: {reason}."),
        _ => "The data cannot be read or written. The server's log says why.".to_owned(),
    }
}
