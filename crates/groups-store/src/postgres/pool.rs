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
use crate::read_class::ReadClass;
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
    delivery: Share,
    openings: Share,
    requests: Share,
}

/// What one class of reads may use. The shares and the lanes together are all connections, so none waits for another's.
struct Share {
    /// How many reads may wait or run.
    reads: Semaphore,
    /// How many reads may run.
    connections: Semaphore,
}

impl Share {
    fn new(reads_max: usize, connections: usize) -> Self {
        Self { reads: Semaphore::new(reads_max.max(1)), connections: Semaphore::new(connections) }
    }
}

/// How many connections each class of reads gets of those that the lanes leave: delivery, openings, requests.
fn shares(connections: usize) -> [usize; 3] {
    let (delivery, openings) = ((connections / 6).max(1), (connections / 3).max(1));
    [delivery, openings, connections.saturating_sub(delivery + openings).max(1)]
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
        let [delivery, openings, requests] = shares(options.postgres_connections_max.saturating_sub(lanes));
        let connections_max = lanes + delivery + openings + requests;
        let manager = AsyncDieselConnectionManager::new_with_config(&settings.url, config);
        let connections = Deadpool::builder(manager).max_size(connections_max).build();
        let connections = connections.map_err(|error| OpenError::Unreachable {
            database: crate::options::without_password(&settings.url),
            detail: error.to_string(),
        })?;
        let share = |connections| Share::new(options.queue_reads_max, connections);
        let [delivery, openings, requests] = [delivery, openings, requests].map(share);
        Ok(Self { connections, wait_max: settings.wait_max, delivery, openings, requests })
    }

    /// Runs a reading transaction, again where the connection turned out to be lost.
    pub(super) async fn read<T>(
        self: Arc<Self>,
        class: ReadClass,
        body: impl for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, Result<T, QueryError>>,
    ) -> Result<T, StoreError> {
        let share = match class {
            ReadClass::Delivery => &self.delivery,
            ReadClass::Opening => &self.openings,
            ReadClass::Request => &self.requests,
        };
        let _queued = share.reads.try_acquire().map_err(|_| StoreError::Unavailable(Reason::QueueFull))?;
        let busy = || StoreError::Unavailable(Reason::Busy);
        let reader = tokio::time::timeout(self.wait_max, share.connections.acquire()).await.map_err(|_| busy())?;
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
        for share in [&self.delivery, &self.openings, &self.requests] {
            share.connections.close();
        }
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

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn every_class_of_reads_has_connections_of_its_own() {
        assert_eq!(shares(12), [2, 4, 6]);
        assert_eq!(shares(3), [1, 1, 1]);
        assert_eq!(shares(0), [1, 1, 1]);
    }
}
