//! Stores behind PgBouncer.

use std::time::Duration;

use futures_util::future::join_all;
use groups_store::{OpenError, ReplayRule, Store, StoreOptions, StreamStart, Tail};
use tokio::time::timeout;

use super::{Db, run};
use crate::cast::*;
use crate::server::Bouncer;

/// Far longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn behind(bouncer: &Bouncer, db: &Db) -> StoreOptions {
    let (_, database) = db.url.rsplit_once('/').unwrap();
    StoreOptions { url: bouncer.url(database), ..db.options() }
}

/// The versions of a group that are heard next.
async fn hears(tail: &mut Tail, count: usize) -> Vec<u64> {
    let mut versions = Vec::new();
    while versions.len() < count {
        let entries = timeout(PATIENCE, tail.next()).await.expect("something is received").unwrap();
        versions.extend(entries.iter().map(|entry| entry.change.version().get()));
    }
    versions
}

/// Commands, lists, replays and events of two stores.
async fn works(here: StoreOptions, there: StoreOptions) {
    let (here, there) = (Store::open(here).await.unwrap(), Store::open(there).await.unwrap());
    let mut tail = here.tail().await.unwrap();
    here.did(ADA, group_id(1), create_with("Team", [BOB])).await;
    let cursor = here.open_stream(BOB, None, ReplayRule::default()).await.unwrap().cursor;
    for round in 0..10 {
        // More transactions at once than the pooler has connections.
        let others = (10..20).map(|number| here.does(CAT, group_id(100 * round + number), create("Other")));
        let renamed = async {
            there.did(ADA, group_id(1), rename(&format!("Name {round}"))).await;
            here.execute(keyed(request(group_id(1), ADA, rename(&format!("Again {round}"))), &format!("{round}"), 1))
                .await
        };
        let (others, renamed) = tokio::join!(join_all(others), renamed);
        assert!(others.iter().chain([&renamed]).all(Result::is_ok), "{others:?}, {renamed:?}");
    }
    let heard = hears(&mut tail, 1 + 20 + 100).await;
    let of_the_team: Vec<u64> = heard.into_iter().filter(|version| *version > 1).collect();
    assert_eq!(of_the_team, (2..22).collect::<Vec<_>>());
    let StreamStart::Resumed { missed, .. } =
        there.open_stream(BOB, Some(cursor), ReplayRule::default()).await.unwrap().start
    else {
        panic!("the client gets what it has missed");
    };
    assert_eq!(missed.len(), 20);
    assert_eq!(there.groups(CAT, None, 500).await.unwrap().groups.len(), 100);
    there.check_writable().await.unwrap();
    here.close().await;
    there.close().await;
}

#[test]
fn two_stores_work_through_a_pooler_in_transaction_mode() {
    run(async |db| {
        let Some(bouncer) = Bouncer::start("transaction") else { return };
        let direct = Some(db.url.clone());
        let options = || StoreOptions { postgres_direct_url: direct.clone(), ..behind(&bouncer, db) };
        // Only notifications wake the tails.
        let notified = || StoreOptions { tail_poll: Duration::from_secs(3_600), ..options() };
        works(notified(), notified()).await;
    });
}

#[test]
fn a_schema_of_its_own_and_polling_work_through_a_pooler_in_transaction_mode() {
    run(async |db| {
        let Some(bouncer) = Bouncer::start("transaction") else { return };
        let options = || StoreOptions {
            postgres_direct_url: Some(db.url.clone()),
            postgres_schema: Some("a schema".to_owned()),
            postgres_notify: false,
            tail_poll: Duration::from_millis(20),
            ..behind(&bouncer, db)
        };
        works(options(), options()).await;
        db.sql("DROP SCHEMA \"a schema\" CASCADE").await;
    });
}

#[test]
fn without_a_direct_url_a_pooler_in_transaction_mode_is_refused() {
    run(async |db| {
        let Some(bouncer) = Bouncer::start("transaction") else { return };
        let error = Store::open(behind(&bouncer, db)).await.unwrap_err();
        assert!(matches!(error, OpenError::TransactionPooling { .. }), "{error}");
        assert!(error.to_string().contains("GROUPS_DATABASE_DIRECT_URL"), "{error}");
    });
}

#[test]
fn a_direct_url_of_another_database_is_refused() {
    run(async |db| {
        let Some(bouncer) = Bouncer::start("transaction") else { return };
        db.open().await.close().await;
        let (server, _) = db.url.rsplit_once('/').unwrap();
        let direct = Some(format!("{server}/postgres"));
        let schema = Some("elsewhere".to_owned());
        let options = StoreOptions { postgres_direct_url: direct, postgres_schema: schema, ..behind(&bouncer, db) };
        let error = Store::open(options).await.unwrap_err();
        assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
    });
}

#[test]
fn a_pooler_in_session_mode_needs_no_direct_url() {
    run(async |db| {
        let Some(bouncer) = Bouncer::start("session") else { return };
        let options = || StoreOptions { tail_poll: Duration::from_secs(3_600), ..behind(&bouncer, db) };
        works(options(), options()).await;
    });
}
