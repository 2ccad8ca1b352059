//! Copies a SQLite database into an empty PostgreSQL database.
//!
//! A reader thread reads everything in one transaction, in chunks; the writer writes the chunks in
//! one transaction of its own. So the copy is all or nothing.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::SimpleAsyncConnection;
use futures_util::FutureExt;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use uuid::Uuid;

use crate::column::{Id, sql as types};
use crate::connection::{Connection, PostgresConn, RunQueryDsl, SqliteConn};
use crate::inner::Backend;
use crate::position::Seen;
use crate::postgres::end_with_own_changes;
use crate::queries::statements;
use crate::query_error::{QueryError, reading};
use crate::read_class::ReadClass;
use crate::row::{GroupRow, JobRow, KeyRow, LinkRow, LogRow, MembershipRow, StandingRow, columns_of};
use crate::row_set::{Answers, Blocks, Changes, Groups, Links, Memberships, Names, RowSet, Standings, With};
use crate::schema::{
    blocks, groups, idempotency, jobs, links, log, memberships, names, revocations, sink_positions, standings, webhooks,
};
use crate::url::Target;
use crate::webhook_row::{WebhookRow, reason_number};
use crate::{OpenError, PauseReason, Position, Reason, Store, StoreError, StoreOptions};

/// Rows per chunk.
const PIECE_ROWS_MAX: i64 = 500;

/// Chunks buffered between the reader and the writer.
const PIECES_WAITING_MAX: usize = 4;

/// How many rows were copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// Groups, deleted ones included.
    pub groups: u64,
    /// Memberships, ended ones included.
    pub memberships: u64,
    /// Invitations, requests to join and bans, with those that have ended.
    pub standings: u64,
    /// Links.
    pub links: u64,
    /// Changes of the log.
    pub changes: u64,
    /// Idempotency keys.
    pub keys: u64,
    /// Display names.
    pub names: u64,
    /// Blocks, which stop a person from adding the user to groups.
    pub blocks: u64,
    /// Positions of durable consumers. They still refer to the old database, so the consumers
    /// notice that it was replaced.
    pub sink_positions: u64,
    /// Revocations of tokens.
    pub revocations: u64,
    /// Jobs. Unfinished ones continue in the new database.
    pub jobs: u64,
    /// Webhooks, without their attempts. Their positions do not exist in the new database: each
    /// continues after the copied log, and is paused if it had not got all of that
    /// ([`PauseReason::LogExpired`]).
    pub webhooks: u64,
}

/// Why nothing was copied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// Not a copy from SQLite to PostgreSQL.
    #[error("a copy goes from SQLite (sqlite://PATH) to PostgreSQL (postgres://…)")]
    Direction,
    /// The SQLite file does not exist.
    #[error("there is no database {path:?}")]
    Missing {
        /// The file.
        path: String,
    },
    /// The new database is not empty.
    #[error("the new database is not empty: it has rows in {table}")]
    NotEmpty {
        /// The first table that has rows.
        table: &'static str,
    },
    /// One of the databases cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// One of the databases failed during the copy. Nothing was copied, unless the reason is
    /// [`Reason::OutcomeUnknown`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Copies groups, memberships, the log, idempotency keys, names, blocks, sink positions, revocations, jobs
/// and webhooks in one transaction.
///
/// Both databases are migrated first. The old one is locked during the copy; if a server has it
/// open, the copy fails with [`OpenError::InUse`]. Cursors become invalid: the new database has its
/// own id, so it rejects cursors of the old one, and clients load their lists again.
///
/// # Errors
/// [`CopyError`]; the new database then stays unchanged, except for applied migrations.
pub async fn copy(from: StoreOptions, to: StoreOptions) -> Result<Copied, CopyError> {
    match (Target::parse(&from.url)?, Target::parse(&to.url)?) {
        (Target::Sqlite(file), Target::Postgres { .. }) if !std::path::Path::new(&file.path).exists() => {
            return Err(CopyError::Missing { path: file.path });
        }
        (Target::Sqlite(_), Target::Postgres { .. }) => {}
        _ => return Err(CopyError::Direction),
    }
    let (old, new) = (Store::open(from).await?, Store::open(to).await?);
    let copied = match (&old.inner.backend, &new.inner.backend) {
        (Backend::Sqlite(old), Backend::Postgres(new)) => {
            let (old_id, new_id) = (old.id(), new.id());
            let (sender, pieces) = channel(PIECES_WAITING_MAX);
            let reading =
                old.read(ReadClass::Request, async move |conn: &mut SqliteConn| read_all(conn, old_id, &sender).await);
            let writing = new.write_once(move |conn| write_all(conn, new_id, pieces).boxed());
            let (read, written) = tokio::join!(reading, writing);
            // If the writer ended early, the reader failed as a result, so the writer's error
            // counts.
            match written {
                Err(StoreError::Unavailable(Reason::Closed)) => {
                    read.map_err(CopyError::from).and(Err(StoreError::Unavailable(Reason::Closed).into()))
                }
                Err(error) => Err(error.into()),
                Ok(copied) => copied,
            }
        }
        _ => Err(CopyError::Direction),
    };
    old.close().await;
    new.close().await;
    copied
}

