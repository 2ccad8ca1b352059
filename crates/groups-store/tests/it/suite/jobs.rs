//! Jobs: who executes them, and what they do to a user.

use std::time::Duration;

use groups_domain::{Actor, Command, Role, Timestamp, UserId};
use groups_store::{
    Departure, EraseStep, History, JOB_KEPT, JOBS_UNFINISHED_MAX, Job, JobCreated, JobKind, JobProgress, JobState,
    Lease, NewJob, ReplayRule, Store, StreamStart,
};
use uuid::Uuid;

use super::run;
use crate::cast::*;

const SERVERS: [Uuid; 2] = [Uuid::from_u128(1), Uuid::from_u128(2)];

const LEASE: Duration = Duration::from_secs(15);

const NIL: UserId = UserId::new(Uuid::nil());

fn job(number: u128, kind: JobKind, user_id: UserId) -> NewJob {
    NewJob { job_id: Uuid::from_u128(number), kind, user_id, actor_id: EVE, fingerprint: [1; 32], at: DAWN }
}

/// The lease of a server, so many seconds after the beginning.
fn lease(server: usize, seconds: i64) -> Lease {
    let now = Timestamp::from_unix_millis(DAWN.unix_millis() + 1_000 * seconds);
    Lease { holder: SERVERS[server], now, valid_for: LEASE }
}

fn id_of(job: &Job) -> u128 {
    job.job_id.as_u128()
}

async fn progress(store: &Store, number: u128) -> JobProgress {
    store.job(Uuid::from_u128(number)).await.unwrap().expect("the job")
}

#[test]
fn one_server_at_a_time_executes_a_job_and_a_dead_one_loses_it() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        assert_eq!(store.lease_job(lease(0, 0)).await.unwrap(), None);
        for number in [1, 2] {
            let user = if number == 1 { ADA } else { BOB };
            let created = store.create_job(job(number, JobKind::Leave, user)).await.unwrap();
            assert_eq!(created, JobCreated::Created(Uuid::from_u128(number)));
        }
        let first = store.lease_job(lease(0, 0)).await.unwrap().expect("a job");
        assert_eq!((id_of(&first), first.kind, first.user_id, first.actor_id), (1, JobKind::Leave, ADA, EVE));
        let second = store.lease_job(lease(1, 1)).await.unwrap().expect("the other one");
        assert_eq!(id_of(&second), 2);
        assert!(store.report_job(&first, 0, lease(0, 10)).await.unwrap());
        assert_eq!(store.finish_job(&second, Ok(0), SERVERS[1], DAWN).await, Ok(true));
        assert_eq!(store.lease_job(lease(1, 24)).await.unwrap(), None, "the lease was renewed");
        assert_eq!(store.lease_job(lease(1, 25)).await.unwrap().as_ref().map(id_of), Some(1), "and has run out");
        assert!(!store.report_job(&first, 1, lease(0, 26)).await.unwrap());
        assert_eq!(store.finish_job(&first, Ok(1), SERVERS[0], DAWN).await, Ok(false));
        assert_eq!(progress(&store, 1).await, JobProgress { state: JobState::Running, done: 0, total: 1 });
        let reason = "The reason".to_owned();
        assert_eq!(store.finish_job(&first, Err(reason.clone()), SERVERS[1], DAWN).await, Ok(true));
        assert_eq!(progress(&store, 1).await.state, JobState::Failed(reason));
        assert_eq!(store.lease_job(lease(1, 1_000)).await.unwrap(), None);
        assert_eq!(db.read("SELECT count(*) || '' AS line FROM jobs WHERE user_id IS NOT NULL").await, ["0"]);
    });
}

#[test]
fn the_same_job_is_not_created_twice_and_unfinished_ones_are_bounded() {
    run(async |db| {
        let store = db.open().await;
        let id = |number| Uuid::from_u128(number);
        let created = async |new| store.create_job(new).await.unwrap();
        assert_eq!(created(job(1, JobKind::Leave, ADA)).await, JobCreated::Created(id(1)));
        assert_eq!(created(job(1, JobKind::Leave, ADA)).await, JobCreated::Repeated(id(1)));
        assert_eq!(created(NewJob { fingerprint: [2; 32], ..job(1, JobKind::Leave, BOB) }).await, JobCreated::IdReused);
        assert_eq!(created(job(2, JobKind::Leave, ADA)).await, JobCreated::Unfinished(id(1)));
        assert_eq!(created(job(3, JobKind::Erase, ADA)).await, JobCreated::Created(id(3)));
        for number in 3..=u128::from(JOBS_UNFINISHED_MAX) {
            let new = created(job(number + 100, JobKind::Leave, person(number + 100))).await;
            assert_eq!(new, JobCreated::Created(id(number + 100)));
        }
        assert_eq!(created(job(9_999, JobKind::Leave, BOB)).await, JobCreated::TooMany);
        let first = store.lease_job(lease(0, 0)).await.unwrap().expect("a job");
        assert_eq!(store.finish_job(&first, Ok(0), SERVERS[0], DAWN).await, Ok(true));
        assert_eq!(created(job(9_999, JobKind::Leave, BOB)).await, JobCreated::Created(id(9_999)));

        let later = |by: Duration| Timestamp::from_unix_millis(DAWN.unix_millis() + by.as_millis() as i64);
        assert_eq!(store.prune_jobs(later(JOB_KEPT), 10).await, Ok(0));
        assert_eq!(store.prune_jobs(later(JOB_KEPT + Duration::from_millis(1)), 10).await, Ok(1), "none unfinished");
        assert_eq!(store.job(first.job_id).await, Ok(None));
    });
}

