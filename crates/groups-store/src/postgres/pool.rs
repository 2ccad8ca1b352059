//! The pool of connections: bounded in number and in time.

use std::sync::Arc;
use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool::{Object, Pool as Deadpool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::encryption::Demands;
use super::tls::Encryption;
use super::transaction::{Failed, Purpose, transact};
use super::{Conn, Failure};
use crate::query_error::QueryError;
use crate::{OpenError, Reason, StoreError, StoreOptions};

/// How often something is tried where somebody else was in the way or a connection was lost.
pub(super) const ATTEMPTS_MAX: u32 = 5;

/// How connections are made.
#[derive(Clone)]
pub(super) struct Settings {
    /// Without what it demands of the encryption.
    pub(super) url: String,
    /// `None`: connections are plain.
    pub(super) encryption: Option<Encryption>,
    pub(super) wait_max: Duration,
    pub(super) statement_max: Duration,
}

impl Settings {
    pub(super) fn new(url: &str, options: &StoreOptions) -> Result<Self, OpenError> {
        let demands = Demands::of(url)?;
        Ok(Self {
            encryption: Encryption::new(&demands)?,
            url: demands.url,
            wait_max: options.wait_max,
            statement_max: options.postgres_statement_max,
        })
    }
}

/// Connections for everybody.
pub(super) struct Pool {
    connections: Deadpool<Conn>,
    wait_max: Duration,
    /// How many readings may wait or run.
    reads: Semaphore,
    /// How many readings may run: the lanes always find a connection.
    readers: Semaphore,
}

impl Pool {
    pub(super) fn new(settings: &Settings, options: &StoreOptions) -> Result<Self, OpenError> {
        let mut config = ManagerConfig::<Conn>::default();
        // An open transaction is noticed without asking; a lost connection by the first use, which then takes another.
        config.recycling_method = RecyclingMethod::Fast;
        let own = settings.clone();
        config.custom_setup = Box::new(move |_| {
            let settings = own.clone();
            async move { connect(&settings).await }.boxed()
        });
        let lanes = options.postgres_lanes.max(1);
        let connections_max = options.postgres_connections_max.max(lanes + 1);
        let manager = AsyncDieselConnectionManager::new_with_config(&settings.url, config);
        let connections = Deadpool::builder(manager).max_size(connections_max).build();
        let connections = connections.map_err(|error| OpenError::Unreachable {
            database: crate::options::without_password(&settings.url),
            detail: error.to_string(),
        })?;
        let readers = Semaphore::new(connections_max - lanes);
        let reads = Semaphore::new(options.queue_reads_max.max(1));
        Ok(Self { connections, wait_max: settings.wait_max, reads, readers })
    }

    /// Runs a reading transaction, again where the connection turned out to be lost.
    pub(super) async fn read<T>(
        self: Arc<Self>,
        body: impl for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, Result<T, QueryError>>,
    ) -> Result<T, StoreError> {
        let _queued = self.reads.try_acquire().map_err(|_| StoreError::Unavailable(Reason::QueueFull))?;
        let busy = || StoreError::Unavailable(Reason::Busy);
        let reader = tokio::time::timeout(self.wait_max, self.readers.acquire()).await.map_err(|_| busy())?;
        let _reader = reader.map_err(|_| StoreError::Unavailable(Reason::Closed))?;
        self.attempts(Purpose::Read, body).await
    }

    /// Runs a writing transaction that may be repeated without harm.
    pub(super) async fn write<T>(
        self: Arc<Self>,
        body: impl for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, Result<T, QueryError>>,
    ) -> Result<T, StoreError> {
        self.attempts(Purpose::Write, body).await
    }

    async fn attempts<T>(
        &self,
        purpose: Purpose,
        body: impl for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, Result<T, QueryError>>,
    ) -> Result<T, StoreError> {
        let mut attempt = 1;
        loop {
            let mut conn = self.connection().await?;
            let failure = match transact(&mut conn, purpose, &body).await {
                Ok(value) => return Ok(value),
                Err(Failed::Before(failure)) => failure,
                Err(Failed::During(_, detail)) => Failure::Lost(detail),
            };
            if attempt == ATTEMPTS_MAX || matches!(failure, Failure::Final(_)) {
                return Err(failure.into_error());
            }
            self.before_another(attempt, &failure, conn).await;
            attempt += 1;
        }
    }

    /// A connection of the pool, or a new one.
    pub(super) async fn connection(&self) -> Result<Object<Conn>, StoreError> {
        match tokio::time::timeout(self.wait_max, self.connections.get()).await {
            Ok(Ok(conn)) => Ok(conn),
            Ok(Err(error)) => {
                tracing::warn!(%error, "no connection to PostgreSQL");
                Err(StoreError::Unavailable(Reason::Unreachable))
            }
            Err(_) => Err(StoreError::Unavailable(Reason::Busy)),
        }
    }

    /// What has to be done between two attempts.
    pub(super) async fn before_another(&self, attempt: u32, failure: &Failure, conn: Object<Conn>) {
        if let Failure::Lost(_) = failure {
            // Where one was lost, the others probably were as well: whoever comes next gets a new one.
            drop(Object::take(conn));
            self.connections.retain(|_, _| false);
        }
        tokio::time::sleep(Duration::from_millis(5 << attempt)).await;
    }

    pub(super) fn close(&self) {
        self.readers.close();
        self.connections.close();
    }
}

/// A connection with its limits set.
pub(super) async fn connect(settings: &Settings) -> ConnectionResult<Conn> {
    let connected = async {
        match &settings.encryption {
            Some(encryption) => encryption.connect(&settings.url).await,
            None => Conn::establish(&settings.url).await,
        }
    };
    let connected = tokio::time::timeout(settings.wait_max, connected).await;
    let mut conn = connected.map_err(|_| ConnectionError::BadConnection("it did not answer in time".to_owned()))??;
    // Compiling a plan never pays for statements as short as these.
    // English messages, where the role may ask for them, because some failures are told apart by them.
    let setup = format!(
        "SELECT set_config('application_name', 'groups', false), set_config('statement_timeout', '{statement}', false), \
         set_config('lock_timeout', '{lock}', false), set_config('idle_in_transaction_session_timeout', '{idle}', false), \
         set_config('jit', 'off', false); \
         SELECT set_config('lc_messages', 'C', false) FROM pg_roles WHERE rolname = current_user AND rolsuper;",
        statement = settings.statement_max.as_millis(),
        lock = settings.wait_max.as_millis(),
        idle = (settings.statement_max + settings.wait_max).as_millis(),
    );
    conn.batch_execute(&setup).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}
