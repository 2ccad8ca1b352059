//! Starts and stops the servers of the benchmark.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use uuid::Uuid;

use crate::failure::Failure;
use crate::target::{Target, TargetArgs};

/// A server process. Killed on drop unless it was stopped.
pub(super) struct Server {
    child: Child,
    pid: u32,
    address: SocketAddr,
    secret: String,
    directory: TempDir,
}

/// Timeout for a server to start and to stop.
const PATIENCE: Duration = Duration::from_secs(20);

impl Server {
    /// Starts the program on a database in a new directory, unless a database is given.
    pub(super) async fn start(program: &Path, database_url: Option<&str>) -> Result<Self, Failure> {
        let directory = tempfile::tempdir().map_err(Failure::io("a temporary directory"))?;
        let address = free_address().map_err(Failure::io("a free port"))?;
        let secret = format!("{}{}", Uuid::now_v7(), Uuid::now_v7());
        let file = format!("sqlite://{}", directory.path().join("groups.db").display());
        let mut child = Command::new(program)
            .env("GROUPS_LISTEN", address.to_string())
            .env("DATABASE_URL", database_url.unwrap_or(&file))
            .env("GROUPS_JWT_SECRET", &secret)
            .env("GROUPS_RATE_LIMIT", "0")
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
        Ok(Self { child, pid, address, secret, directory })
    }

    pub(super) fn target(&self) -> Result<Target, Failure> {
        Target::new(&TargetArgs {
            url: format!("http://{}", self.address),
            secret: Some(self.secret.clone()),
            issuer: None,
            audience: None,
            pid: Some(self.pid),
            anywhere: false,
        })
    }

    /// The directory of the database, whose disk is measured.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Stops the server gracefully and waits for it.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::Process(format!("it could not be stopped: {error}"));
        let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw);
        let pid = pid.ok_or_else(|| failed(&"its id is none"))?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).map_err(|error| failed(&error))?;
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(failed(&status)),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(Failure::Late("the server's end", PATIENCE.as_secs())),
        }
    }
}

/// Finds a free port below the ephemeral range, of which a run uses thousands.
fn free_address() -> Result<SocketAddr, std::io::Error> {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    let offset = u16::try_from(Uuid::now_v7().as_u128() % u128::from(COUNT)).unwrap_or(0);
    for step in 0..COUNT {
        let port = FIRST + (offset + step) % COUNT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    Err(std::io::ErrorKind::AddrInUse.into())
}
