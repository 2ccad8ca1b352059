//! Stores groups and applies the rules of `groups-domain`, on top of Diesel: one [`Store`] for
//! SQLite and PostgreSQL, chosen by URL at run time.
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
//! * A batch is everything that is queued when the writer becomes free. Many orders share one disk
//!   flush, and a single order is never delayed to fill a batch. The rules are checked in memory,
//!   so a rejection never reaches the database. The backend's own thread or task commits, so
//!   [`Store::execute`] is cancellation-safe: dropping its future never interrupts a transaction.
//! * A change is one row in the log, regardless of the size of the group. Memberships are version
//!   intervals, so the events a user has missed are "the changes of my groups within my intervals"
//!   ([`Store::open_stream`]).
//! * A [`Position`] says how far a reader has read. It leaves the program as an encrypted token
//!   ([`Cursors`]). On SQLite it is a row id. On PostgreSQL transactions do not commit in row
//!   order, so a position is a snapshot that lists the transactions that were still in progress.
//!   Resuming from it never skips a change, and repeats changes only if there were too many such
//!   transactions to list. Each position also names one change as a witness. If the database is
//!   restored to an earlier state, that change is missing or differs, and the position is invalid.
//! * A log consumer continues where it stopped: [`Store::save_sink_position`] saves its position,
//!   and [`Store::tail_from`] resumes there (at-least-once).
//! * An application can write its own rows in the transaction of a change: [`Store::execute_with`].
//! * Users cannot probe for groups they may not see: for a non-member, a read returns the same
//!   result as for a group that does not exist.
//! * An unreadable row is reported as [`StoreError::Corrupt`], which names it. It affects only its
//!   own group.
//!
//! # Two backends, one query text
//!
//! All SQL is in three places: `migrations/` creates the tables, `src/queries` has what both
//! databases share, one file per purpose, and the `queries.rs` of each backend has what only that
//! database needs.
//!
//! The shared queries are generic over the trait `Connection` (`src/connection.rs`), which lists
//! all that a backend provides: it runs any query that Diesel accepts for every database that is
//! compiled in, and has one method for each step that the databases take in different ways, such as
//! locking rows. So a query that one of the databases would reject does not compile.
//!
//! Which orders form a batch, what is retried and what waits for locks is decided once as well, in
//! `src/committer.rs`. A backend only writes one batch in one transaction.
//!
//! SQLite has one writer thread and a few reader threads, and each database call blocks its thread
//! until it finishes. PostgreSQL has a connection pool and one lane per share of the groups, on a
//! runtime of its own. So the store works on any tokio runtime with timers enabled, including
//! single-threaded ones.
//!
//! # In the database of an application
//!
//! The store records its migrations in a table of its own (`groups_migrations`), so they do not
//! conflict with an application's Diesel migrations. On PostgreSQL,
//! [`StoreOptions::postgres_schema`] puts the tables into a schema.
//!
//! On SQLite, an application can have tables of its own in the store's file, and a [`Hook`] needs
//! this: it writes through the store's connection. Create them with a connection of your own, for
//! example with Diesel's migrations. The store's table names have no prefix, so give yours one; the
//! store ignores tables with other names. Keep write transactions short, because they block the
//! store. An application that opens the file in the same process must close its connections before
//! the store is closed (<https://www.sqlite.org/howtocorrupt.html>, section 2.2).
//!
//! Data that needs no common transaction is better kept in a file of its own. A query can `ATTACH`
//! both files, but a transaction over both is only atomic in each: in WAL mode, which the store uses,
//! a crash during the commit may leave the changes in one file and not in the other
//! (<https://www.sqlite.org/lang_attach.html>).
//!
//! # Features
//!
//! Features are additive; at least one database is required. Opening a URL whose feature is off
//! returns [`OpenError::NotCompiledIn`].
//!
//! | feature | default | |
//! |---|---|---|
//! | `sqlite` | yes | SQLite files |
//! | `bundled` | yes | SQLite is compiled in; otherwise the system's library is linked, 3.35 or newer |
//! | `postgres` | no | PostgreSQL, without libpq; with `sqlite` also `copy` |
//! | `postgres-tls` | no | encrypted connections to PostgreSQL ([`StoreOptions::url`]); implies `postgres` |
//!
//! # Stability
//!
//! Types that are expected to grow are `#[non_exhaustive]`: [`Executed`], [`Outcome`], [`Standing`],
//! [`OpenError`], [`HookError`], and the results of `copy`. All others are exhaustive on purpose, so
//! adding to them is a breaking change:
//!
//! * [`ExecuteError`], [`StoreError`] and [`Reason`], because a caller maps each case to an answer of
//!   its own, and a new case must not get the answer of another one. For the same reason
//!   [`History`], [`StreamStart`] and [`Blocked`].
//! * Orders and options, because callers build them: [`StoreOptions`] with
//!   `..StoreOptions::new(url)`, which keeps compiling when an option is added.
//! * Pages and rows, because tests of callers build them.
//!
//! # Example
//!
//! ```
//! use groups_domain::{Command, GroupId, Request, Timestamp, UserId};
//! use groups_store::{Outcome, Store, StoreOptions};
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
//! assert!(matches!(executed.outcome, Outcome::GroupCreated { .. }));
//! assert_eq!(store.groups(ada, None, 10).await?.groups[0].0, executed.group);
//! # store.close().await;
//! # Ok(())
//! # }
//! ```

