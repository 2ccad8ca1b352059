//! `groups-server healthcheck`: asks the server on this machine whether it is alive.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use clap::Args;
use server::{Settings, SettingsError};

use crate::cli::ServerArgs;

/// How long each step may take.
const STEP_MAX: Duration = Duration::from_secs(4);

#[derive(Args)]
pub(crate) struct Healthcheck {
    /// Ask whether the server can serve (`/readyz`), not only whether it is alive (`/healthz`)
    #[arg(long)]
    ready: bool,

    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Unhealthy {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("no answer from {address}")]
    Silent { address: SocketAddr, source: io::Error },
    #[error("{address} answers: {status}")]
    Status { address: SocketAddr, status: String },
}

impl Healthcheck {
    pub(crate) fn run(self) -> Result<(), Unhealthy> {
        let settings = Settings::from(self.server.settings);
        let address = settings.operations_address()?.map_or_else(|| settings.address(), Ok)?;
        let address = SocketAddr::new(reachable(address.ip()), address.port());
        let path = if self.ready { "/readyz" } else { "/healthz" };
        let status = ask(address, path).map_err(|source| Unhealthy::Silent { address, source })?;
        if status.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(Unhealthy::Status { address, status }) }
    }
}

/// The address to connect to, of a server that listens on this one.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}

/// The status line of the answer.
fn ask(address: SocketAddr, path: &str) -> io::Result<String> {
    /// Longer than any status line.
    const ANSWER_BYTES: u64 = 64;
    let mut stream = TcpStream::connect_timeout(&address, STEP_MAX)?;
    stream.set_read_timeout(Some(STEP_MAX))?;
    stream.set_write_timeout(Some(STEP_MAX))?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}
