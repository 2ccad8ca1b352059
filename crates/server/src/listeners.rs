//! The sockets on which clients connect: TCP and Unix sockets, bound here or passed on by systemd.

mod address;
mod unix;

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use listenfd::ListenFd;
use tokio::net::TcpSocket;

pub use self::address::ListenAddress;
pub(crate) use self::unix::SocketFile;

/// Length of the accept queue, so that clients that reconnect all at once are not turned away.
/// Linux caps it at `somaxconn`.
const BACKLOG_CONNECTIONS_MAX: u32 = 4_096;

/// Bound sockets. Clients can connect, and wait in the accept queue until they are served.
#[derive(Debug, Default)]
pub struct Listeners {
    pub(crate) sockets: Vec<Listener>,
    /// Removed when the server has stopped.
    pub(crate) files: Vec<SocketFile>,
}

/// A bound socket.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listeners {
    /// Binds these addresses. A Unix socket gets this mode.
    ///
    /// # Errors
    /// The first address that cannot be bound, and why.
    pub(crate) fn bind(addresses: Vec<ListenAddress>, unix_mode: u32) -> Result<Self, (ListenAddress, io::Error)> {
        let mut bound = Self::default();
        for address in addresses {
            match &address {
                ListenAddress::Tcp(tcp) => bind_tcp(*tcp).map(|listener| bound.sockets.push(Listener::Tcp(listener))),
                ListenAddress::Unix(path) => unix::bind(path, unix_mode).map(|(listener, file)| {
                    bound.sockets.push(Listener::Unix(listener));
                    bound.files.push(file);
                }),
            }
            .map_err(|error| (address, error))?;
        }
        Ok(bound)
    }

    /// Takes the sockets that systemd has passed on (`LISTEN_FDS` and `LISTEN_PID`); none if there are
    /// none.
    ///
    /// # Errors
    /// If one of them is neither a TCP nor a Unix socket that listens.
    pub(crate) fn inherited() -> io::Result<Self> {
        let mut passed_on = ListenFd::from_env();
        let mut inherited = Self::default();
        for at in 0..passed_on.len() {
            let listener = match passed_on.take_tcp_listener(at) {
                Ok(Some(listener)) => Listener::Tcp(listener),
                Ok(None) => continue,
                Err(_) => match passed_on.take_unix_listener(at)? {
                    Some(listener) => Listener::Unix(listener),
                    None => continue,
                },
            };
            inherited.sockets.push(listener);
        }
        Ok(inherited)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// The addresses on which clients can connect.
    ///
    /// # Errors
    /// If the operating system does not tell.
    pub fn addresses(&self) -> io::Result<Vec<ListenAddress>> {
        self.sockets.iter().map(Listener::address).collect()
    }
}

impl Listener {
    pub(crate) fn address(&self) -> io::Result<ListenAddress> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(ListenAddress::Tcp),
            Self::Unix(listener) => {
                let address = listener.local_addr()?;
                Ok(ListenAddress::Unix(address.as_pathname().map_or_else(PathBuf::new, Into::into)))
            }
        }
    }
}

impl From<TcpListener> for Listeners {
    fn from(listener: TcpListener) -> Self {
        Self { sockets: vec![Listener::Tcp(listener)], files: Vec::new() }
    }
}

impl From<UnixListener> for Listeners {
    fn from(listener: UnixListener) -> Self {
        Self { sockets: vec![Listener::Unix(listener)], files: Vec::new() }
    }
}

/// Binds a TCP socket.
///
/// # Errors
/// If the address is in use or not one of this machine.
pub(crate) fn bind_tcp(address: std::net::SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG_CONNECTIONS_MAX)?.into_std()
}
