//! Many rows as one operand of a statement: multi-row `VALUES` on SQLite, `unnest` of arrays on
//! PostgreSQL.
//!
//! PostgreSQL then needs one prepared statement for any number of rows. SQLite has no arrays, so
//! the rows are padded with blank ones to a power of two: eleven prepared statements cover all
//! sizes. This matters because preparing a statement costs as much as running it.

use std::borrow::Cow;

use diesel::QueryResult;
#[cfg(feature = "postgres")]
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
#[cfg(feature = "postgres")]
use diesel::sql_types::Array;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, SmallInt, Text};
#[cfg(feature = "sqlite")]
use diesel::sqlite::Sqlite;

use crate::column::{Id, sql};

/// Maximum number of rows in a set. A power of two, so that padding never exceeds it. SQLite allows
/// 32,766 parameters per statement, and no set has more than fourteen columns. A statement prepared for
/// this many rows uses less than 1 MB.
pub(crate) const ROWS_MAX: usize = 1_024;

/// A set of rows with named columns.
pub(crate) trait RowSet: Default {
    type Row;
    /// The column names, as declared in the operand: `a, b, c`.
    const COLUMNS: &'static str;
    fn push(&mut self, row: Self::Row);
    fn len(&self) -> usize;

    /// So many rows of zeros and empty texts.
    #[cfg(all(test, feature = "sqlite"))]
    fn zeros(rows: usize) -> Self;

    /// All rows in one set, however many; `None` if there are none.
    #[cfg(feature = "postgres")]
    fn whole(rows: impl IntoIterator<Item = Self::Row>) -> Option<Self> {
        let mut whole = Self::default();
        rows.into_iter().for_each(|row| whole.push(row));
        (whole.len() > 0).then_some(whole)
    }

    /// Adds the rows of another set.
    #[cfg(feature = "postgres")]
    fn append(&mut self, other: Self);

    /// All rows, in order, in sets of at most [`ROWS_MAX`].
    fn chunks(rows: impl IntoIterator<Item = Self::Row>) -> Vec<Self> {
        let mut chunks: Vec<Self> = Vec::new();
        for row in rows {
            match chunks.last_mut() {
                Some(chunk) if chunk.len() < ROWS_MAX => chunk.push(row),
                _ => {
                    let mut chunk = Self::default();
                    chunk.push(row);
                    chunks.push(chunk);
                }
            }
        }
        chunks
    }
}

/// `WITH v (columns) AS (rows) statement`: the statement refers to the rows as `v`.
#[derive(Debug)]
pub(crate) struct With<S, T = ()> {
    rows: S,
    statement: Cow<'static, str>,
    result: std::marker::PhantomData<T>,
}

impl<S: RowSet> With<S> {
    /// A statement that returns no rows.
    pub(crate) fn execute(rows: S, statement: impl Into<Cow<'static, str>>) -> Self {
        Self { rows, statement: statement.into(), result: std::marker::PhantomData }
    }
}

impl<S: RowSet, T> With<S, T> {
    /// A statement that returns rows of the SQL type `T`.
    pub(crate) fn select(rows: S, statement: impl Into<Cow<'static, str>>) -> Self {
        Self { rows, statement: statement.into(), result: std::marker::PhantomData }
    }
}

impl<S, T: 'static> QueryId for With<S, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<S, T, Conn> diesel::RunQueryDsl<Conn> for With<S, T> {}

impl<S, T> Query for With<S, T>
where
    Self: QueryId,
{
    type SqlType = T;
}

#[cfg(feature = "sqlite")]
impl<S: RowSet + QueryFragment<Sqlite>, T> QueryFragment<Sqlite> for With<S, T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("WITH w (");
        out.push_sql(S::COLUMNS);
        out.push_sql(") AS (");
        self.rows.walk_ast(out.reborrow())?;
        // The first column of a blank row is null.
        out.push_sql("), v AS (SELECT * FROM w WHERE ");
        out.push_sql(S::COLUMNS.split(',').next().unwrap_or_default());
        out.push_sql(" IS NOT NULL) ");
        out.push_sql(&self.statement);
        Ok(())
    }
}

