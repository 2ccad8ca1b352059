//! The seam between the queries and the databases: all that a backend has to provide.
//!
//! [`queries`](crate::queries) are generic over [`Connection`] and name no database. A query text
//! is built once, and the compiler checks it against every database that is compiled in
//! ([`Statement`], [`Rows`]).

#[cfg(feature = "sqlite")]
mod in_place;

use diesel::QueryResult;
use diesel::dsl::Limit;
use diesel::query_dsl::methods::LimitDsl;
#[cfg(feature = "postgres")]
use diesel_async::AsyncPgConnection;
use futures_util::future::BoxFuture;
use groups_domain::{Change, UserId};

use crate::Position;
use crate::column::Id;
use crate::open_row::OpenRow;
use crate::opening_rows::{OpeningRows, ResumeRows, ResumeWanted};
use crate::position::{CommitOrder, Seen};
use crate::query_error::QueryError;
use crate::row::GroupRow;

#[cfg(feature = "sqlite")]
pub(crate) use self::in_place::{SqliteConn, in_place, not_in_place};

/// A connection to PostgreSQL.
#[cfg(feature = "postgres")]
pub(crate) type PostgresConn = AsyncPgConnection;

/// A connection with an open transaction.
pub(crate) trait Connection: Send {
    /// An application's function for this database, as in [`Hook`](crate::Hook).
    type Hook: Send + Sync;

    /// Whether changes become visible in the order of the log.
    const COMMIT_ORDER: CommitOrder;

    /// Inserts a set of changes and returns
    /// [`InsertedSql`](crate::queries::statements::InsertedSql) for each. The previous commit may be
    /// null if commits become visible in order.
    const INSERT_CHANGES: &str;

    /// The groups of one [`NameRanges`](crate::row_set::NameRanges) as
    /// [`GroupSql`](crate::queries::statements::GroupSql), in the order of the search index.
    const GROUPS_OF_NAME_RANGE: &str;

    /// The same of the groups that outsiders can find.
    const DIRECTORY_OF_NAME_RANGE: &str;

