//! Connections: how they are opened, and their state.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_postgres::config::{Host, LoadBalanceHosts, SslMode};
use tokio_postgres::{AsyncMessage, NoTls, Notification};

use super::encryption::Demands;
#[cfg(not(feature = "postgres-tls"))]
use super::plain::Encryption;
#[cfg(feature = "postgres-tls")]
use super::tls::Encryption;
use super::unnamed::Unnamed;
use super::wire::{Stream, Watched, Wire};
use crate::connection::PostgresConn;
use crate::masked::masked;
use crate::{OpenError, StoreOptions};

/// Where PostgreSQL listens by default.
const PORT: u16 = 5432;

/// TCP keepalive: idle time before the first probe.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(10);
/// TCP keepalive: time between probes.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(3);
/// TCP keepalive: number of unanswered probes after which the connection is lost.
const KEEPALIVE_TRIES: u32 = 3;

/// How long sent data may stay unacknowledged at the TCP level.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);

/// Maximum time for requests that need no work on the server. After it the connection counts as
/// lost.
const PROMPT_MAX: Duration = Duration::from_secs(3);

/// Maximum number of buffered notifications; above it the newest are dropped.
const NOTIFICATIONS_WAITING_MAX: usize = 1_024;

/// Every statement looks up rows by keys or reads a range of an index, which is the best plan for
/// tables of any size. For an empty table PostgreSQL would choose another one, and keep it while the
/// table grows. So other plans are off, and a statement is planned once.
const LOOKUPS_ONLY: [(&str, &str); 6] = [
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_material", "off"),
    ("plan_cache_mode", "force_generic_plan"),
];

/// Settings of connections.
#[derive(Clone)]
pub(super) struct Settings {
    /// The configuration without the encryption parameters.
    config: Arc<tokio_postgres::Config>,
    /// The database URL, masked for logs and errors.
    pub(super) database: String,
    /// `None`: connections are plaintext.
    encryption: Option<Encryption>,
    /// The schema of the tables; `None`: the role's search path decides.
    pub(super) schema: Option<String>,
    /// Whether a pooler is in between that may execute each transaction on another connection.
    pooled: bool,
    /// Whether a standby is wanted, and not a server that can be written.
    standby: bool,
    pub(super) wait_max: Duration,
    statement_max: Duration,
    /// How long the server may be silent while a request is pending; `None`: indefinitely.
    answer_max: Option<Duration>,
}

/// Timeouts for beginning and ending a transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// For BEGIN and ROLLBACK.
    pub(super) begin_max: Duration,
    /// For COMMIT.
    pub(super) commit_max: Duration,
}

impl Settings {
    pub(super) fn new(url: &str, options: &StoreOptions) -> Result<Self, OpenError> {
        let demands = Demands::of(url)?;
        let database = masked(url);
        let config = demands.url.parse::<tokio_postgres::Config>();
        let mut config = config
            .map_err(|error| OpenError::Unreachable { database: database.clone(), detail: with_causes(&error) })?;
        // Encryption is handled below this layer.
        config.ssl_mode(SslMode::Disable).application_name("groups");
        Ok(Self {
            config: Arc::new(config),
            database,
            encryption: Encryption::new(&demands)?,
            schema: schema(options)?,
            pooled: false,
            standby: false,
            wait_max: options.wait_max,
            statement_max: options.postgres_statement_max,
            // A server that is alive cancels the statement before this.
            answer_max: Some(
                options.postgres_statement_max + options.postgres_statement_max.min(Duration::from_secs(1)),
            ),
        })
    }

    /// The name of a channel for NOTIFY, which all schemas of a database share.
    pub(super) fn channel(&self, name: &str) -> String {
        self.schema.as_ref().map_or_else(|| name.to_owned(), |schema| format!("{name}_{schema}"))
    }

    /// The same through a pooler that may execute each transaction on another connection: no statement
    /// has a name, and each transaction sets the session's limits itself.
    pub(super) fn pooled(&self) -> Self {
        Self { pooled: true, ..self.clone() }
    }

    /// The same for a standby: a server that can be written is refused.
    pub(super) fn of_standby(&self) -> Self {
        Self { standby: true, ..self.clone() }
    }

