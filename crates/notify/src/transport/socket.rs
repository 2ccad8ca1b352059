//! Socket options, and how to shut down the socket of a connection.
//!
//! A client that reads nothing would keep its connection indefinitely: the dispatcher does not poll
//! the body while its write buffer is full, and TCP does not give up a peer whose kernel still
//! acknowledges. Only `shutdown(2)` ends it. That needs the descriptor, which the dispatcher owns.
//! There are two ways to get it without unsafe code:
//!
//! * `pidfd_getfd(2)` duplicates a descriptor by its number, also one of the own process. It is
//!   only called when a socket must be shut down, so it costs nothing per connection. A connection
//!   removes itself from the shard before its socket is dropped, so the number should be valid. In
//!   case it is not, the peer's address is compared first, so that no other connection is shut
//!   down. Needs Linux 5.6 or later; container runtimes may forbid it.
//! * Otherwise the descriptor is duplicated when the connection is accepted. This costs a second
//!   descriptor for every connection of the server, including plain requests. The first connection
//!   determines which way is used.

#[cfg(test)]
mod tests;

use std::any::Any;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::sync::OnceLock;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use rustix::io::Errno;
use rustix::net::{Shutdown, getpeername, shutdown, sockopt};

use super::client_stream::ClientStream;
use super::send_buffer::SEND_BUFFER_BYTES;
use crate::conn::Socket;

/// How long TCP waits for an acknowledgement before it gives up a peer.
#[cfg(target_os = "linux")]
const USER_TIMEOUT_MS: u32 = 30_000;

/// Access to a connection's socket.
#[derive(Clone)]
enum Handle {
    /// The descriptor number, valid while the connection exists, and the peer's address.
    Number(RawFd, SocketAddr),
    Duplicate(Rc<OwnedFd>),
}

/// For `HttpServer::on_connect`: bounds the kernel memory per client, and remembers how to access
/// the socket.
///
/// It calls [`set_socket_options`]. If `pidfd_getfd(2)` is not available (before Linux 5.6, on other systems, or if a container
/// forbids it), each connection needs a second file descriptor.
///
/// Sockets other than plain TCP sockets, such as TLS streams, are left alone. A client on such a
/// socket that reads nothing stays until it disconnects.
pub fn on_connect(io: &dyn Any, ext: &mut Extensions) {
    let Some(stream) = io.downcast_ref::<TcpStream>() else { return };
    set_socket_options(stream);
    let handle = match stream.peer_addr() {
        Ok(peer) if pidfd_works(stream) => Some(Handle::Number(stream.as_raw_fd(), peer)),
        _ => duplicate(stream),
    };
    if let Some(handle) = handle {
        ext.insert(handle);
    }
}

/// Bounds the kernel memory per client: sets a send buffer of 16 KiB, which the kernel doubles. This
/// also limits plain responses to about 32 KiB per round trip, unless the server enlarges the buffer
/// for them with a [`SendBuffer`](crate::SendBuffer). On Linux, TCP gives up a peer that acknowledges
/// nothing for 30 seconds.
pub fn set_socket_options(stream: &impl ClientStream) {
    // The connection works without these options.
    let _ = sockopt::set_socket_send_buffer_size(stream.descriptor(), SEND_BUFFER_BYTES);
    #[cfg(target_os = "linux")]
    let _ = sockopt::set_tcp_user_timeout(stream.descriptor(), USER_TIMEOUT_MS);
}

fn duplicate(stream: &TcpStream) -> Option<Handle> {
    match stream.as_fd().try_clone_to_owned() {
        Ok(duplicate) => Some(Handle::Duplicate(Rc::new(duplicate))),
        Err(error) => {
            tracing::warn!(%error, "cannot access a connection's socket, so it cannot be shut down");
            None
        }
    }
}

/// Returns the socket of a request.
pub(super) fn of(request: &HttpRequest) -> Box<dyn Socket> {
    match request.conn_data::<Handle>() {
        Some(handle) => Box::new(handle.clone()),
        None => Box::new(Unreachable),
    }
}

impl Socket for Handle {
    fn shut_down(&self) -> bool {
        let done = match self {
            Self::Number(number, peer) => by_number(*number).and_then(|socket| {
                // The number now belongs to another connection or a file.
                if getpeername(&socket)?.and_then(|found| SocketAddr::try_from(found).ok()).as_ref() != Some(peer) {
                    return Err(Errno::NOTCONN);
                }
                shutdown(socket, Shutdown::Both)
            }),
            Self::Duplicate(socket) => shutdown(socket, Shutdown::Both),
        };
        match done {
            Ok(()) => true,
            // The peer has closed the connection, or the descriptor is closed or not a socket.
            Err(Errno::NOTCONN | Errno::BADF | Errno::NOTSOCK) => false,
            Err(error) => {
                tracing::error!(%error, "a connection's socket cannot be shut down");
                false
            }
        }
    }
}

/// The transport owns the socket, and ends the connection when it is woken.
pub(super) struct Owned;

impl Socket for Owned {
    fn shut_down(&self) -> bool {
        true
    }
}

/// A connection whose socket is not accessible.
struct Unreachable;

impl Socket for Unreachable {
    fn shut_down(&self) -> bool {
        false
    }
}

/// Whether `pidfd_getfd(2)` works for this process. Tested once.
fn pidfd_works(stream: &TcpStream) -> bool {
    static WORKS: OnceLock<bool> = OnceLock::new();
    *WORKS.get_or_init(|| by_number(stream.as_raw_fd()).is_ok())
}

#[cfg(target_os = "linux")]
fn by_number(number: RawFd) -> rustix::io::Result<OwnedFd> {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let this_process = pidfd_open(getpid(), PidfdFlags::empty())?;
    pidfd_getfd(this_process, number, PidfdGetfdFlags::empty())
}

#[cfg(not(target_os = "linux"))]
fn by_number(_: RawFd) -> rustix::io::Result<OwnedFd> {
    Err(Errno::NOSYS)
}