#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
compile_error!("groups-store needs the feature `sqlite` or `postgres`");

mod access_page;
mod backup;
mod backup_error;
mod batch;
mod caller;
mod column;
#[cfg(feature = "postgres")]
mod commit_messages;
mod committer;
mod connection;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod copy;
mod cursor;
mod database_stats;
mod error;
mod group_cache;
mod hook;
mod inner;
mod intake;
mod job;
mod ledger;
mod log_reads;
mod masked;
mod member;
mod membership_check;
mod migrate;
mod name_claim;
mod open_row;
mod opening_rows;
mod options;
mod order;
mod outcome;
mod page;
mod payload;
#[cfg(feature = "postgres")]
mod peer_messages;
mod pending;
mod position;
#[cfg(feature = "postgres")]
mod postgres;
mod prune_clock;
mod queries;
mod query_error;
mod quota;
mod read_class;
mod recent_commits;
mod recorded;
mod replica_metrics;
mod resume;
mod revocation;
mod row;
mod row_set;
mod schema;
mod sink;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod store_metrics;
mod tail;
mod url;
mod webhook;
mod webhook_row;

pub use access_page::{AdminRead, LinkKey, LinkPage, PendingPage, StandingEntry, StandingKey, StandingPage};
pub use backup::backup;
pub use backup_error::BackupError;
#[cfg(feature = "postgres")]
pub use commit_messages::CommitMessages;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
pub use copy::{Copied, CopyError, copy};
pub use cursor::Cursors;
pub use database_stats::DatabaseStats;
pub use error::{ExecuteError, OpenError, Reason, StoreError};
pub use group_cache::{SharedGroup, SharedGroupPage};
pub use hook::{Hook, HookError, HookResult};
pub use job::{
    Departure, EraseStep, JOB_KEPT, JOBS_UNFINISHED_MAX, Job, JobCreated, JobKind, JobProgress, JobState, Lease, NewJob,
};
pub use masked::masked;
pub use member::{MemberKey, MemberRow};
pub use membership_check::{MembershipCheck, MembershipChecks};
pub use name_claim::NameClaim;
pub use options::{NameVisibility, StoreOptions};
pub use order::{Idempotency, Order};
pub use outcome::{Executed, Outcome, Standing};
pub use page::{
    BLOCKS_MAX, Block, BlockPage, Blocked, FoundGroups, FoundPreviews, GroupList, GroupPage, History, MemberPage,
    NameKey, OpenedStream, PAGE_BYTES_MAX, Pruned, ReplayRule, StreamStart,
};
#[cfg(feature = "postgres")]
pub use peer_messages::PeerMessages;
pub use pending::{check_replica, pending_migrations};
pub use position::{LogEntry, Position};
pub use quota::{Quota, Quotas};
pub use replica_metrics::{ReplicaFallback, ReplicaMetrics};
pub use resume::{OpenMemberships, ResumePoints, Resumer};
pub use revocation::Revocation;
pub use sink::{SINK_NAME_CHARS_MAX, SinkName, SinkNameError};
pub use store::Store;
pub use store_metrics::{BATCH_SIZE_BOUNDS, CommitMetrics, PoolMetrics};
pub use tail::Tail;
pub use webhook::{
    AttemptKey, AttemptPage, NewWebhook, PREVIOUS_SECRET_KEPT, PauseReason, PreviousSecret, WEBHOOK_ATTEMPT_KEPT,
    WEBHOOK_ATTEMPTS_MAX, WEBHOOK_URL_BYTES_MAX, WEBHOOKS_MAX, Webhook, WebhookAttempt, WebhookChange, WebhookChanged,
    WebhookCreated, WebhookDeleted, WebhookKey, WebhookPage, WebhookProgress, WebhookSecret, WebhookSecrets,
    WebhookState,
};

/// The checks that the fuzz targets in `crates/groups-fuzz` run.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    /// Any bytes as a cursor, or as what is in one.
    pub fn cursor(input: &[u8]) {
        crate::cursor::fuzz::cursor(input);
    }
}