    /// The limits of a session, or of one transaction, as an expression.
    fn limits(&self, of_transaction: bool) -> String {
        let mut limits = vec![
            ("statement_timeout", self.statement_max.as_millis().to_string()),
            ("lock_timeout", self.wait_max.as_millis().to_string()),
            ("idle_in_transaction_session_timeout", (self.statement_max + self.wait_max).as_millis().to_string()),
            // JIT compilation never pays off for statements this short.
            ("jit", "off".to_owned()),
        ];
        limits.extend(LOOKUPS_ONLY.map(|(setting, value)| (setting, value.to_owned())));
        limits.extend(self.schema.as_deref().map(|schema| ("search_path", quoted(schema).replace('\'', "''"))));
        let set = limits.into_iter().map(|(name, value)| format!("set_config('{name}', '{value}', {of_transaction})"));
        format!("concat({})", set.collect::<Vec<_>>().join(", "))
    }

    /// Settings for slow operations.
    pub(super) fn patient(&self) -> Self {
        Self { answer_max: None, ..self.clone() }
    }

    /// Settings for operations that need no work on the server.
    pub(super) fn prompt(&self) -> Self {
        Self { answer_max: Some(self.prompt_max()), ..self.clone() }
    }

    pub(super) fn prompt_max(&self) -> Duration {
        self.statement_max.min(PROMPT_MAX)
    }

    /// Total time limit of a request, including retries.
    pub(super) fn request_max(&self) -> Duration {
        self.wait_max + self.statement_max
    }
}

/// With the prefix of a channel name, it still fits into PostgreSQL's limit for identifiers.
const SCHEMA_BYTES_MAX: usize = 48;

fn schema(options: &StoreOptions) -> Result<Option<String>, OpenError> {
    let Some(schema) = &options.postgres_schema else { return Ok(None) };
    let fits = (1..=SCHEMA_BYTES_MAX).contains(&schema.len()) && !schema.chars().any(char::is_control);
    if fits && !schema.starts_with("pg_") {
        return Ok(Some(schema.clone()));
    }
    let detail =
        format!("{schema:?} is not the name of a schema: 1 to {SCHEMA_BYTES_MAX} bytes, not beginning with pg_");
    Err(OpenError::BadParameter { detail })
}

/// Quotes a name as an SQL identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// The server has no free connection slots or is still starting; a retry may succeed soon.
    #[error("{0}")]
    NotYet(String),
    /// The server is a standby.
    #[error("{0} is a standby, which cannot be written")]
    Standby(String),
    /// The server is not a standby.
    #[error("{0} is not a standby")]
    NotStandby(String),
    /// Anything else.
    #[error("{0}")]
    Refused(String),
}

/// A connection.
pub(super) struct Connection {
    conn: PostgresConn,
    wire: Wire,
    bounds: Bounds,
    /// Statements at the beginning of each transaction, each after a semicolon.
    each: Arc<str>,
    /// Whether a transaction was begun that is not known to have ended.
    in_transaction: bool,
    /// The number of the history that it is connected to.
    epoch: u64,
    notifications: mpsc::Receiver<Notification>,
    driver: Driver,
}

impl Connection {
    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Statements at the beginning of each transaction, each after a semicolon.
    pub(super) fn each(&self) -> Arc<str> {
        Arc::clone(&self.each)
    }

    /// The connection for statements outside a transaction.
    pub(super) fn conn(&mut self) -> &mut PostgresConn {
        &mut self.conn
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn set_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
    }

    pub(super) fn open_transaction(&mut self) -> OpenTransaction<'_> {
        self.in_transaction = true;
        OpenTransaction(self)
    }

    /// Whether the connection may be reused.
    pub(super) fn is_clean(&self) -> bool {
        !self.in_transaction && self.wire.ended().is_none()
    }

    /// The next notification; `None` when the connection has ended.
    pub(super) async fn notification(&mut self) -> Option<Notification> {
        self.notifications.recv().await
    }

    /// Splits off the raw Diesel connection; the returned function reassembles the two parts.
    pub(super) fn into_parts(self) -> (PostgresConn, impl FnOnce(PostgresConn) -> Self) {
        let Self { conn, wire, bounds, each, in_transaction, epoch, notifications, driver } = self;
        (conn, move |conn| Self { conn, wire, bounds, each, in_transaction, epoch, notifications, driver })
    }
}

/// An open transaction. Its connection is not clean until the transaction has
/// [`ended`](Self::ended).
pub(super) struct OpenTransaction<'a>(&'a mut Connection);

