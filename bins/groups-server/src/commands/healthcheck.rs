//! `groups-server healthcheck`: asks the server on this machine whether it is alive.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use server::{ListenAddress, Settings, SettingsError};

use crate::server_args::ServerArgs;

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
    #[error("the server uses TLS: set GROUPS_OPERATIONS_LISTEN, such as 127.0.0.1:9090, for health checks")]
    Encrypted,
    #[error("no answer from {address}")]
    Silent { address: ListenAddress, source: io::Error },
    #[error("{address} answers: {status}")]
    Status { address: ListenAddress, status: String },
}

impl Healthcheck {
    pub(crate) fn run(self) -> Result<(), Unhealthy> {
        let settings = Settings::from(self.server.settings);
        let address = match settings.operations_address()? {
            Some(address) => ListenAddress::Tcp(address),
            None => {
                let is_plain =
                    |address: &ListenAddress| !settings.uses_tls() || matches!(address, ListenAddress::Unix(_));
                settings.addresses()?.into_iter().find(is_plain).ok_or(Unhealthy::Encrypted)?
            }
        };
        let path = if self.ready { "/readyz" } else { "/healthz" };
        let asked = match &address {
            ListenAddress::Tcp(address) => ask_tcp(*address, path),
            ListenAddress::Unix(socket) => ask_unix(socket, path),
        };
        match asked {
            Ok(status) if status.starts_with("HTTP/1.1 200 ") => Ok(()),
            Ok(status) => Err(Unhealthy::Status { address, status }),
            Err(source) => Err(Unhealthy::Silent { address, source }),
        }
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

fn ask_tcp(address: SocketAddr, path: &str) -> io::Result<String> {
    let address = SocketAddr::new(reachable(address.ip()), address.port());
    let stream = TcpStream::connect_timeout(&address, STEP_MAX)?;
    stream.set_read_timeout(Some(STEP_MAX))?;
    stream.set_write_timeout(Some(STEP_MAX))?;
    ask(stream, path)
}

fn ask_unix(socket: &Path, path: &str) -> io::Result<String> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(STEP_MAX))?;
    stream.set_write_timeout(Some(STEP_MAX))?;
    ask(stream, path)
}

/// The status line of the answer.
fn ask(mut stream: impl Read + Write, path: &str) -> io::Result<String> {
    /// Longer than any status line.
    const ANSWER_BYTES: u64 = 64;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}
