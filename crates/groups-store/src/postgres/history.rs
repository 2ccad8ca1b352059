//! Detects when the history of the database is replaced under running servers.
//!
//! A standby that takes over may lack the last changes of the primary, and a database may be
//! restored to an earlier state. Earlier positions and transaction ids are then invalid. So each
//! new connection is checked.

use std::sync::{Mutex, PoisonError};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::FutureExt;
use uuid::Uuid;

use super::connection::{ConnectError, Connection, with_causes};
use super::statement::Prepared;
use super::transaction::{Failed, Purpose, read_alone, transact};
use crate::column::sql;
use crate::connection::PostgresConn;
use crate::queries::maintenance;
use crate::query_error::QueryError;
use crate::row::LogRow;
use crate::schema::meta;

/// The key in `meta` for the database's home: its cluster, timeline and database.
const HOME: &str = "home";

/// A server's knowledge of its database's history.
#[derive(Debug)]
pub(super) struct History {
    known: Mutex<Known>,
    /// Serializes the check of a changed history.
    settling: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug)]
struct Known {
    /// The database's id, which differs for each history.
    id: Uuid,
    home: String,
    /// Counts the histories that this server has seen.
    epoch: u64,
    /// A change that must be in the log until it is pruned.
    witness: Option<LogRow>,
}

impl History {
    pub(super) fn new(id: Uuid, home: String) -> Self {
        let known = Known { id, home, epoch: 0, witness: None };
        Self { known: Mutex::new(known), settling: tokio::sync::Mutex::default() }
    }

    pub(super) fn id(&self) -> Uuid {
        self.known(|known| known.id)
    }

    pub(super) fn epoch(&self) -> u64 {
        self.known(|known| known.epoch)
    }

    /// The database's id, and the number of its history.
    pub(super) fn id_and_epoch(&self) -> (Uuid, u64) {
        self.known(|known| (known.id, known.epoch))
    }

    /// Records a change that was delivered, in the history with this number.
    pub(super) fn told(&self, epoch: u64, row: &LogRow) {
        self.known(|known| {
            if known.epoch == epoch {
                known.witness = Some(LogRow { payload: String::new(), ..row.clone() });
            }
        });
    }