    /// Runs a query and returns all rows.
    fn load<'a, T: Send + 'static, Q: Rows<'a, T>>(&'a mut self, query: Q) -> BoxFuture<'a, QueryResult<Vec<T>>>;

    /// Runs a query and returns its first row, or [`NotFound`](diesel::NotFound).
    fn get_result<'a, T: Send + 'static, Q: Rows<'a, T>>(&'a mut self, query: Q) -> BoxFuture<'a, QueryResult<T>>;

    /// Runs a statement and returns the number of rows that it changed.
    fn execute<'a, Q: Statement + 'a>(&'a mut self, statement: Q) -> BoxFuture<'a, QueryResult<usize>>;

    /// The groups with these ids, which no other transaction changes until this one ends.
    fn lock_groups(&mut self, ids: Vec<Id>) -> impl Future<Output = Result<Vec<GroupRow>, QueryError>> + Send;

    /// The groups with these ids, for a reader.
    fn read_groups(&mut self, ids: Vec<Id>) -> impl Future<Output = Result<Vec<GroupRow>, QueryError>> + Send;

    /// Makes other transactions that lock one of these users wait until this one ends. Returns
    /// whether the users must be read again, because others may have written while this one waited.
    fn lock_users(&mut self, users: &[Id]) -> impl Future<Output = Result<bool, QueryError>> + Send;

    /// Announces statements whose best plan depends on the data.
    fn plan_each_time(&mut self) -> impl Future<Output = Result<(), QueryError>> + Send;

    /// The sequence numbers of the changes within a user's intervals after a position, unordered.
    fn missed_seqs(
        &mut self,
        user: UserId,
        from: &Position,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<i64>, QueryError>> + Send;

    /// The memberships, invitations and requests to join of these users that have not ended, at most so
    /// many of each.
    fn open_memberships(
        &mut self,
        users: Vec<Id>,
        per_user_max: i64,
    ) -> impl Future<Output = Result<Vec<OpenRow>, QueryError>> + Send;

    /// What every opening reads. `at`: a known read point, at which the transaction shows the same of this
    /// user. A database behind a network takes one round trip.
    fn opening_rows(
        &mut self,
        user: UserId,
        at: Option<Seen>,
    ) -> impl Future<Output = Result<OpeningRows, QueryError>> + Send;

    /// What clients need that resume together. `at`: as for [`opening_rows`](Self::opening_rows). A
    /// database behind a network takes one round trip.
    fn resume_rows(
        &mut self,
        wanted: &ResumeWanted,
        at: Option<Seen>,
    ) -> impl Future<Output = Result<ResumeRows, QueryError>> + Send;

    /// What the transaction sees.
    fn read_point(&mut self) -> impl Future<Output = Result<Seen, QueryError>> + Send;

    /// Fails if the database cannot be written.
    fn check_writable(&mut self) -> impl Future<Output = Result<(), QueryError>> + Send;

    /// Runs a hook. Fails if the hook left a transaction that cannot be committed.
    fn run_hook(&mut self, hook: &Self::Hook, change: &Change) -> impl Future<Output = Result<(), QueryError>> + Send;
}

/// Runs a query on any [`Connection`], with the methods of Diesel's trait of this name.
pub(crate) trait RunQueryDsl: Sized {
    /// All rows.
    fn load<'a, T: Send + 'static>(self, conn: &'a mut impl Connection) -> BoxFuture<'a, QueryResult<Vec<T>>>
    where
        Self: Rows<'a, T>,
    {
        conn.load(self)
    }

    /// The only row, or [`NotFound`](diesel::NotFound).
    fn get_result<'a, T: Send + 'static>(self, conn: &'a mut impl Connection) -> BoxFuture<'a, QueryResult<T>>
    where
        Self: Rows<'a, T>,
    {
        conn.get_result(self)
    }

    /// The first of many rows, or [`NotFound`](diesel::NotFound).
    fn first<'a, T: Send + 'static>(self, conn: &'a mut impl Connection) -> BoxFuture<'a, QueryResult<T>>
    where
        Self: LimitDsl,
        Limit<Self>: Rows<'a, T>,
    {
        conn.get_result(self.limit(1))
    }

    /// The number of rows that a statement changed.
    fn execute<'a>(self, conn: &'a mut impl Connection) -> BoxFuture<'a, QueryResult<usize>>
    where
        Self: Statement + 'a,
    {
        conn.execute(self)
    }
}

impl<Q> RunQueryDsl for Q {}

/// Declares the traits of queries, for the databases that are compiled in.
macro_rules! query_traits {
    ($(sqlite: $sqlite:ty,)? $(postgres: $postgres:ty,)?) => {
        /// A statement that runs on every database that is compiled in.
        pub(crate) trait Statement:
            Send $(+ diesel::query_dsl::methods::ExecuteDsl<$sqlite>)? $(+ diesel_async::methods::ExecuteDsl<$postgres>)?
        {
        }

        impl<Q> Statement for Q where
            Q: Send
                $(+ diesel::query_dsl::methods::ExecuteDsl<$sqlite>)?
                $(+ diesel_async::methods::ExecuteDsl<$postgres>)?
        {
        }

        /// A query that returns rows of the type `T` on every database that is compiled in.
        pub(crate) trait Rows<'query, T>:
            Send
            $(+ diesel::query_dsl::LoadQuery<'query, $sqlite, T>)?
            $(+ diesel_async::methods::LoadQuery<'query, $postgres, T>)?
            + 'query
        {
        }

        impl<'query, T, Q> Rows<'query, T> for Q where
            Q: Send
                $(+ diesel::query_dsl::LoadQuery<'query, $sqlite, T>)?
                $(+ diesel_async::methods::LoadQuery<'query, $postgres, T>)?
                + 'query
        {
        }
    };
}

#[cfg(all(feature = "sqlite", feature = "postgres"))]
query_traits!(sqlite: diesel::SqliteConnection, postgres: PostgresConn,);
#[cfg(all(feature = "sqlite", not(feature = "postgres")))]
query_traits!(sqlite: diesel::SqliteConnection,);
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
query_traits!(postgres: PostgresConn,);
