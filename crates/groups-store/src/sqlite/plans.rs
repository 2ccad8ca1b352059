//! Tests SQLite's query plans for the set-based statements, on tables whose sizes it knows.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::borrow::Cow;
use std::time::Duration;

use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;

use super::open::{Settings, open_writer};
use crate::connection::SqliteConn;
use crate::queries::statements;
use crate::row_set::{
    Answers, Changes, Groups, Ids, Keys, LinkUses, Links, MembershipChanges, MembershipKeys, Memberships, Names, Pairs,
    RowSet, Seqs, Sights, StandingEnds, StandingKeys, Standings, Usages, UserDays, Versions, With,
};
use crate::url::SqliteFile;

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The tables that a statement's plan scans completely, except for the set itself and for counts
/// with a limit.
fn reads_whole<S>(conn: &mut SqliteConn, rows: usize, statement: impl Into<Cow<'static, str>>) -> Vec<String>
where
    S: RowSet + QueryFragment<Sqlite>,
{
    let query = diesel::debug_query::<Sqlite, _>(&With::execute(S::zeros(rows), statement)).to_string();
    let (query, _binds) = query.split_once(" -- binds").unwrap();
    let plan = diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}")).load::<Step>(conn.diesel()).unwrap();
    let details = plan.into_iter().map(|step| step.detail);
    let tables = details.filter(|detail| detail.contains("SCAN") || detail.contains("AUTOMATIC"));
    tables
        .filter(|detail| {
            !["SCAN v", "SCAN w", "SCAN counted", "SCAN recent"].contains(&detail.as_str())
                && !detail.contains("CONSTANT ROW")
        })
        .collect()
}

fn connect(path: &str) -> SqliteConn {
    let file = SqliteFile { path: path.to_owned(), must_exist: false, old_path: None };
    open_writer(&Settings { file, busy: Duration::from_secs(5), pages_max: None }).unwrap()
}

#[test]
fn no_statement_on_a_set_reads_a_whole_table_with_any_statistics() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("groups.db").display().to_string();
    for (members, groups) in [(0, 0), (3, 2), (9_000, 50), (9_000, 9_000)] {
        let fill = format!(
            "DELETE FROM memberships; DELETE FROM standings; DELETE FROM links; DELETE FROM groups; DELETE FROM log; DELETE FROM names; DELETE FROM idempotency; DELETE FROM usage; \
             WITH RECURSIVE n (n) AS (SELECT 1 WHERE {groups} > 0 UNION ALL SELECT n + 1 FROM n WHERE n < {groups}) \
             INSERT INTO groups SELECT randomblob(16), '', '', randomblob(16), 1, 1, 0, 0, NULL, 1, 0, 0, 0, 0 FROM n; \
             WITH RECURSIVE n (n) AS (SELECT 1 WHERE {members} > 0 UNION ALL SELECT n + 1 FROM n WHERE n < {members}) \
             INSERT INTO memberships SELECT id, randomblob(16), 1, 1, 1, 0, NULL, NULL, 1 FROM n, (SELECT id FROM groups LIMIT 1); \
             INSERT INTO names (user_id, name, name_key) SELECT user_id, '', '' FROM memberships; \
             INSERT INTO log (group_id, version, actor_id, at, format, payload) SELECT id, 1, id, 0, 1, '' FROM groups; \
             INSERT INTO standings SELECT group_id, user_id, 1, 1, 1, user_id, '', 0, NULL, NULL, NULL FROM memberships; \
             INSERT INTO links SELECT user_id, group_id, 1, 1, user_id, 0, NULL, NULL, 0, 0 FROM memberships; \
             INSERT INTO idempotency SELECT user_id, 'k', x'00', 0, 1, '' FROM memberships; \
             INSERT INTO usage SELECT 1, user_id, 1, 1, 1 FROM memberships; ANALYZE;"
        );
        connect(&path).batch_execute(&fill).unwrap();
        let conn = &mut connect(&path);
        for rows in [1, 2, 100, 1_000] {
            let plans = [
                reads_whole::<Ids>(conn, rows, statements::GROUPS_OF_IDS),
                reads_whole::<MembershipKeys>(conn, rows, statements::MEMBERSHIP_FACTS),
                reads_whole::<Ids>(conn, rows, statements::open_memberships_of_users(10_000)),
                reads_whole::<Ids>(conn, rows, statements::END_MEMBERSHIPS_OF_DELETED_GROUPS),
                reads_whole::<Pairs>(conn, rows, statements::BLOCKS_OF_PAIRS),
                reads_whole::<Pairs>(conn, rows, statements::PAIRS_IN_ONE_GROUP),
                reads_whole::<Sights>(conn, rows, statements::ACQUAINTED),
                reads_whole::<Keys>(conn, rows, statements::ANSWERS_OF_KEYS),
                reads_whole::<Versions>(conn, rows, statements::CHANGES_OF_VERSIONS),
                reads_whole::<Seqs>(conn, rows, statements::CHANGES_OF_SEQS),
                reads_whole::<Groups>(conn, rows, statements::INSERT_GROUPS),
                reads_whole::<Groups>(conn, rows, statements::UPDATE_GROUPS),
                reads_whole::<MembershipChanges>(conn, rows, statements::UPDATE_MEMBERSHIPS),
                reads_whole::<Memberships>(conn, rows, statements::INSERT_MEMBERSHIPS),
                reads_whole::<StandingKeys>(conn, rows, statements::STANDINGS_OF_KEYS),
                reads_whole::<Ids>(conn, rows, statements::LINKS_OF_IDS),
                reads_whole::<Ids>(conn, rows, statements::LINKS_OF_GROUPS),
                reads_whole::<Standings>(conn, rows, statements::INSERT_STANDINGS),
                reads_whole::<StandingEnds>(conn, rows, statements::END_STANDINGS),
                reads_whole::<Links>(conn, rows, statements::INSERT_LINKS),
                reads_whole::<LinkUses>(conn, rows, statements::UPDATE_LINK_USES),
                reads_whole::<Ids>(conn, rows, statements::DELETE_LINKS),
                reads_whole::<Changes>(conn, rows, <SqliteConn as crate::connection::Connection>::INSERT_CHANGES),
                reads_whole::<Keys>(conn, rows, statements::DELETE_KEYS),
                reads_whole::<Answers>(conn, rows, statements::INSERT_ANSWERS),
                reads_whole::<UserDays>(conn, rows, statements::USAGE_OF_USER_DAYS),
                reads_whole::<Usages>(conn, rows, statements::ADD_USAGE),
                reads_whole::<Names>(conn, rows, statements::UPSERT_NAMES),
            ];
            assert!(plans.iter().all(Vec::is_empty), "{members} members, {groups} groups, {rows} rows: {plans:#?}");
        }
    }
}