/// A chunk of rows of one table, in read order.
enum Piece {
    Groups(Vec<GroupRow>),
    Memberships(Vec<MembershipRow>),
    Standings(Vec<StandingRow>),
    Links(Vec<LinkRow>),
    Changes(Vec<LogRow>),
    Keys(Vec<KeyRow>),
    Names(Vec<NameRow>),
    Blocks(Vec<BlockRow>),
    SinkPositions(Vec<SinkRow>),
    Revocations(Vec<RevocationRow>),
    Jobs(Vec<JobRow>),
    /// Those that had got everything are not paused.
    Webhooks(Vec<WebhookRow>),
    /// Everything was read.
    End,
}

type NameRow = (Id, String, String, i64);

type BlockRow = (Id, Id, i64);

type SinkRow = (String, String, i64);

type RevocationRow = (Id, i64, i64, i64);

/// Sends a chunk, blocking the reader's own thread until there is room. Fails if the writer has
/// ended.
fn hand_over(pieces: &Sender<Piece>, piece: Piece) -> Result<(), QueryError> {
    pieces.blocking_send(piece).map_err(|_| StoreError::Unavailable(Reason::Closed).into())
}

async fn read_all(conn: &mut SqliteConn, store: Uuid, pieces: &Sender<Piece>) -> Result<(), QueryError> {
    let nil = Id(Uuid::nil());
    let mut after = None;
    loop {
        let query = groups::table.order(groups::id).limit(PIECE_ROWS_MAX).select(columns_of::<GroupRow>());
        let rows: Vec<GroupRow> = match after {
            None => query.load(conn).await,
            Some(id) => query.filter(groups::id.gt(id)).load(conn).await,
        }
        .map_err(reading("groups"))?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        hand_over(pieces, Piece::Groups(rows))?;
    }
    let mut after = (nil, nil, 0);
    loop {
        // A row value comparison, for which SQLite uses the primary key.
        let later = sql::<Bool>("(group_id, user_id, joined_version) > (")
            .bind::<types::Id, _>(after.0)
            .sql(", ")
            .bind::<types::Id, _>(after.1)
            .sql(", ")
            .bind::<BigInt, _>(after.2)
            .sql(")");
        let rows: Vec<MembershipRow> = memberships::table
            .filter(later)
            .order((memberships::group_id, memberships::user_id, memberships::joined_version))
            .limit(PIECE_ROWS_MAX)
            .select(columns_of::<MembershipRow>())
            .load(conn)
            .await
            .map_err(reading("memberships"))?;
        let Some(last) = rows.last() else { break };
        after = (last.group_id, last.user_id, last.joined_version);
        hand_over(pieces, Piece::Memberships(rows))?;
    }
    let mut after = (nil, nil, 0);
    loop {
        let later = sql::<Bool>("(group_id, user_id, since_version) > (")
            .bind::<types::Id, _>(after.0)
            .sql(", ")
            .bind::<types::Id, _>(after.1)
            .sql(", ")
            .bind::<BigInt, _>(after.2)
            .sql(")");
        let page = standings::table.filter(later).limit(PIECE_ROWS_MAX).select(columns_of::<StandingRow>());
        let page = page.order((standings::group_id, standings::user_id, standings::since_version));
        let rows: Vec<StandingRow> = page.load(conn).await.map_err(reading("standings"))?;
        let Some(last) = rows.last() else { break };
        after = (last.group_id, last.user_id, last.since_version);
        hand_over(pieces, Piece::Standings(rows))?;
    }
    let mut after = nil;
    loop {
        let page = links::table.filter(links::id.gt(after)).order(links::id).limit(PIECE_ROWS_MAX);
        let rows: Vec<LinkRow> = page.select(columns_of::<LinkRow>()).load(conn).await.map_err(reading("links"))?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        hand_over(pieces, Piece::Links(rows))?;
    }
    let mut after = i64::MIN;
    loop {
        let rows: Vec<LogRow> = log::table
            .filter(log::seq.gt(after))
            .order(log::seq)
            .limit(PIECE_ROWS_MAX)
            .select(columns_of::<LogRow>())
            .load(conn)
            .await
            .map_err(reading("log"))?;
        let Some(last) = rows.last() else { break };
        after = last.seq;
        hand_over(pieces, Piece::Changes(rows))?;
    }
    let mut after = (nil, String::new());
    loop {
        let later = sql::<Bool>("(actor_id, key) > (")
            .bind::<types::Id, _>(after.0)
            .sql(", ")
            .bind::<Text, _>(after.1)
            .sql(")");
        let rows: Vec<KeyRow> = idempotency::table
            .filter(later)
            .order((idempotency::actor_id, idempotency::key))
            .limit(PIECE_ROWS_MAX)
            .select(columns_of::<KeyRow>())
            .load(conn)
            .await
            .map_err(reading("idempotency"))?;
        let Some(last) = rows.last() else { break };
        after = (last.actor_id, last.key.clone());
        hand_over(pieces, Piece::Keys(rows))?;
    }
    let mut after = None;
    loop {
        let query = names::table.order(names::user_id).limit(PIECE_ROWS_MAX);
        let rows: Vec<NameRow> = match after {
            None => query.load(conn).await,
            Some(id) => query.filter(names::user_id.gt(id)).load(conn).await,
        }
        .map_err(reading("names"))?;
        let Some(last) = rows.last() else { break };
        after = Some(last.0);
        hand_over(pieces, Piece::Names(rows))?;
    }
    let mut after = (nil, nil);
    loop {
        let later = sql::<Bool>("(user_id, blocked_id) > (")
            .bind::<types::Id, _>(after.0)
            .sql(", ")
            .bind::<types::Id, _>(after.1)
            .sql(")");
        let page = blocks::table.filter(later).order((blocks::user_id, blocks::blocked_id)).limit(PIECE_ROWS_MAX);
        let rows: Vec<BlockRow> = page.load(conn).await.map_err(reading("blocks"))?;
        let Some(last) = rows.last() else { break };
        after = (last.0, last.1);
        hand_over(pieces, Piece::Blocks(rows))?;
    }
    let mut after = String::new();
    loop {
        let page = sink_positions::table.order(sink_positions::name).limit(PIECE_ROWS_MAX);
        let rows: Vec<SinkRow> =
            page.filter(sink_positions::name.gt(&after)).load(conn).await.map_err(reading("sink_positions"))?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.0);
        hand_over(pieces, Piece::SinkPositions(rows))?;
    }
    let mut after = nil;
    loop {
        let page = revocations::table.order(revocations::user_id).limit(PIECE_ROWS_MAX);
        let rows: Vec<RevocationRow> =
            page.filter(revocations::user_id.gt(after)).load(conn).await.map_err(reading("revocations"))?;
        let Some(last) = rows.last() else { break };
        after = last.0;
        hand_over(pieces, Piece::Revocations(rows))?;
    }
    let mut after = nil;
    loop {
        let page = jobs::table.filter(jobs::id.gt(after)).order(jobs::id).limit(PIECE_ROWS_MAX);
        let rows: Vec<JobRow> = page.select(columns_of::<JobRow>()).load(conn).await.map_err(reading("jobs"))?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        hand_over(pieces, Piece::Jobs(rows))?;
    }
    let end = conn.read_point().await?.point.below;
    let mut rows: Vec<WebhookRow> = webhooks::table.load(conn).await.map_err(reading("webhooks"))?;
    for row in &mut rows {
        let is_at_end = |position: Position| position.is_of(store) && position.first_unknown() >= end;
        if !Position::from_stored(&row.position).is_some_and(is_at_end) {
            row.paused = Some(reason_number(PauseReason::LogExpired));
        }
    }
    hand_over(pieces, Piece::Webhooks(rows))?;
    hand_over(pieces, Piece::End)
}

