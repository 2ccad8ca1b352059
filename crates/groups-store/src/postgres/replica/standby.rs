//! Connections to a standby.

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use diesel::sql_types::{BigInt, Bool};
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;

use super::super::connection::{ConnectError, Connection, Settings, connect, with_causes};
use super::super::failure::Failure;
use super::super::history::text;
use super::super::statement::Prepared;
use super::super::transaction::read_alone;

/// Creates connections to a standby.
pub(super) struct StandbyConnector {
    pub(super) settings: Settings,
}

/// A connection to a standby, always the same one.
pub(super) struct Standby {
    pub(super) conn: Connection,
    /// How far it had replayed at the last look. It never goes back while the connection lives.
    replayed: i64,
}

impl Manager for StandbyConnector {
    type Type = Standby;
    type Error = ConnectError;

    async fn create(&self) -> Result<Standby, ConnectError> {
        let mut conn = connect(&self.settings).await?;
        let process = text(conn.conn(), "pg_backend_pid()").await;
        let process = process.map_err(|error| ConnectError::Refused(with_causes(&error)))?;
        // A pooler could ask one standby how far it is, and let another one read.
        if conn.wire().process().is_some_and(|announced| announced.to_string() != process) {
            let detail = format!("{} is a connection pooler, not the standby itself", self.settings.database);
            return Err(ConnectError::Refused(detail));
        }
        Ok(Standby { conn, replayed: i64::MIN })
    }

    async fn recycle(&self, standby: &mut Standby, _: &Metrics) -> RecycleResult<ConnectError> {
        if standby.conn.is_clean() { Ok(()) } else { Err(RecycleError::message("it cannot be used again")) }
    }
}

impl Standby {
    /// Whether everything that was committed before this position of the write-ahead log is visible
    /// to transactions that begin from now on.
    pub(super) async fn has_replayed(&mut self, wal: i64) -> Result<bool, Failure> {
        if self.replayed >= wal {
            return Ok(true);
        }
        let (is_standby, replayed): (bool, i64) = read_alone(&mut self.conn, |conn| {
            let statement = Prepared::<_, (Bool, BigInt)>::new(
                "SELECT pg_is_in_recovery(), coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint, 0)",
            );
            async move { Ok(RunQueryDsl::get_result(statement, conn).await?) }.boxed()
        })
        .await?;
        if !is_standby {
            return Err(Failure::Lost("the replica is no longer a standby".to_owned()));
        }
        self.replayed = replayed;
        Ok(replayed >= wal)
    }
}