#[cfg(feature = "postgres")]
impl<S: RowSet + QueryFragment<Pg>, T> QueryFragment<Pg> for With<S, T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH v (");
        out.push_sql(S::COLUMNS);
        out.push_sql(") AS (");
        self.rows.walk_ast(out.reborrow())?;
        out.push_sql(") ");
        out.push_sql(&self.statement);
        Ok(())
    }
}

/// The values of a column.
#[derive(Debug, Default)]
struct Column<T> {
    values: Vec<T>,
    /// The value of blank rows.
    #[cfg(feature = "sqlite")]
    blank: T,
}

macro_rules! row_set {
    ($(#[$doc:meta])* $set:ident { $first:ident: $first_sql:ty = $first_rust:ty $(, $column:ident: $sql:ty = $rust:ty)* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $set {
            $first: Vec<$first_rust>,
            $($column: Column<$rust>,)*
        }

        impl RowSet for $set {
            type Row = ($first_rust, $($rust,)*);
            const COLUMNS: &'static str = concat!(stringify!($first) $(, ", ", stringify!($column))*);

            fn push(&mut self, ($first, $($column,)*): Self::Row) {
                self.$first.push($first);
                $(self.$column.values.push($column);)*
            }

            fn len(&self) -> usize {
                self.$first.len()
            }

            #[cfg(all(test, feature = "sqlite"))]
            fn zeros(rows: usize) -> Self {
                let mut set = Self::default();
                for _ in 0..rows {
                    set.$first.push(Default::default());
                    $(set.$column.values.push(Default::default());)*
                }
                set
            }

            #[cfg(feature = "postgres")]
            fn append(&mut self, other: Self) {
                self.$first.extend(other.$first);
                $(self.$column.values.extend(other.$column.values);)*
            }
        }

        #[cfg(feature = "sqlite")]
        impl QueryFragment<Sqlite> for $set {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                for row in 0..self.len().next_power_of_two() {
                    out.push_sql(if row == 0 { "VALUES (" } else { ", (" });
                    match self.$first.get(row) {
                        Some(value) => out.push_bind_param::<$first_sql, _>(value)?,
                        None => out.push_bind_param::<Nullable<$first_sql>, Option<$first_rust>>(&None)?,
                    }
                    $(
                        out.push_sql(", ");
                        let $column = &self.$column;
                        out.push_bind_param::<$sql, _>($column.values.get(row).unwrap_or(&$column.blank))?;
                    )*
                    out.push_sql(")");
                }
                Ok(())
            }
        }

        #[cfg(feature = "postgres")]
        impl QueryFragment<Pg> for $set {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                out.push_sql("SELECT * FROM unnest(");
                out.push_bind_param::<Array<$first_sql>, _>(&self.$first)?;
                $(
                    out.push_sql(", ");
                    out.push_bind_param::<Array<$sql>, _>(&self.$column.values)?;
                )*
                out.push_sql(")");
                Ok(())
            }
        }
    };
}

