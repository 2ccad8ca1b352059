//! A standby that takes over, and a database that is put back: running servers notice that the history is another one.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use groups_store::{ExecuteError, ReplayRule, Store, StoreError, StoreOptions, StreamStart, Tail};
use tokio::time::{sleep, timeout};

use super::line::Line;
use super::run;
use crate::cast::*;
use crate::server::Pair;

/// Far longer than anything here may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

pub(super) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !holds().await {
            sleep(PAUSE).await;
        }
    };
    assert!(timeout(PATIENCE, looking).await.is_ok(), "{what}");
}

pub(super) async fn counts(port: u16, query: &str) -> i64 {
    let mut conn = AsyncPgConnection::establish(&format!("postgres://groups@127.0.0.1:{port}/postgres")).await.unwrap();
    diesel::sql_query(query).get_result::<Count>(&mut conn).await.map_or(-1, |row| row.count)
}

/// Follows the log until it says that the history is another one. It brings nothing before.
async fn until_replaced(tail: &mut Tail) {
    let following = async {
        loop {
            match tail.next().await {
                Ok(entries) => panic!("{entries:?}"),
                Err(StoreError::HistoryReplaced) => return,
                Err(StoreError::Unavailable(_)) => sleep(PAUSE).await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    timeout(PATIENCE, following).await.expect("it notices");
}

/// The next versions that a tail brings, so many.
async fn versions(tail: &mut Tail, count: usize) -> Vec<u64> {
    let following = async {
        let mut versions = Vec::new();
        while versions.len() < count {
            versions.extend(tail.next().await.unwrap().iter().map(|entry| entry.change.version().get()));
        }
        versions
    };
    timeout(PATIENCE, following).await.expect("something is received")
}

#[test]
fn running_servers_notice_that_a_standby_without_the_last_changes_has_taken_over() {
    run(async |_| {
        let Some(pair) = Pair::start() else { return };
        let line = Line::to(pair.primary()).await;
        let options = StoreOptions {
            postgres_statement_max: Duration::from_secs(2),
            ..StoreOptions::new(format!("postgres://groups@127.0.0.1:{}/postgres?sslmode=disable", line.port()))
        };
        let (here, there) = (Store::open(options.clone()).await.unwrap(), Store::open(options).await.unwrap());
        let (mut tail, mut other) = (here.tail().await.unwrap(), there.tail().await.unwrap());
        here.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        let is_there = format!("SELECT count(*) FROM log WHERE group_id = '{}'", group_id(1).uuid());
        until("it is replicated", async || counts(pair.standby(), &is_there).await == 1).await;
        // The standby is cut off, and the next change is acknowledged without it.
        let standby = format!("postgres://groups@127.0.0.1:{}/postgres", pair.standby());
        let mut conn = AsyncPgConnection::establish(&standby).await.unwrap();
        conn.batch_execute("ALTER SYSTEM SET primary_conninfo = ''").await.unwrap();
        conn.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        let receivers = "SELECT count(*) FROM pg_stat_wal_receiver";
        until("it is cut off", async || counts(pair.standby(), receivers).await == 0).await;
        here.did(ADA, group_id(1), rename("Lost")).await;
        assert_eq!(versions(&mut tail, 2).await, [1, 2]);
        assert_eq!(versions(&mut other, 2).await, [1, 2]);
        let (id, cursor) = (here.id(), here.open_stream(BOB, None, ReplayRule::default()).await.unwrap().cursor);

        // The name leads to the standby before that takes over.
        line.lead_to(pair.standby());
        pair.kill_primary();
        let change = here.does(ADA, group_id(1), rename("Not now")).await;
        assert!(matches!(change, Err(ExecuteError::Unavailable { .. })), "{change:?}");
        assert!(matches!(here.check_writable().await, Err(StoreError::Unavailable(_))));
        // Not even for reading: what it has may be old.
        assert!(matches!(here.ping().await, Err(StoreError::Unavailable(_))));
        drop(conn);
        pair.promote();

        until_replaced(&mut tail).await;
        until_replaced(&mut other).await;
        assert_ne!(here.id(), id);
        assert_eq!(here.id(), there.id(), "all servers find the same");
        let (group, _) = here.group(BOB, group_id(1)).await.unwrap().unwrap();
        assert_eq!((group.version, group.name.as_str()), (version(1), "Team"));
        let again = here.open_stream(BOB, Some(cursor), ReplayRule::default()).await.unwrap();
        assert!(matches!(again.start, StreamStart::Snapshot(_)));
        for (store, number) in [(&here, 2), (&there, 3)] {
            assert_eq!(
                store.did(ADA, group_id(1), rename(&format!("Found {number}"))).await.version(),
                version(number)
            );
            assert_eq!(versions(&mut tail, 1).await, [number]);
            assert_eq!(versions(&mut other, 1).await, [number]);
        }
        here.close().await;
        there.close().await;
    });
}

#[test]
fn running_servers_notice_that_the_database_was_restored() {
    run(async |db| {
        let (here, there) = (db.open().await, db.open().await);
        let (mut tail, mut other) = (here.tail().await.unwrap(), there.tail().await.unwrap());
        here.did(ADA, group_id(1), create("Team")).await;
        here.did(ADA, group_id(1), rename("Lost")).await;
        assert_eq!(versions(&mut tail, 2).await, [1, 2]);
        assert_eq!(versions(&mut other, 2).await, [1, 2]);
        // What restoring a dump into the same database amounts to.
        let group = group_id(1).uuid();
        db.sql(&format!(
            "UPDATE groups SET version = 1, name = 'Team' WHERE id = '{group}'; DELETE FROM log WHERE group_id = '{group}' AND version = 2"
        ))
        .await;
        db.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
        until_replaced(&mut tail).await;
        until_replaced(&mut other).await;
        assert_eq!(here.id(), there.id(), "all servers find the same");
        assert_eq!(there.did(ADA, group_id(1), rename("Found")).await.version(), version(2));
        assert_eq!(versions(&mut tail, 1).await, [2]);
        assert_eq!(versions(&mut other, 1).await, [2]);
    });
}

#[test]
fn a_role_without_access_to_cluster_information_can_run_a_server() {
    run(async |db| {
        let (_, database) = db.url.rsplit_once('/').unwrap();
        db.sql(&format!(
            "CREATE ROLE plain_{database} LOGIN; ALTER SCHEMA public OWNER TO plain_{database}; \
             REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC"
        ))
        .await;
        let url = db.url.replace("groups@", &format!("plain_{database}@"));
        let store = Store::open(StoreOptions { url, ..db.options() }).await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        store.check_writable().await.unwrap();
        store.close().await;
        db.sql("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC; ALTER SCHEMA public OWNER TO groups").await;
    });
}
