//! Jobs, and which server executes them.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use groups_domain::{GroupId, Role, Timestamp, UserId, Version};
use uuid::Uuid;

use super::list::memberships_of;
use crate::column::{Id, sql};
use crate::connection::{Connection, RunQueryDsl};
use crate::job::{JOB_KEPT, JOBS_UNFINISHED_MAX};
use crate::query_error::{QueryError, reading};
use crate::row::{role_in, to_stored};
use crate::schema::{groups, jobs, memberships};
use crate::{Departure, Job, JobCreated, JobKind, JobProgress, JobState, Lease, NewJob, StoreError};

/// Numbers of states.
const RUNNING: i16 = 1;
const DONE: i16 = 2;
const FAILED: i16 = 3;

/// Maximum length of a stored reason, in characters.
const REASON_CHARS_MAX: usize = 500;

fn number(kind: JobKind) -> i16 {
    match kind {
        JobKind::Leave => 1,
        JobKind::Erase => 2,
    }
}

fn kind(number: i16, job: Id) -> Result<JobKind, StoreError> {
    match number {
        1 => Ok(JobKind::Leave),
        2 => Ok(JobKind::Erase),
        unknown => Err(corrupt(job, format!("unknown kind {unknown}"))),
    }
}

fn corrupt(job: Id, detail: String) -> StoreError {
    StoreError::Corrupt { table: "jobs", id: job.0.to_string(), detail }
}

pub(crate) async fn create<C: Connection>(conn: &mut C, new: NewJob) -> Result<JobCreated, QueryError> {
    // Serializes the requests about one user.
    conn.lock_users(&[new.user_id.into()]).await?;
    let known = jobs::table.find(Id(new.job_id)).select((jobs::id, jobs::fingerprint));
    let known: Option<(Id, Option<Vec<u8>>)> = known.first(conn).await.optional().map_err(reading("jobs"))?;
    if let Some((_, fingerprint)) = known {
        // A finished erasure keeps no digest of its request.
        let same = fingerprint.is_none_or(|fingerprint| fingerprint == new.fingerprint);
        return Ok(if same { JobCreated::Repeated(new.job_id) } else { JobCreated::IdReused });
    }
    let unfinished = jobs::table.filter(jobs::state.eq(RUNNING));
    let same = unfinished.filter(jobs::user_id.eq(Id::from(new.user_id))).filter(jobs::kind.eq(number(new.kind)));
    let same: Option<Id> = same.select(jobs::id).first(conn).await.optional().map_err(reading("jobs"))?;
    if let Some(same) = same {
        return Ok(JobCreated::Unfinished(same.0));
    }
    let count: i64 = unfinished.count().get_result(conn).await.map_err(reading("jobs"))?;
    if count >= i64::from(JOBS_UNFINISHED_MAX) {
        return Ok(JobCreated::TooMany);
    }
    let total = to_stored(open_groups(conn, new.user_id).await?.saturating_add(steps_after_groups(new.kind)));
    let row = (
        jobs::id.eq(Id(new.job_id)),
        jobs::kind.eq(number(new.kind)),
        jobs::state.eq(RUNNING),
        jobs::user_id.eq(Some(Id::from(new.user_id))),
        jobs::actor_id.eq(Id::from(new.actor_id)),
        jobs::fingerprint.eq(Some(new.fingerprint.to_vec())),
        jobs::done.eq(0_i64),
        jobs::total.eq(total),
        jobs::created_at.eq(new.at.unix_millis()),
        jobs::leased_until.eq(0_i64),
    );
    diesel::insert_into(jobs::table).values(row).execute(conn).await?;
    Ok(JobCreated::Created(new.job_id))
}

/// Steps of a job that are not groups: an erasure has one more.
fn steps_after_groups(kind: JobKind) -> u64 {
    match kind {
        JobKind::Leave => 0,
        JobKind::Erase => 1,
    }
}

