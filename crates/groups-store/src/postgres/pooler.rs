//! Finds out whether a connection pooler, such as PgBouncer, is between this program and PostgreSQL,
//! and whether it may execute each transaction on another connection.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection;

use super::connection::{ConnectError, Connection, Settings, connect_patiently, with_causes};
use super::history::text;

/// How often two connections are compared.
const TRIES: u32 = 5;

/// How long the pooler may take to find a free connection. A pooler in transaction mode with a single
/// one has none while the other client is in a transaction.
const FREE_MAX: Duration = Duration::from_secs(5);

/// What a URL leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// To PostgreSQL, or to a pooler that gives each client a connection of its own.
    Direct,
    /// To a pooler that may execute each transaction on another connection.
    Pooled,
}

/// Finds out what the URL leads to. `assume_pooled`: a pooler counts as [`Route::Pooled`] in any
/// mode.
pub(super) async fn route(settings: &Settings, assume_pooled: bool) -> Result<Route, ConnectError> {
    // This works on any route.
    let careful = settings.pooled();
    let mut one = connect_patiently(&careful).await?;
    let process = process_of(&mut one).await?;
    if one.wire().process().is_none_or(|announced| announced.to_string() == process) {
        return Ok(Route::Direct);
    }
    if assume_pooled {
        return Ok(Route::Pooled);
    }
    // In session mode the first client keeps its connection, so that the second gets another one.
    let Ok(mut two) = connect_patiently(&careful).await else { return Ok(Route::Direct) };
    for _ in 0..TRIES {
        two.conn().batch_execute("BEGIN; SELECT 1").await.map_err(|error| failed(&error))?;
        let now = tokio::time::timeout(FREE_MAX, process_of(&mut one)).await;
        if !matches!(now, Ok(Ok(now)) if now == process) {
            return Ok(Route::Pooled);
        }
        two.conn().batch_execute("ROLLBACK").await.map_err(|error| failed(&error))?;
    }
    Ok(Route::Direct)
}

async fn process_of(conn: &mut Connection) -> Result<String, ConnectError> {
    text(conn.conn(), "pg_backend_pid()").await.map_err(|error| failed(&error))
}

fn failed(error: &dyn std::error::Error) -> ConnectError {
    ConnectError::Refused(with_causes(error))
}
