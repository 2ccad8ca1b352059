//! Several sets of rows written by one statement. It fails if any of them was not written completely,
//! so that it can be sent together with the COMMIT behind it.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error;
use diesel::sql_types::{BigInt, Integer, Nullable};
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::StoreError;
use crate::column::{CommitId, Id, sql};
use crate::connection::PostgresConn;
use crate::query_error::QueryError;
use crate::row_set::RowSet;

/// The start of the error text of an incomplete write. The table and the number of written rows
/// follow.
const INCOMPLETE: &str = "groups-incomplete:";

/// The tables that are written.
const TABLES: [&str; 7] = ["groups", "memberships", "standings", "links", "log", "idempotency", "usage"];

/// The rows of one part of a statement.
type Rows = Box<dyn QueryFragment<Pg> + Send + Sync>;

/// A set of rows, and the statement that writes them.
pub(super) struct Part {
    table: &'static str,
    columns: &'static str,
    rows: Rows,
    count: i64,
    statement: &'static str,
}

impl Part {
    /// `statement` refers to the rows as `v`. `None` if there are no rows.
    pub(super) fn new<S>(table: &'static str, rows: Option<S>, statement: &'static str) -> Option<Self>
    where
        S: RowSet + QueryFragment<Pg> + Send + Sync + 'static,
    {
        let rows = rows?;
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        Some(Self { table, columns: S::COLUMNS, rows: Box::new(rows), count, statement })
    }
}

/// What a part returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Returns {
    /// The number of rows does not matter.
    Nothing,
    /// One row for each that it writes.
    Written,
    /// The same, as [`InsertedSql`](crate::queries::statements::InsertedSql).
    Log,
}

/// Parts that are written by one statement, in no particular order.
pub(super) struct Merged {
    /// The statement fails in any other transaction, for example if none is open.
    transaction: CommitId,
    parts: Vec<(Part, Returns)>,
}

/// A row of the log that was inserted: number, commit, group, version, and the commit of the group's
/// previous version.
pub(super) type InsertedRow = (i64, CommitId, Id, i64, Option<CommitId>);

/// Zero, and an [`InsertedRow`], if there is one.
type MergedSql =
    (Integer, Nullable<BigInt>, Nullable<sql::Commit>, Nullable<sql::Id>, Nullable<BigInt>, Nullable<sql::Commit>);

impl Merged {
    pub(super) fn new(transaction: CommitId) -> Self {
        Self { transaction, parts: Vec::new() }
    }

    /// `None` if it has no parts.
    pub(super) fn if_any(self) -> Option<Self> {
        (!self.parts.is_empty()).then_some(self)
    }

    /// Adds rows that must all be written.
    pub(super) fn write(&mut self, part: Option<Part>) {
        self.parts.extend(part.map(|part| (part, Returns::Written)));
    }

    /// Adds rows of the log; the statement returns them.
    pub(super) fn insert_log(&mut self, part: Option<Part>) {
        self.parts.extend(part.map(|part| (part, Returns::Log)));
    }

    /// Adds rows that may be gone already.
    pub(super) fn delete(&mut self, part: Option<Part>) {
        self.parts.extend(part.map(|part| (part, Returns::Nothing)));
    }

    pub(super) fn run(self, mut conn: &PostgresConn) -> BoxFuture<'_, Result<Vec<InsertedRow>, QueryError>> {
        let told: Vec<(&'static str, i64)> = self.parts.iter().map(|(part, _)| (part.table, part.count)).collect();
        type Row = (i32, Option<i64>, Option<CommitId>, Option<Id>, Option<i64>, Option<CommitId>);
        async move {
            let rows: Vec<Row> = RunQueryDsl::load(self, &mut conn).await.map_err(|error| incomplete(error, &told))?;
            let inserted = rows
                .into_iter()
                .filter_map(|(_, seq, commit, id, version, previous)| Some((seq?, commit?, id?, version?, previous)));
            Ok(inserted.collect())
        }
        .boxed()
    }
}

/// The database wrote fewer rows than it was told to, for example because of a trigger that somebody
/// added. Otherwise an acknowledged change would be missing.
fn incomplete(error: Error, told: &[(&'static str, i64)]) -> QueryError {
    let Error::DatabaseError(_, information) = &error else { return error.into() };
    let found = information.message().split_once(INCOMPLETE).and_then(|(_, found)| {
        let (table, done) = found.split_once(':')?;
        let table = TABLES.into_iter().find(|known| *known == table)?;
        let done: String = done.chars().take_while(char::is_ascii_digit).collect();
        let told: i64 = told.iter().filter(|(of, _)| *of == table).map(|(_, count)| count).sum();
        Some((table, told, done))
    });
    match found {
        Some((table, told, done)) => {
            let (id, detail) = (format!("of a change ({told} rows)"), format!("{done} of {told} rows were written"));
            StoreError::Corrupt { table, id, detail }.into()
        }
        None => error.into(),
    }
}

impl QueryFragment<Pg> for Merged {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut log = None;
        for (index, (part, returns)) in self.parts.iter().enumerate() {
            out.push_sql(if index == 0 { "WITH " } else { ", " });
            out.push_sql(&format!("w{index}"));
            if *returns == Returns::Log {
                out.push_sql(" (seq, commit_id, group_id, version, previous)");
                log = Some(index);
            }
            out.push_sql(" AS (WITH v (");
            out.push_sql(part.columns);
            out.push_sql(") AS (");
            part.rows.walk_ast(out.reborrow())?;
            out.push_sql(") ");
            out.push_sql(part.statement);
            // The statement for the log returns rows on its own.
            out.push_sql(if *returns == Returns::Log { ")" } else { " RETURNING 1)" });
        }
        // A cast that fails, with a text that says which table it is about.
        out.push_sql(" SELECT CASE WHEN pg_current_xact_id() <> ");
        out.push_bind_param::<sql::Commit, _>(&self.transaction)?;
        out.push_sql(" THEN ('the transaction is ' || pg_current_xact_id()::text)::integer");
        for (index, (part, returns)) in self.parts.iter().enumerate() {
            if *returns == Returns::Nothing {
                continue;
            }
            let count = format!("(SELECT count(*) FROM w{index})");
            out.push_sql(&format!(" WHEN {count} <> "));
            out.push_bind_param::<BigInt, _>(&part.count)?;
            out.push_sql(&format!(" THEN ('{INCOMPLETE}{}:' || {count})::integer", part.table));
        }
        out.push_sql(" ELSE 0 END, ");
        match log {
            Some(index) => out.push_sql(&format!("l.* FROM (VALUES (1)) AS one LEFT JOIN w{index} AS l ON true")),
            None => out.push_sql("NULL::bigint, NULL::xid8, NULL::uuid, NULL::bigint, NULL::xid8"),
        }
        Ok(())
    }
}

impl QueryId for Merged {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Merged {
    type SqlType = MergedSql;
}
