//! Starts and stops the servers of the benchmark.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::database::Database;
use super::port::free_address;
use crate::failure::Failure;
use crate::process::{Signal, send};
use crate::target::{Target, TargetArgs};

/// A server process. Killed on drop unless it was stopped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    pid: u32,
    address: SocketAddr,
    secret: String,
    pub(super) database: Database,
}

/// Timeout for a server to start and to stop.
const PATIENCE: Duration = Duration::from_secs(30);
/// Groups of a benchmark may have this many members.
const MEMBERS_MAX: &str = "1000000";

impl Server {
    pub(super) async fn start(program: &Path, secret: &str, database: Database) -> Result<Self, Failure> {
        let address = free_address().map_err(Failure::io("a free port"))?;
        let mut child = Command::new(program)
            .env("GROUPS_LISTEN", address.to_string())
            .env("DATABASE_URL", database.url())
            .env("GROUPS_JWT_SECRET", secret)
            .env("GROUPS_RATE_LIMIT", "0")
            // Thousands of users connect at once, all from one address.
            .env("GROUPS_MAX_ANONYMOUS_CONNECTIONS", "0")
            .env("GROUPS_MAX_ANONYMOUS_CONNECTIONS_PER_ADDRESS", "0")
            .env("GROUPS_MAX_MEMBERS", MEMBERS_MAX)
            .env("GROUPS_LOG", "warn")
            .env("GROUPS_DRAIN_SECONDS", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Failure::Process(format!("{}: {error}", program.display())))?;
        let ended = || Failure::Process(format!("{} ended before it listened", program.display()));
        let pid = child.id().ok_or_else(ended)?;
        let mut lines = BufReader::new(child.stdout.take().ok_or_else(ended)?).lines();
        let listening = timeout(PATIENCE, lines.next_line()).await;
        listening
            .map_err(|_| Failure::Late("the server's start", PATIENCE.as_secs()))?
            .ok()
            .flatten()
            .ok_or_else(ended)?;
        Ok(Self { child, pid, address, secret: secret.to_owned(), database })
    }

    pub(super) fn target(&self) -> Result<Target, Failure> {
        Target::new(&TargetArgs {
            url: format!("http://{}", self.address),
            secret: Some(self.secret.clone()),
            issuer: None,
            audience: None,
            pid: Some(self.pid),
            database_pid: self.database.pid(),
            anywhere: false,
        })
    }

    /// Stops the server gracefully and waits for it. Returns its database.
    pub(super) async fn stop(mut self) -> Result<Database, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::Process(format!("it could not be stopped: {error}"));
        send(self.pid, Signal::TERM).map_err(|error| failed(&error))?;
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(self.database),
            Ok(Ok(status)) => Err(failed(&status)),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(Failure::Late("the server's end", PATIENCE.as_secs())),
        }
    }
}