/// The tables, referenced tables first. `usage` is not copied: the daily quotas start at zero. Nor is
/// `webhook_attempts`.
const TABLES: [&str; 12] = [
    "groups",
    "memberships",
    "standings",
    "links",
    "log",
    "idempotency",
    "names",
    "blocks",
    "sink_positions",
    "revocations",
    "jobs",
    "webhooks",
];

/// Writes everything. Returns what was copied, or why the new database is unsuitable.
async fn write_all(
    conn: &mut PostgresConn,
    store: Uuid,
    mut pieces: Receiver<Piece>,
) -> Result<Result<Copied, CopyError>, QueryError> {
    // Blocks the writes of servers that run on this database until the copy has ended, but not
    // reads.
    conn.batch_execute(&format!("LOCK TABLE {} IN EXCLUSIVE MODE", TABLES.join(", "))).await?;
    for table in TABLES {
        let rows = sql::<Bool>(&format!("EXISTS (SELECT FROM {table})"));
        if diesel::select(rows).get_result(conn).await? {
            return Ok(Err(CopyError::NotEmpty { table }));
        }
    }
    let mut copied = Copied::default();
    loop {
        match pieces.recv().await {
            Some(Piece::End) => {
                // Update the statistics now instead of waiting for autovacuum.
                diesel::sql_query(format!("ANALYZE {}", TABLES.join(", "))).execute(conn).await?;
                return Ok(Ok(copied));
            }
            // The reader has failed and returns its own error.
            None => return Err(StoreError::Unavailable(Reason::Closed).into()),
            // Behind the log.
            Some(Piece::Webhooks(rows)) => copied.webhooks = write_webhooks(conn, store, rows).await?,
            Some(piece) => write(conn, piece, &mut copied).await?,
        }
    }
}

