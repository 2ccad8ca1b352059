//! What PostgreSQL reads for changes whose statements it got to know when the tables were empty.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use groups_domain::Role;
use groups_store::{Store, StoreOptions};

use super::{Db, run};
use crate::cast::*;

/// More than PostgreSQL reads of a table before it makes do with one plan for all parameters.
const TIMES: usize = 8;

/// Strangers in the group, who came behind the server's back, and as many changes.
const STRANGERS: i64 = 20_000;

/// All statements here together need fewer by far; one that reads the whole group once reads more.
const READ_MAX: i64 = STRANGERS / 4;

#[derive(QueryableByName)]
struct Read {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

#[test]
fn cached_plans_do_not_read_whole_groups_that_have_grown_since() {
    run(async |db| {
        let store = Store::open(StoreOptions { postgres_lanes: 1, ..db.options() }).await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        changes(&store).await;
        let group = group_id(1).uuid();
        // Without looking each one's group up.
        db.sql(&format!(
            "SET session_replication_role = replica; \
             INSERT INTO memberships SELECT '{group}', gen_random_uuid(), 1, n, 1, 0, NULL, NULL FROM generate_series(1, {STRANGERS}) AS n; \
             WITH change AS MATERIALIZED (SELECT * FROM log WHERE group_id = '{group}' AND version = 1) \
             INSERT INTO log (group_id, version, actor_id, at, format, payload) \
             SELECT group_id, version + n * 1000, actor_id, at, format, payload FROM change, generate_series(1, {STRANGERS}) AS n;"
        ))
        .await;
        let before = read(db).await;
        changes(&store).await;
        store.close().await;
        alone(db).await;
        let rows = read(db).await - before;
        assert!(rows > 0, "the counts came in");
        assert!(rows < READ_MAX, "{rows} entries of indexes and rows were read");
    });
}

#[test]
fn adding_users_does_not_read_their_ended_memberships() {
    const PEOPLE: u128 = 100;
    const LEFT: i64 = 300;
    run(async |db| {
        let store = Store::open(StoreOptions { postgres_lanes: 1, ..db.options() }).await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        store.did(ADA, group_id(2), create("Left by all")).await;
        let (left, people) =
            (group_id(2).uuid(), (0..PEOPLE).map(|number| format!("('{}'::uuid)", person(number + 100))));
        let people = people.collect::<Vec<_>>().join(", ");
        db.sql(&format!(
            "INSERT INTO memberships SELECT '{left}', p.id, n, 0, 1, 0, n + 1, 0 FROM (VALUES {people}) AS p (id), \
             generate_series(1, {LEFT}) AS n; ANALYZE memberships;"
        ))
        .await;
        let before = read(db).await;
        store.did(ADA, group_id(1), add_many((0..PEOPLE).map(|number| person(number + 100)))).await;
        store.close().await;
        alone(db).await;
        let rows = read(db).await - before;
        assert!(rows > 0, "the counts came in");
        // In the index, in the tables, for the foreign key and for the catalogue: some of each, and not all that they have left.
        assert!(rows < PEOPLE as i64 * LEFT / 4, "{rows} entries of indexes and rows were read");
    });
}

/// Every kind of statement that changes something, often enough for PostgreSQL to know each of them.
async fn changes(store: &Store) {
    let group = group_id(1);
    for _ in 0..TIMES {
        store.did(ADA, group, add(BOB)).await;
        store.did(ADA, group, role(BOB, Role::Admin)).await;
        let order = keyed(request(group, ADA, rename("Renamed")), "rename", 1);
        store.execute(order).await.unwrap();
        store.did(ADA, group, remove(BOB)).await;
    }
}

/// How many entries of indexes and rows of tables were read by the connections that have ended since the database was made.
async fn read(db: &Db) -> i64 {
    let query = "SELECT ((SELECT sum(seq_tup_read) FROM pg_stat_user_tables) \
                 + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes))::bigint AS rows";
    let read: Read = diesel::sql_query(query).get_result(&mut db.connect().await).await.unwrap();
    read.rows
}

/// Waits until nobody is connected: connections hand their counts in when they end.
async fn alone(db: &Db) {
    let query =
        "SELECT count(*) AS rows FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let conn = &mut db.connect().await;
    while diesel::sql_query(query).get_result::<Read>(conn).await.unwrap().rows > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