/// The number of groups of a user.
async fn open_groups<C: Connection>(conn: &mut C, user: UserId) -> Result<u64, QueryError> {
    let count: i64 = memberships_of(user.into()).count().get_result(conn).await.map_err(reading("memberships"))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

pub(crate) async fn progress<C: Connection>(conn: &mut C, job: Uuid) -> Result<Option<JobProgress>, QueryError> {
    let columns = (jobs::state, jobs::reason, jobs::done, jobs::total);
    let row: Option<(i16, Option<String>, i64, i64)> =
        jobs::table.find(Id(job)).select(columns).first(conn).await.optional().map_err(reading("jobs"))?;
    let Some((state, reason, done, total)) = row else { return Ok(None) };
    let state = match state {
        RUNNING => JobState::Running,
        DONE => JobState::Done,
        FAILED => JobState::Failed(reason.unwrap_or_default()),
        unknown => return Err(corrupt(Id(job), format!("unknown state {unknown}")).into()),
    };
    let count = |number| u64::try_from(number).unwrap_or_default();
    Ok(Some(JobProgress { state, done: count(done), total: count(total) }))
}

/// Leases the oldest unfinished job that no other server executes.
pub(crate) async fn lease<C: Connection>(conn: &mut C, lease: Lease) -> Result<Option<Job>, QueryError> {
    // The condition is repeated outside: on PostgreSQL another server may have leased the job while
    // this statement waited for its row.
    let leased = diesel::sql_query(
        "UPDATE jobs SET holder = $1, leased_until = $2 WHERE id IN \
         (SELECT id FROM jobs WHERE state = 1 AND (leased_until <= $3 OR holder = $1) ORDER BY created_at, id LIMIT 1) \
         AND state = 1 AND (leased_until <= $3 OR holder = $1)",
    );
    let leased = leased
        .bind::<sql::Id, _>(Id(lease.holder))
        .bind::<BigInt, _>(lease.until_ms())
        .bind::<BigInt, _>(lease.now.unix_millis());
    if leased.execute(conn).await? == 0 {
        return Ok(None);
    }
    let row: Option<(Id, i16, Option<Id>, Id, i64)> = jobs::table
        .filter(jobs::holder.eq(Id(lease.holder)))
        .filter(jobs::state.eq(RUNNING))
        .order((jobs::created_at, jobs::id))
        .select((jobs::id, jobs::kind, jobs::user_id, jobs::actor_id, jobs::done))
        .first(conn)
        .await
        .optional()
        .map_err(reading("jobs"))?;
    let Some((id, number, user, actor, done)) = row else { return Ok(None) };
    let user = user.ok_or_else(|| corrupt(id, "an unfinished job has no user".to_owned()))?;
    let done = u64::try_from(done).unwrap_or_default();
    Ok(Some(Job { job_id: id.0, kind: kind(number, id)?, user_id: user.user(), actor_id: actor.user(), done }))
}

/// Saves how many steps are done, and renews the lease. Returns whether it is still held.
pub(crate) async fn report<C: Connection>(conn: &mut C, job: Job, done: u64, lease: Lease) -> Result<bool, QueryError> {
    let left = open_groups(conn, job.user_id).await?.saturating_add(steps_after_groups(job.kind));
    let mine = jobs::table
        .filter(jobs::id.eq(Id(job.job_id)))
        .filter(jobs::holder.eq(Id(lease.holder)))
        .filter(jobs::state.eq(RUNNING));
    let update = diesel::update(mine).set((
        jobs::done.eq(to_stored(done)),
        jobs::total.eq(to_stored(done.saturating_add(left))),
        jobs::leased_until.eq(lease.until_ms()),
    ));
    Ok(update.execute(conn).await? == 1)
}

/// Ends a job, and forgets its user. Returns whether the lease was still held.
pub(crate) async fn finish<C: Connection>(
    conn: &mut C,
    job: Job,
    result: Result<u64, String>,
    holder: Uuid,
    at: Timestamp,
) -> Result<bool, QueryError> {
    // SQLite numbers parameters in the order in which they first appear.
    let mine = "user_id = NULL, holder = NULL, leased_until = 0, \
         fingerprint = CASE WHEN kind = 2 THEN NULL ELSE fingerprint END WHERE id = $3 AND holder = $4 AND state = 1";
    let ended = match result {
        Ok(done) => {
            let done_now = format!("UPDATE jobs SET state = 2, finished_at = $1, done = $2, total = $2, {mine}");
            let done_now = diesel::sql_query(done_now)
                .bind::<BigInt, _>(at.unix_millis())
                .bind::<BigInt, _>(to_stored(done))
                .bind::<sql::Id, _>(Id(job.job_id))
                .bind::<sql::Id, _>(Id(holder));
            done_now.execute(conn).await?
        }
        Err(reason) => {
            let reason: String = reason.chars().take(REASON_CHARS_MAX).collect();
            let failed = format!("UPDATE jobs SET state = 3, finished_at = $1, reason = $2, {mine}");
            let failed = diesel::sql_query(failed)
                .bind::<BigInt, _>(at.unix_millis())
                .bind::<Text, _>(reason)
                .bind::<sql::Id, _>(Id(job.job_id))
                .bind::<sql::Id, _>(Id(holder));
            failed.execute(conn).await?
        }
    };
    Ok(ended == 1)
}

/// Forgets the user of an erasure: what is left of it does not need them. Returns whether the lease
/// is still held.
pub(crate) async fn forget_user<C: Connection>(conn: &mut C, job: Job, lease: Lease) -> Result<bool, QueryError> {
    let mine = jobs::table
        .filter(jobs::id.eq(Id(job.job_id)))
        .filter(jobs::holder.eq(Id(lease.holder)))
        .filter(jobs::state.eq(RUNNING));
    let own = jobs::table.filter(jobs::id.eq(Id(job.job_id))).filter(jobs::actor_id.eq(Id::from(job.user_id)));
    diesel::update(own).set(jobs::actor_id.eq(Id(Uuid::nil()))).execute(conn).await?;
    let update = diesel::update(mine).set((
        jobs::user_id.eq(Some(Id(Uuid::nil()))),
        jobs::fingerprint.eq(None::<Vec<u8>>),
        jobs::leased_until.eq(lease.until_ms()),
    ));
    Ok(update.execute(conn).await? == 1)
}

/// Deletes finished jobs that are past their retention, at most so many.
pub(crate) async fn prune<C: Connection>(conn: &mut C, now: Timestamp, step_max: u32) -> Result<u32, QueryError> {
    let kept_ms = i64::try_from(JOB_KEPT.as_millis()).unwrap_or(i64::MAX);
    let old = diesel::sql_query(
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE finished_at < $1 ORDER BY finished_at LIMIT $2)",
    );
    let old = old.bind::<BigInt, _>(now.unix_millis().saturating_sub(kept_ms)).bind::<BigInt, _>(i64::from(step_max));
    Ok(u32::try_from(old.execute(conn).await?).unwrap_or(u32::MAX))
}