async fn write(conn: &mut PostgresConn, piece: Piece, copied: &mut Copied) -> Result<(), QueryError> {
    match piece {
        Piece::Groups(rows) => {
            for set in Groups::chunks(rows.into_iter().map(GroupRow::into_row)) {
                copied.groups += With::execute(set, statements::INSERT_GROUPS).execute(conn).await? as u64;
            }
        }
        Piece::Memberships(rows) => {
            let rows = rows.into_iter().map(|row| {
                let MembershipRow { group_id, user_id, joined_version, ordinal, role, joined_at, .. } = row;
                let left = (row.left_version, row.left_at);
                (group_id, user_id, joined_version, ordinal, role, joined_at, left.0, left.1, row.acted)
            });
            for set in Memberships::chunks(rows) {
                copied.memberships += With::execute(set, statements::INSERT_MEMBERSHIPS).execute(conn).await? as u64;
            }
        }
        Piece::Standings(rows) => {
            for set in Standings::chunks(rows.into_iter().map(StandingRow::into_row)) {
                copied.standings += With::execute(set, statements::INSERT_STANDINGS).execute(conn).await? as u64;
            }
        }
        Piece::Links(rows) => {
            for set in Links::chunks(rows.into_iter().map(LinkRow::into_row)) {
                copied.links += With::execute(set, statements::INSERT_LINKS).execute(conn).await? as u64;
            }
        }
        // In log order; the sequence numbers are assigned again.
        Piece::Changes(rows) => {
            let rows = rows.into_iter().map(|row| {
                let LogRow { seq: _, commit_id: _, group_id, version, actor_id, at, format, payload } = row;
                (group_id, version, actor_id, at, format, payload)
            });
            for set in Changes::chunks(rows) {
                copied.changes += With::execute(set, statements::COPY_CHANGES).execute(conn).await? as u64;
            }
        }
        Piece::Keys(rows) => {
            let rows = rows.into_iter().map(|row| {
                let KeyRow { actor_id, key, fingerprint, created_at, format, answer } = row;
                (actor_id, key, fingerprint, created_at, format, answer)
            });
            for set in Answers::chunks(rows) {
                copied.keys += With::execute(set, statements::INSERT_ANSWERS).execute(conn).await? as u64;
            }
        }
        Piece::Names(rows) => {
            for set in Names::chunks(rows) {
                copied.names += With::execute(set, statements::UPSERT_NAMES).execute(conn).await? as u64;
            }
        }
        Piece::Blocks(rows) => {
            let insert = "INSERT INTO blocks (user_id, blocked_id, at) SELECT user_id, blocked_id, at FROM v";
            for set in Blocks::chunks(rows) {
                copied.blocks += With::execute(set, insert).execute(conn).await? as u64;
            }
        }
        Piece::SinkPositions(rows) => {
            for (name, position, updated_at) in rows {
                let columns = (sink_positions::name, sink_positions::position, sink_positions::updated_at);
                let row = (columns.0.eq(name), columns.1.eq(position), columns.2.eq(updated_at));
                copied.sink_positions +=
                    diesel::insert_into(sink_positions::table).values(row).execute(conn).await? as u64;
            }
        }
        Piece::Revocations(rows) => {
            for (user_id, not_before, disconnected_at, kept_until) in rows {
                let row = (
                    revocations::user_id.eq(user_id),
                    revocations::not_before.eq(not_before),
                    revocations::disconnected_at.eq(disconnected_at),
                    revocations::kept_until.eq(kept_until),
                );
                copied.revocations += diesel::insert_into(revocations::table).values(row).execute(conn).await? as u64;
            }
        }
        Piece::Jobs(rows) => {
            for row in rows {
                copied.jobs += diesel::insert_into(jobs::table).values(row).execute(conn).await? as u64;
            }
        }
        Piece::Webhooks(_) | Piece::End => {}
    }
    Ok(())
}

/// Writes webhooks that continue after everything that this transaction has written. Returns their
/// number.
async fn write_webhooks(conn: &mut PostgresConn, store: Uuid, rows: Vec<WebhookRow>) -> Result<u64, QueryError> {
    let Seen { point, witness } = end_with_own_changes(conn).await?;
    let position = Position::new(store, &point, witness).stored();
    let mut count = 0;
    for row in rows {
        let row = WebhookRow { position: position.clone(), ..row };
        count += diesel::insert_into(webhooks::table).values(row).execute(conn).await? as u64;
    }
    Ok(count)
}