impl OpenTransaction<'_> {
    pub(super) fn conn(&mut self) -> &mut PostgresConn {
        &mut self.0.conn
    }

    pub(super) fn ended(self) {
        self.0.in_transaction = false;
    }
}

impl Drop for OpenTransaction<'_> {
    fn drop(&mut self) {
        if self.0.in_transaction {
            // Close the connection at once, because it may hold locks.
            self.0.driver.0.abort();
        }
    }
}

/// The task that drives a connection. Dropping this aborts it.
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Connects to a writable server, or to a standby if the settings say so, and sets the session's limits, within [`Settings::wait_max`].
pub(super) async fn connect(settings: &Settings) -> Result<Connection, ConnectError> {
    let connected = tokio::time::timeout(settings.wait_max, connect_any(settings)).await;
    connected.unwrap_or_else(|_| Err(ConnectError::Refused("the server did not answer in time".to_owned())))
}

/// Same as [`connect`], but retries for the same time while the server has no free connection slot.
pub(super) async fn connect_patiently(settings: &Settings) -> Result<Connection, ConnectError> {
    const PAUSE: Duration = Duration::from_millis(200);
    let begun = tokio::time::Instant::now();
    loop {
        match connect(settings).await {
            Err(ConnectError::NotYet(_)) if begun.elapsed() + PAUSE < settings.wait_max => {
                tokio::time::sleep(PAUSE).await
            }
            done => return done,
        }
    }
}