    fn known<T>(&self, with: impl FnOnce(&mut Known) -> T) -> T {
        with(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a connection leads to this history.
    pub(super) async fn is_of(&self, conn: &mut Connection) -> Result<bool, ConnectError> {
        let known = self.known(|known| known.clone());
        Ok(find(conn, known.witness.as_ref()).await?.is(&known))
    }

    /// Checks a new connection and returns the number of its history. The number changes if the
    /// history was replaced.
    pub(super) async fn check(&self, conn: &mut Connection) -> Result<u64, ConnectError> {
        let known = self.known(|known| known.clone());
        let found = find(conn, known.witness.as_ref()).await?;
        if found.is(&known) {
            return Ok(known.epoch);
        }
        let _one = self.settling.lock().await;
        let known = self.known(|known| known.clone());
        let found = find(conn, known.witness.as_ref()).await?;
        if found.is(&known) {
            return Ok(known.epoch);
        }
        let (home, id) = (found.home.clone(), known.id);
        let lost = (!found.has_witness).then_some(id);
        let settled = transact(conn, Purpose::Write, move |conn| {
            async move { settle(conn, &home, lost, Uuid::new_v4()).await }.boxed()
        });
        let id = settled.await.map_err(|error| {
            ConnectError::Refused(match error {
                Failed::Before(failure) => failure.into_error().to_string(),
                Failed::During(_, detail) => detail,
            })
        })?;
        let epoch = known.epoch + 1;
        tracing::warn!(%id, "the database was replaced or restored to an earlier state: clients have to read their lists again");
        self.known(|known| *known = Known { id, home: found.home, epoch, witness: None });
        Ok(epoch)
    }
}

/// What a new connection is connected to.
struct Found {
    id: String,
    home: String,
    has_witness: bool,
}

impl Found {
    fn is(&self, known: &Known) -> bool {
        self.has_witness && self.home == known.home && self.id == known.id.to_string()
    }
}

async fn find(conn: &mut Connection, witness: Option<&LogRow>) -> Result<Found, ConnectError> {
    let home = home(conn).await?;
    let witness = witness.cloned();
    let found = read_alone(conn, move |conn| async move { Ok(look(conn, witness.as_ref()).await?) }.boxed());
    let (id, has_witness) = found.await.map_err(|failure| ConnectError::Refused(failure.into_error().to_string()))?;
    Ok(Found { id, home, has_witness })
}

/// The id of the database, and whether its log has the witness.
async fn look(conn: &mut PostgresConn, witness: Option<&LogRow>) -> QueryResult<(String, bool)> {
    let Some(witness) = witness else {
        let id = "SELECT coalesce((SELECT value FROM meta WHERE name = 'store_id'), ''), true";
        return RunQueryDsl::get_result(Prepared::<_, (Text, Bool)>::new(id), conn).await;
    };
    // A missing row that may have been pruned proves nothing.
    let found = Prepared::<_, (Text, Bool)>::new(
        "SELECT coalesce((SELECT value FROM meta WHERE name = 'store_id'), ''), \
         EXISTS (SELECT FROM log WHERE seq = $1 AND group_id = $2 AND version = $3 AND actor_id = $4 AND at = $5) \
         OR EXISTS (SELECT FROM meta WHERE name = 'log_floor' AND value > $6)",
    );
    let found = found
        .bind::<BigInt, _>(witness.seq)
        .bind::<sql::Id, _>(witness.group_id)
        .bind::<BigInt, _>(witness.version)
        .bind::<sql::Id, _>(witness.actor_id)
        .bind::<BigInt, _>(witness.at)
        .bind::<Text, _>(format!("{:020}", witness.commit_id.0));
    RunQueryDsl::get_result(found, conn).await
}

/// Identifies the cluster, its timeline and the database. If the role may not read the cluster's
/// id, the rest is used.
///
/// Transaction ids are valid only there, and not after a restore into another cluster or to an
/// earlier point in time. The timeline is the one being written: on a standby that has just taken
/// over, the last checkpoint may still name the old one.
pub(super) async fn home(conn: &mut Connection) -> Result<String, ConnectError> {
    let place = "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint || '/' || \
                 (SELECT oid FROM pg_database WHERE datname = current_database())";
    let cluster = format!("(SELECT system_identifier FROM pg_control_system()) || '/' || {place}");
    let expressions = [cluster.as_str(), &format!("'?/' || {place}"), "'?'"];
    let mut denied = String::new();
    for expression in expressions {
        conn.wire().forget_error();
        match text(conn.conn(), expression).await {
            Ok(home) => return Ok(home),
            Err(error) if conn.wire().last_error() == Some(*b"42501") => denied = error.to_string(),
            Err(error) => return Err(ConnectError::Refused(with_causes(&error))),
        }
    }
    Err(ConnectError::Refused(denied))
}

/// Stores the home of the database and returns its id. If the database has moved, or is `lost`,
/// earlier positions are invalid: it gets a new id.
///
/// Servers do this one after the other, so that all get the same id.
pub(super) async fn settle(
    conn: &mut PostgresConn,
    home: &str,
    lost: Option<Uuid>,
    proposal: Uuid,
) -> Result<Uuid, QueryError> {
    maintenance::store_id(conn, proposal).await?;
    diesel::insert_into(meta::table)
        .values((meta::name.eq(HOME), meta::value.eq(home)))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let stored: String = meta::table.find(HOME).select(meta::value).for_update().first(conn).await?;
    // Another server may have come first.
    let id = maintenance::store_id(conn, proposal).await?;
    if stored == home && lost != Some(id) {
        return Ok(id);
    }
    tracing::warn!("the database has moved to another cluster or point in time: clients will get their lists again");
    for (name, value) in [(HOME, home), ("store_id", &proposal.to_string()), ("log_floor", &"0".repeat(20))] {
        diesel::update(meta::table.find(name)).set(meta::value.eq(value)).execute(conn).await?;
    }
    // Rows with a transaction id from the future would never become visible to log readers.
    conn.batch_execute(
        "UPDATE log SET commit_id = pg_current_xact_id() WHERE commit_id >= pg_snapshot_xmax(pg_current_snapshot())",
    )
    .await?;
    Ok(proposal)
}

/// The value of an expression, as text.
pub(super) async fn text(conn: &mut PostgresConn, expression: &str) -> QueryResult<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        value: String,
    }
    let row: Row = diesel::sql_query(format!("SELECT ({expression})::text AS value")).get_result(conn).await?;
    Ok(row.value)
}