row_set! {
    /// Groups by id.
    Ids { id: sql::Id = Id }
}
row_set! {
    /// Pairs of users.
    Pairs { one: sql::Id = Id, other: sql::Id = Id }
}
#[cfg(all(feature = "sqlite", feature = "postgres"))]
row_set! {
    /// Blocks.
    Blocks { user_id: sql::Id = Id, blocked_id: sql::Id = Id, at: BigInt = i64 }
}
row_set! {
    /// A reader, and the search keys of names from one to before another.
    ReaderNames { reader_id: sql::Id = Id, first: Text = String, beyond: Text = String }
}
row_set! {
    /// Members of a group as a reader sees them.
    Sights { group_id: sql::Id = Id, reader_id: sql::Id = Id, user_id: sql::Id = Id }
}
row_set! {
    /// A user in a group, and whether the user's name is requested.
    MembershipKeys { group_id: sql::Id = Id, user_id: sql::Id = Id, named: Bool = bool }
}
row_set! {
    /// Idempotency keys with their actors.
    Keys { actor_id: sql::Id = Id, key: Text = String }
}
row_set! {
    /// Changes by group and version.
    Versions { group_id: sql::Id = Id, version: BigInt = i64 }
}
row_set! {
    /// Changes by their numbers in the log.
    Seqs { seq: BigInt = i64 }
}
row_set! {
    /// A range of group names from `start` to `end`, as the search index has them. `rows_max` rows
    /// behind a name and an id are read.
    NameRanges {
        start: Text = String,
        end_before: Text = String,
        after_name: Text = String,
        after_id: sql::Id = Id,
        rows_max: BigInt = i64,
    }
}
row_set! {
    /// New values of groups.
    Groups {
        id: sql::Id = Id,
        name: Text = String,
        description: Text = String,
        owner_id: sql::Id = Id,
        member_count: BigInt = i64,
        version: BigInt = i64,
        created_at: BigInt = i64,
        updated_at: BigInt = i64,
        deleted_version: Nullable<BigInt> = Option<i64>,
        join_policy: SmallInt = i16,
        invitations: BigInt = i64,
        join_requests: BigInt = i64,
        bans: BigInt = i64,
        links: BigInt = i64,
    }
}
row_set! {
    /// A user who may have a standing in a group.
    StandingKeys { group_id: sql::Id = Id, user_id: sql::Id = Id }
}
row_set! {
    /// New standings.
    Standings {
        group_id: sql::Id = Id,
        user_id: sql::Id = Id,
        since_version: BigInt = i64,
        kind: SmallInt = i16,
        role: SmallInt = i16,
        actor_id: sql::Id = Id,
        note: Text = String,
        at: BigInt = i64,
        expires_at: Nullable<BigInt> = Option<i64>,
        ended_version: Nullable<BigInt> = Option<i64>,
        ended_at: Nullable<BigInt> = Option<i64>,
    }
}
row_set! {
    /// Ends of standings.
    StandingEnds {
        group_id: sql::Id = Id,
        user_id: sql::Id = Id,
        since_version: BigInt = i64,
        ended_version: BigInt = i64,
        ended_at: BigInt = i64,
    }
}
row_set! {
    /// New links.
    Links {
        id: sql::Id = Id,
        group_id: sql::Id = Id,
        created_version: BigInt = i64,
        role: SmallInt = i16,
        created_by: sql::Id = Id,
        at: BigInt = i64,
        expires_at: Nullable<BigInt> = Option<i64>,
        uses_max: Nullable<BigInt> = Option<i64>,
        uses: BigInt = i64,
        approval: Bool = bool,
    }
}
row_set! {
    /// Uses of links.
    LinkUses { id: sql::Id = Id, uses: BigInt = i64 }
}
row_set! {
    /// New memberships.
    Memberships {
        group_id: sql::Id = Id,
        user_id: sql::Id = Id,
        joined_version: BigInt = i64,
        ordinal: BigInt = i64,
        role: SmallInt = i16,
        joined_at: BigInt = i64,
        left_version: Nullable<BigInt> = Option<i64>,
        left_at: Nullable<BigInt> = Option<i64>,
        acted: Bool = bool,
    }
}
row_set! {
    /// Changes to existing memberships.
    MembershipChanges {
        group_id: sql::Id = Id,
        user_id: sql::Id = Id,
        joined_version: BigInt = i64,
        role: SmallInt = i16,
        left_version: Nullable<BigInt> = Option<i64>,
        left_at: Nullable<BigInt> = Option<i64>,
        acted: Bool = bool,
    }
}
row_set! {
    /// Changes for the log.
    Changes {
        group_id: sql::Id = Id,
        version: BigInt = i64,
        actor_id: sql::Id = Id,
        at: BigInt = i64,
        format: SmallInt = i16,
        payload: Text = String,
    }
}
row_set! {
    /// Pairs of user and day.
    UserDays { user_id: sql::Id = Id, day: BigInt = i64 }
}
row_set! {
    /// Amounts to add to the usage, by user and day.
    Usages {
        user_id: sql::Id = Id,
        day: BigInt = i64,
        groups_created: BigInt = i64,
        rows_written: BigInt = i64,
        bytes_written: BigInt = i64,
    }
}
row_set! {
    /// Display names.
    Names { user_id: sql::Id = Id, name: Text = String, name_key: Text = String, issued_at: BigInt = i64 }
}
row_set! {
    /// Answers to store with their idempotency keys.
    Answers {
        actor_id: sql::Id = Id,
        key: Text = String,
        fingerprint: Binary = Vec<u8>,
        created_at: BigInt = i64,
        format: SmallInt = i16,
        answer: Text = String,
    }
}