/// Connects to the first host that accepts the connection and is of the wanted kind.
async fn connect_any(settings: &Settings) -> Result<Connection, ConnectError> {
    let config = &settings.config;
    let count = config.get_hosts().len().max(config.get_hostaddrs().len());
    let first = match config.get_load_balance_hosts() {
        LoadBalanceHosts::Random if count > 1 => usize::from(uuid::Uuid::new_v4().as_bytes()[0]) % count,
        _ => 0,
    };
    let mut failed = ConnectError::Refused("the URL names no host".to_owned());
    for index in (first..count).chain(0..first) {
        let port = config.get_ports().get(index).or_else(|| config.get_ports().first()).copied().unwrap_or(PORT);
        let address = config.get_hostaddrs().get(index).map(ToString::to_string);
        let connected = match (config.get_hosts().get(index), address) {
            (Some(Host::Unix(directory)), None) => {
                let path = directory.join(format!(".s.PGSQL.{port}"));
                let place = path.display().to_string();
                match UnixStream::connect(&path).await {
                    Ok(socket) => establish(settings, Box::new(socket), None, &place).await,
                    Err(error) => Err(refused(&place, &error)),
                }
            }
            (host, address) => {
                let name = match host {
                    Some(Host::Tcp(name)) => Some(name.clone()),
                    _ => None,
                };
                let host = address.or_else(|| name.clone()).unwrap_or_default();
                connect_tcp(settings, &host, port, name.as_deref().unwrap_or(&host)).await
            }
        };
        match connected {
            Ok(connection) => return Ok(connection),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// `name` is the host name that the certificate must be valid for.
async fn connect_tcp(settings: &Settings, host: &str, port: u16, name: &str) -> Result<Connection, ConnectError> {
    let place = format!("{host}:{port}");
    let addresses = match tokio::net::lookup_host((host, port)).await {
        Ok(addresses) => addresses.collect::<Vec<SocketAddr>>(),
        Err(error) => return Err(refused(&place, &error)),
    };
    let mut failed = ConnectError::Refused(format!("{place}: the name has no address"));
    for address in addresses {
        let connected = match TcpStream::connect(address).await.and_then(|socket| prepare(settings, socket)) {
            Ok(socket) => establish(settings, Box::new(socket), Some(name), &place).await,
            Err(error) => Err(refused(&place, &error)),
        };
        match connected {
            Ok(connection) => return Ok(connection),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Sets the TCP options that detect a dead peer. Options in the URL take precedence.
fn prepare(settings: &Settings, socket: TcpStream) -> std::io::Result<TcpStream> {
    socket.set_nodelay(true)?;
    let (config, options) = (&settings.config, SockRef::from(&socket));
    if config.get_keepalives() {
        // Two hours is the library's default if the URL sets nothing.
        let idle = config.get_keepalives_idle();
        let idle = if idle == Duration::from_secs(2 * 60 * 60) { KEEPALIVE_AFTER } else { idle };
        let keepalive = TcpKeepalive::new().with_time(idle);
        let keepalive = keepalive.with_interval(config.get_keepalives_interval().unwrap_or(KEEPALIVE_EVERY));
        let keepalive = keepalive.with_retries(config.get_keepalives_retries().unwrap_or(KEEPALIVE_TRIES));
        options.set_tcp_keepalive(&keepalive)?;
    }
    #[cfg(target_os = "linux")]
    options.set_tcp_user_timeout(Some(config.get_tcp_user_timeout().copied().unwrap_or(UNACKNOWLEDGED_MAX)))?;
    Ok(socket)
}

/// Opens a connection on a stream. `name` is `None` for a Unix domain socket, which cannot be
/// eavesdropped on.
async fn establish(
    settings: &Settings,
    socket: Box<dyn Stream>,
    name: Option<&str>,
    place: &str,
) -> Result<Connection, ConnectError> {
    #[derive(QueryableByName)]
    struct Facts {
        #[diesel(sql_type = Bool)]
        standby: bool,
        #[expect(dead_code, reason = "what counts is that they were set")]
        #[diesel(sql_type = Text)]
        limits: String,
    }
    let socket = match &settings.encryption {
        Some(encryption) => encryption.secure(socket, name).await.map_err(|error| refused(place, &error))?,
        None => socket,
    };
    let socket = if settings.pooled { Box::new(Unnamed::new(socket)) } else { socket };
    let wire = Wire::default();
    let watched = Watched::new(socket, wire.clone(), settings.answer_max);
    let (client, connection) = settings.config.connect_raw(watched, NoTls).await.map_err(|error| {
        let detail = format!("{place}: {}", with_causes(&error));
        match wire.last_error().as_ref() {
            // No free connection slots, or still starting up.
            Some(b"53300" | b"57P03") => ConnectError::NotYet(detail),
            _ => ConnectError::Refused(detail),
        }
    })?;
    let (heard, notifications) = mpsc::channel(NOTIFICATIONS_WAITING_MAX);
    let driver = Driver(tokio::spawn(drive(connection, heard, wire.clone())).abort_handle());
    let failed = |error: &dyn std::error::Error| {
        let detail = wire.ended().unwrap_or_else(|| with_causes(error));
        ConnectError::Refused(format!("{place}: {detail}"))
    };
    let mut conn = PostgresConn::try_from(client).await.map_err(|error| failed(&error))?;
    // What is set through a pooler would stay behind for its other clients.
    let limits = if settings.pooled { "''".to_owned() } else { settings.limits(false) };
    let setup = format!("SELECT pg_is_in_recovery() AS standby, {limits} AS limits");
    let facts: Facts = diesel::sql_query(setup).get_result(&mut conn).await.map_err(|error| failed(&error))?;
    match (facts.standby, settings.standby) {
        (true, false) => return Err(ConnectError::Standby(place.to_owned())),
        (false, true) => return Err(ConnectError::NotStandby(place.to_owned())),
        (false, false) | (true, true) => {}
    }
    let bounds = Bounds { begin_max: settings.prompt_max(), commit_max: settings.statement_max };
    let each = if settings.pooled { format!("; SELECT {}", settings.limits(true)) } else { String::new() };
    Ok(Connection { conn, wire, bounds, each: each.into(), in_transaction: false, epoch: 0, notifications, driver })
}

/// Drives a connection until it ends.
async fn drive(
    mut connection: tokio_postgres::Connection<Watched, tokio_postgres::tls::NoTlsStream>,
    heard: mpsc::Sender<Notification>,
    wire: Wire,
) {
    loop {
        match std::future::poll_fn(|cx| connection.poll_message(cx)).await {
            // Dropping a notification is harmless if the buffer is full: the buffered ones wake the
            // receiver.
            Some(Ok(AsyncMessage::Notification(notification))) => drop(heard.try_send(notification)),
            Some(Ok(_)) => {}
            Some(Err(error)) => return wire.end(with_causes(&error)),
            None => return wire.end("the connection was closed".to_owned()),
        }
    }
}

fn refused(place: &str, error: &dyn std::error::Error) -> ConnectError {
    ConnectError::Refused(format!("{place}: {}", with_causes(error)))
}

/// An error with all its causes: the outermost message alone is rarely enough for an operator.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let why = error.to_string();
        if !text.contains(&why) {
            text = format!("{text}: {why}");
        }
        cause = error.source();
    }
    text
}
