//! The rules of `groups-domain` over Diesel: one [`Store`] for SQLite and PostgreSQL, chosen by URL at run time.
//!
//! # How it fits together
//!
//! ```text
//! Order ──execute()──▶ queue ──▶ one batch, one transaction, one commit ──▶ Executed, or why not
//!                                load the facts of all · decide in memory · write all as sets
//!                                                │
//! Tail ◀──────────────── the log ◀───────────────┘
//! ```
//!
//! * A batch is whatever waits when the writer is free: many orders share one flush of the disk, and a lone one never
//!   waits for company. The rules refuse in memory, so a rejection never reaches the database. A commit is made by the
//!   backend's own thread or task: a caller that goes away tears nothing.
//! * A change is one row of the log, whatever the size of the group. Memberships are intervals of versions, so what
//!   somebody has missed is "the changes of my groups within my intervals" ([`Store::open_stream`]).
//! * A [`Position`] says how far somebody has read, and leaves the program as an encrypted token ([`Cursors`]). On SQLite it is a row id. On PostgreSQL transactions do not commit in the order of their rows:
//!   there a position is a snapshot, which names the transactions that were still under way. Resuming from it never skips, and
//!   repeats only where those were too many to name. Each position names one change as a witness: in a database that was put
//!   back to an earlier state it is not there, or another one is, and then the position counts as none.
//! * A consumer of the log continues where it stopped: [`Store::tail_from`] a position, which [`Store::save_sink_position`] keeps
//!   for it (at-least-once).
//! * An application writes its own rows in the transaction of a change: [`Store::execute_with`].
//! * What a user may not see is not there: reads for outsiders give the same as reads of what does not exist.
//! * A row that cannot be read is [`StoreError::Corrupt`], which names it; it spoils its own group and nothing else.
//!
//! # Two backends, one query text
//!
//! The SQL is in three places: `migrations/` creates the tables, `src/statements.rs` has the statements over sets of rows, and
//! `src/queries` has everything else, one file for each purpose.
//!
//! The files in `src/queries` are compiled twice, as a part of each backend (`#[path]` in `sqlite.rs` and `postgres.rs`): Diesel
//! checks a query against one backend's types, and generic functions would need a bound for every expression. They reach what
//! differs through `super`, which both backends provide: `Conn`, `COMMIT_ORDER`, `load_groups`, `read_groups`, `lock_users`,
//! `missed_seqs`, `read_point`, `check_writable`, and `Hook` with `run_hook`.
//!
//! SQLite has one thread that writes and a few that read, and each call finishes where it is polled. PostgreSQL has a pool, and lanes
//! by group, on a runtime of its own. So the store works on every runtime that has timers, single-threaded ones included.
//!
//! # In the database of an application
//!
//! The store keeps its migrations in a table of its own (`groups_migrations`), so that an application's Diesel migrations and these do
//! not meet. On PostgreSQL, [`StoreOptions::postgres_schema`] gives the tables a schema. On SQLite they have no prefix: use a file
//! of its own, and `ATTACH` it where one statement needs both. An application that opens the same file in the same process has to
//! close its connections before the store is closed (<https://www.sqlite.org/howtocorrupt.html>, section 2.2).
//!
//! # Features
//!
//! Each adds something, and at least one database is needed. A URL of a database whose feature is off is
//! [`OpenError::NotCompiledIn`].
//!
//! | feature | default | |
//! |---|---|---|
//! | `sqlite` | yes | SQLite files |
//! | `bundled` | yes | SQLite is compiled in; otherwise the system's library is linked, 3.35 or newer |
//! | `postgres` | no | PostgreSQL, without libpq; with `sqlite` also `copy` |
//! | `postgres-tls` | no | encrypted connections to PostgreSQL ([`StoreOptions::url`]); implies `postgres` |
//!
//! # Example
//!
//! ```
//! use groups_domain::{Command, GroupId, Request, Timestamp, UserId};
//! use groups_store::{Store, StoreOptions};
//! use uuid::Uuid;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("groups.db").display().to_string();
//! let store = Store::open(StoreOptions::new(path)).await?;
//! let ada = UserId::new(Uuid::now_v7());
//! let request = Request {
//!     group_id: GroupId::new(Uuid::now_v7()),
//!     actor: ada.into(),
//!     at: Timestamp::from_unix_millis(1_700_000_000_000),
//!     expected_version: None,
//!     command: Command::create("Project Team", "")?,
//! };
//! let executed = store.execute(request.into()).await?;
//! assert_eq!(store.groups(ada, None, 10).await?.groups[0].0, executed.group);
//! # store.close().await;
//! # Ok(())
//! # }
//! ```
#![expect(clippy::duplicate_mod, reason = "each backend compiles the queries for its own connections")]

#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
compile_error!("groups-store needs the feature `sqlite` or `postgres`");

mod batch;
mod caller;
mod column;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod copy;
mod cursor;
mod error;
mod hook;
mod intake;
mod migrate;
mod name;
mod options;
mod order;
mod page;
mod payload;
#[cfg(feature = "postgres")]
mod peer_messages;
mod position;
#[cfg(feature = "postgres")]
mod postgres;
mod prune_clock;
mod query_error;
mod quota;
mod read_class;
mod row;
mod row_set;
mod schema;
mod sink;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statements;
mod store;
mod tail;
mod url;

#[cfg(all(feature = "sqlite", feature = "postgres"))]
pub use copy::{Copied, CopyError, copy};
pub use cursor::Cursors;
pub use error::{ExecuteError, OpenError, Reason, StoreError};
pub use hook::{Hook, HookError, HookResult};
pub use migrate::pending_migrations;
pub use name::DisplayName;
pub use options::{NameVisibility, StoreOptions};
pub use order::{Executed, Idempotency, Order, Outcome};
pub use page::{
    BLOCKS_MAX, Block, BlockPage, Blocked, GroupList, GroupPage, History, MemberKey, MemberPage, MemberRow,
    PAGE_BYTES_MAX, Pruned, ReplayRule, Start, StreamStart,
};
#[cfg(feature = "postgres")]
pub use peer_messages::PeerMessages;
pub use position::{LogEntry, Position, ReadPoint};
pub use quota::{Quota, Quotas};
pub use sink::{SINK_NAME_CHARS_MAX, SinkName, SinkNameError};
pub use store::Store;
pub use tail::Tail;
pub use url::masked;
