//! Takes a user out of every group.

use groups_domain::{Actor, Command, GroupId, Request, Role, Version};
use groups_store::{Departure, ExecuteError, Job};

use super::Runner;
use super::failure::JobError;
use crate::clock;

/// Groups that are read together.
const GROUPS_PER_STEP: u32 = 50;

/// Attempts to take a user out of one group while others change it. Then the other groups come
/// first.
const ATTEMPTS_MAX: u32 = 32;

/// Steps in a row that may take the user out of no group.
const VAIN_STEPS_MAX: u32 = 20;

/// Groups that a user may be added to again while the job runs. Beyond it, the job is given up.
const GROUPS_MAX: u64 = 1_000_000;

impl Runner {
    /// Takes the user out of all groups, those to which the user is added meanwhile included. Ends
    /// invitations and requests to join first, so that they do not become memberships.
    pub(super) async fn leave(&self, job: &Job, done: &mut u64) -> Result<(), JobError> {
        let (mut left, mut vain_steps) = (0_u64, 0);
        loop {
            self.end_standings(job, done).await?;
            let departures = self.store.departures(job.user_id, GROUPS_PER_STEP).await?;
            if departures.is_empty() {
                return Ok(());
            }
            let before = left;
            for departure in departures {
                if self.depart(job, departure).await? {
                    left += 1;
                    *done += 1;
                }
            }
            self.report(job, *done).await?;
            vain_steps = if left > before { 0 } else { vain_steps + 1 };
            if vain_steps >= VAIN_STEPS_MAX {
                return Err(JobError::GivenUp(
                    "The user's groups change faster than the job can follow. Try again later.",
                ));
            }
            if left > GROUPS_MAX {
                return Err(JobError::GivenUp("The user is added to groups faster than the job can follow."));
            }
        }
    }

    /// Takes the user out of one group. Returns whether it did.
    ///
    /// The successor was chosen for one version of the group, and the change is only made in that
    /// version. So the choice is right even if others change the group at the same time.
    async fn depart(&self, job: &Job, mut departure: Departure) -> Result<bool, JobError> {
        let user_id = job.user_id;
        for _ in 0..ATTEMPTS_MAX {
            let Departure { group_id, version, role, successor } = departure;
            let deletes = role == Role::Owner && successor.is_none();
            let executed = match (role, successor) {
                (Role::Owner, Some(successor)) => {
                    let hand_over = Command::ChangeRole { user_id: successor, role: Role::Owner };
                    match self.change(job, group_id, hand_over, Some(version)).await {
                        Ok(()) => self.change(job, group_id, Command::RemoveMember { user_id }, None).await,
                        refused => refused,
                    }
                }
                (Role::Owner, None) => self.change(job, group_id, Command::DeleteGroup, Some(version)).await,
                (Role::Admin | Role::Member, _) => {
                    self.change(job, group_id, Command::RemoveMember { user_id }, None).await
                }
            };
            match executed {
                Ok(()) => {
                    tracing::debug!(%group_id, deletes, "a job has taken its user out of a group");
                    return Ok(true);
                }
                // The group has changed since it was read.
                Err(ExecuteError::Rejected(_)) => {}
                Err(error) => return Err(JobError::of(error)),
            }
            match self.store.departure(user_id, group_id).await? {
                Some(current) => departure = current,
                // Somebody else has removed the user, or deleted the group.
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    pub(super) async fn change(
        &self,
        job: &Job,
        group_id: GroupId,
        command: Command,
        expected_version: Option<Version>,
    ) -> Result<(), ExecuteError> {
        let actor = Actor::Operator(job.actor_id);
        let request = Request { group_id, actor, at: clock::now(), expected_version, command };
        self.store.execute(request.into()).await.map(drop)
    }
}