#[test]
fn the_longest_serving_admin_or_else_member_succeeds_an_owner() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create_with("Team", [BOB, CAT])).await;
        store.did(ADA, group_id(2), create("Alone")).await;
        store.did(BOB, group_id(3), create_with("Bob's", [ADA])).await;
        let found = async || {
            let found = store.departures(ADA, 10).await.unwrap();
            found.into_iter().map(|Departure { role, successor, .. }| (role, successor)).collect::<Vec<_>>()
        };
        assert_eq!(found().await, [(Role::Owner, Some(BOB)), (Role::Owner, None), (Role::Member, None)]);
        store.did(ADA, group_id(1), add(DAN)).await;
        store.did(ADA, group_id(1), role(DAN, Role::Admin)).await;
        assert_eq!(found().await[0], (Role::Owner, Some(DAN)), "an admin comes before every member");
        store.did(ADA, group_id(1), role(CAT, Role::Admin)).await;
        assert_eq!(found().await[0], (Role::Owner, Some(CAT)), "the joining order counts, not the appointment");
        store.did(ADA, group_id(1), remove(CAT)).await;
        store.did(ADA, group_id(1), add(CAT)).await;
        store.did(ADA, group_id(1), role(CAT, Role::Admin)).await;
        assert_eq!(found().await[0], (Role::Owner, Some(DAN)), "and only since the user last joined");
        let one = store.departure(ADA, group_id(1)).await.unwrap().unwrap();
        assert_eq!((one.group_id, one.version, one.successor), (group_id(1), version(7), Some(DAN)));
        store.did(ADA, group_id(2), Command::DeleteGroup).await;
        assert_eq!(store.departures(ADA, 1).await.unwrap().len(), 1);
        assert_eq!(found().await.len(), 2, "a deleted group cannot be left");
        assert_eq!(store.departure(ADA, group_id(2)).await, Ok(None));
    });
}

/// Executes all steps.
async fn erase(store: &Store, user: UserId) {
    let mut step = Some(EraseStep::default());
    while let Some(next) = step {
        step = store.erase_step(user, next).await.unwrap();
    }
}

#[test]
fn erasing_a_user_keeps_versions_answers_and_the_cursors_of_others() {
    run(async |db| {
        let store = db.open().await;
        store.remember_names([named(BOB, "Bob", 1)]).await.unwrap();
        store.did(ADA, group_id(1), create_with("Team", [BOB, CAT])).await;
        let position = async || store.end_of_log().await.unwrap();
        let start = position().await;
        let keyed = keyed(request(group_id(1), ADA, role(BOB, Role::Admin)), "key", 1);
        let promoted = store.execute(keyed.clone()).await.unwrap();
        store.did(BOB, group_id(1), rename("By Bob")).await;
        // The newest row is the witness of this position.
        let by_bob = position().await;
        store.did(Actor::Operator(EVE), group_id(1), remove(BOB)).await;
        erase(&store, BOB).await;
        erase(&store, BOB).await;

        let History::Page { changes, .. } = store.history(ADA, group_id(1), version(0), 10).await.unwrap() else {
            panic!("no history")
        };
        let versions: Vec<_> = changes.iter().map(|change| change.version().get()).collect();
        assert_eq!(versions, [1, 2, 3, 4]);
        assert_eq!(changes[2].actor_id(), NIL);
        assert_eq!(changes[0].effects().len(), 3);
        assert!(!format!("{changes:?}").contains(&BOB.to_string()));
        let replayed = store.execute(keyed).await.unwrap();
        assert!(replayed.replayed);
        assert_ne!(replayed.outcome, promoted.outcome);
        assert!(!format!("{replayed:?}").contains("Bob\""), "{replayed:?}");
        for from in [start.clone(), by_bob] {
            let opened = store.open_stream(ADA, Some(from.clone()), ReplayRule::default()).await.unwrap();
            assert!(matches!(opened.start, StreamStart::Resumed { .. }), "{from:?} of another user");
            assert!(store.tail_from(Some(from)).await.is_ok());
        }
        let own = store.open_stream(BOB, Some(start), ReplayRule::default()).await.unwrap();
        assert!(matches!(own.start, StreamStart::Snapshot(_)), "the user's own cursors are not valid");
        let now = position().await;
        store.did(ADA, group_id(1), add(BOB)).await;
        let again = store.open_stream(BOB, Some(now), ReplayRule::default()).await.unwrap();
        assert!(matches!(again.start, StreamStart::Resumed { .. }), "later ones are");
        assert_eq!(store.names(&[BOB]).await.unwrap().len(), 0);
    });
}
