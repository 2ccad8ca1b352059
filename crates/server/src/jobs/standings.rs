//! Ends the invitations, the requests to join and the bans of a user.

use groups_domain::{Command, GroupId, Standing};
use groups_store::{ExecuteError, Job, JobKind};

use super::Runner;
use super::failure::JobError;
use crate::clock;

/// Standings that are read together.
const STANDINGS_PER_STEP: u32 = 200;

/// Steps in a row that may end no standing.
const VAIN_STEPS_MAX: u32 = 20;

impl Runner {
    /// Ends all invitations and requests to join of the user. An erased user is not banned any longer
    /// either, because a ban names them; otherwise bans stay.
    pub(super) async fn end_standings(&self, job: &Job, done: &mut u64) -> Result<(), JobError> {
        let bans = job.kind == JobKind::Erase;
        let mut vain_steps = 0;
        loop {
            let standings = self.store.standings_of_user(job.user_id, bans, STANDINGS_PER_STEP).await?;
            if standings.is_empty() {
                return Ok(());
            }
            let before = *done;
            for (group_id, standing) in standings {
                if self.end_standing(job, group_id, &standing).await? {
                    *done += 1;
                }
            }
            self.report(job, *done).await?;
            vain_steps = if *done > before { 0 } else { vain_steps + 1 };
            if vain_steps >= VAIN_STEPS_MAX {
                return Err(JobError::GivenUp(
                    "The user's invitations change faster than the job can follow. Try again later.",
                ));
            }
        }
    }

    /// Ends one standing. Returns whether it did.
    async fn end_standing(&self, job: &Job, group_id: GroupId, standing: &Standing) -> Result<bool, JobError> {
        let user_id = job.user_id;
        let command = match standing {
            Standing::Invited(invitation) if invitation.is_over(clock::now()) => Command::ExpireInvitation { user_id },
            Standing::Invited(_) => Command::WithdrawInvitation { user_id },
            Standing::Requested(_) => Command::DeclineJoinRequest { user_id },
            Standing::Banned(_) => Command::Unban { user_id },
        };
        match self.change(job, group_id, command, None).await {
            Ok(()) => Ok(true),
            // It has ended meanwhile.
            Err(ExecuteError::Rejected(_)) => Ok(false),
            Err(error) => Err(JobError::of(error)),
        }
    }
}
