//! Statements that are sent together. The server executes them in the order in which their futures are
//! first polled.

use diesel_async::RunQueryDsl;
use diesel_async::methods::LoadQuery;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::connection::PostgresConn;
use crate::query_error::{QueryError, reading};

/// All rows of a query.
pub(super) fn load<'c, T, Q>(
    mut conn: &'c PostgresConn,
    query: Q,
    table: &'static str,
) -> BoxFuture<'c, Result<Vec<T>, QueryError>>
where
    T: Send + 'static,
    Q: LoadQuery<'static, &'c PostgresConn, T> + Send + 'static,
{
    async move { query.load(&mut conn).await.map_err(reading(table)) }.boxed()
}

/// The same of a query that may not be needed.
pub(super) fn load_any<'c, T, Q>(
    conn: &'c PostgresConn,
    query: Option<Q>,
    table: &'static str,
) -> BoxFuture<'c, Result<Vec<T>, QueryError>>
where
    T: Send + 'static,
    Q: LoadQuery<'static, &'c PostgresConn, T> + Send + 'static,
{
    match query {
        Some(query) => load(conn, query, table),
        None => std::future::ready(Ok(Vec::new())).boxed(),
    }
}