/// The time at which the newest erasure ended; 0 if there was none.
pub(crate) async fn newest_erasure<C: Connection>(conn: &mut C) -> Result<i64, QueryError> {
    let newest = jobs::table.filter(jobs::finished_at.is_not_null()).filter(jobs::kind.eq(number(JobKind::Erase)));
    let newest: Option<Option<i64>> = newest
        .order(jobs::finished_at.desc())
        .select(jobs::finished_at)
        .first(conn)
        .await
        .optional()
        .map_err(reading("jobs"))?;
    Ok(newest.flatten().unwrap_or_default())
}

/// The first groups of a user, each with the successor if the user owns it.
pub(crate) async fn departures<C: Connection>(
    conn: &mut C,
    user: UserId,
    limit: u32,
) -> Result<Vec<Departure>, QueryError> {
    let rows: Vec<(Id, i64, i16)> = memberships_of(user.into())
        .order(memberships::group_id)
        .limit(i64::from(limit))
        .select((memberships::group_id, groups::version, memberships::role))
        .load(conn)
        .await
        .map_err(reading("memberships"))?;
    let mut departures = Vec::with_capacity(rows.len());
    for (group, version, role) in rows {
        departures.push(departure_from(conn, user, group, version, role).await?);
    }
    Ok(departures)
}

/// One group of a user, as in [`departures`]; `None` if the user is not a member.
pub(crate) async fn departure<C: Connection>(
    conn: &mut C,
    user: UserId,
    group: GroupId,
) -> Result<Option<Departure>, QueryError> {
    let row: Option<(i64, i16)> = memberships_of(user.into())
        .filter(memberships::group_id.eq(Id::from(group)))
        .select((groups::version, memberships::role))
        .first(conn)
        .await
        .optional()
        .map_err(reading("memberships"))?;
    let Some((version, role)) = row else { return Ok(None) };
    departure_from(conn, user, group.into(), version, role).await.map(Some)
}

async fn departure_from<C: Connection>(
    conn: &mut C,
    user: UserId,
    group: Id,
    version: i64,
    role: i16,
) -> Result<Departure, QueryError> {
    let role = role_in(role, group.group(), user)?;
    let successor = match role {
        Role::Owner => successor(conn, group, user).await?,
        Role::Admin | Role::Member => None,
    };
    let version = Version::new(u64::try_from(version).unwrap_or_default());
    Ok(Departure { group_id: group.group(), version, role, successor })
}

/// The longest-serving admin of a group other than its owner, or else the longest-serving member.
async fn successor<C: Connection>(conn: &mut C, group: Id, owner: UserId) -> Result<Option<UserId>, QueryError> {
    for role in [Role::Admin, Role::Member] {
        let found: Option<Id> = memberships::table
            .filter(memberships::group_id.eq(group))
            .filter(memberships::left_version.is_null())
            .filter(memberships::role.eq(crate::row::role_number(role)))
            .filter(memberships::user_id.ne(Id::from(owner)))
            .order((memberships::joined_version, memberships::ordinal))
            .select(memberships::user_id)
            .first(conn)
            .await
            .optional()
            .map_err(reading("memberships"))?;
        if let Some(found) = found {
            return Ok(Some(found.user()));
        }
    }
    Ok(None)
}
