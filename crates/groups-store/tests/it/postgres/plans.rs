//! What PostgreSQL reads for changes whose statements it got to know when the tables were empty.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use groups_domain::Role;
use groups_store::{NameVisibility, ReplayRule, Resumer, Store, StoreOptions};

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
             INSERT INTO standings (group_id, user_id, since_version, kind, role, actor_id, note, at) \
             SELECT '{group}', gen_random_uuid(), 1, 1, 1, '{group}', '', 0 FROM generate_series(1, {STRANGERS}); \
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

#[test]
fn reads_whose_plans_were_made_for_empty_tables_look_up_each_row() {
    /// Groups of one user, and members of one of these groups.
    const MANY: i64 = 500;
    run(async |db| {
        let options = StoreOptions { name_visibility: NameVisibility::Acquainted, ..db.options() };
        // One connection for each class of reads, which then knows all their statements.
        let store = Store::open(StoreOptions { postgres_connections_max: 4, ..options }).await.unwrap();
        // Tables that are analyzed get new plans.
        let tables = ["groups", "memberships", "names", "standings", "log"];
        db.sql(&tables.map(|table| format!("ALTER TABLE {table} SET (autovacuum_enabled = off);")).concat()).await;
        reads(&store, 0).await;
        let (ada, group) = (ADA.uuid(), group_id(1).uuid());
        db.sql(&format!(
            "SET session_replication_role = replica; \
             INSERT INTO groups (id, name, description, owner_id, member_count, version, created_at, updated_at) \
             SELECT ('018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Team', '', '{ada}', 1, 1, 0, 0 FROM generate_series(1, {MANY}) AS n; \
             INSERT INTO memberships SELECT id, '{ada}', 1, 0, 3, 0, NULL, NULL FROM groups; \
             INSERT INTO names SELECT gen_random_uuid(), 'Bob', 'bob', 0 FROM generate_series(1, {MANY}); \
             INSERT INTO memberships SELECT '{group}', user_id, 1, 0, 1, 0, NULL, NULL FROM names; \
             INSERT INTO standings (group_id, user_id, since_version, kind, role, actor_id, note, at) \
             SELECT g.id, gen_random_uuid(), 1, 1, 1, '{ada}', '', 0 FROM groups AS g, generate_series(1, 40);"
        ))
        .await;
        let before = read(db).await;
        reads(&store, MANY as usize).await;
        store.close().await;
        alone(db).await;
        let rows = read(db).await - before;
        assert!((4 * MANY..40 * MANY).contains(&rows), "{rows} entries of indexes and rows were read");
    });
}

/// Reads of a user with so many groups, the first of which has as many other members.
async fn reads(store: &Store, many: usize) {
    let (group, now) = (group_id(1), after_hours(0));
    assert_eq!(store.groups(ADA, None, 500).await.unwrap().groups.len(), many);
    let opened = store.open_stream(ADA, None, ReplayRule::default()).await.unwrap();
    assert_eq!(opened.groups.len(), many);
    let resumer = Resumer { user_id: ADA, from: opened.cursor };
    assert_eq!(store.resume_points(vec![resumer], opened.seen).await.unwrap().memberships.len(), 1);
    assert_eq!(store.group(ADA, group).await.unwrap().is_some(), many > 0);
    let members = store.members(ADA, group, None, 500).await.unwrap();
    assert_eq!(members.map_or(0, |page| page.members.len()), many.min(500));
    assert!(store.own_invitations(ADA, now, None, 100).await.unwrap().pending.is_empty());
    assert!(store.own_join_requests(ADA, None, 100).await.unwrap().pending.is_empty());
    assert_eq!(store.people("bo", 20).await.unwrap().len(), many.min(20));
    assert_eq!(store.find_groups("te", None, 20).await.unwrap().groups.len(), many.min(20));
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
