//! The socket under a connection: its options, and how to end it.
//!
//! A client that takes nothing keeps its connection for ever: the dispatcher does not poll the body while its write
//! buffer is full, and a peer whose kernel still acknowledges is none that TCP gives up. Only `shutdown(2)` ends it, and
//! that needs the descriptor, which the dispatcher owns. Without unsafe code there are two ways to it:
//!
//! * `pidfd_getfd(2)` duplicates a descriptor of a process by its number, also of the own one. It is called only in the
//!   moment when a socket has to be shut down, so it costs a connection nothing. The connection takes
//!   itself off the shard before its socket is dropped, so the number should be right; as another connection may have it if that ever
//!   fails, the peer's address is compared first. Linux 5.6 or later has it; container runtimes
//!   may forbid it.
//! * Elsewhere the descriptor is duplicated when the connection is accepted, which costs a second descriptor for every
//!   connection of the server, plain requests included. Which of the two it is, is found out once, with the first connection.

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

use crate::conn::Socket;

/// The kernel's send buffer for a connection; it doubles what it is asked for. What a client that takes nothing can hold of
/// memory that cannot be swapped out.
const SEND_BUFFER_BYTES: usize = 16 * 1024;

/// After so long without acknowledgement of what was sent, TCP gives a peer up.
#[cfg(target_os = "linux")]
const USER_TIMEOUT_MS: u32 = 30_000;

/// The way to a connection's socket.
#[derive(Clone)]
enum Handle {
    /// Its number, as long as the connection lives, and its peer.
    Number(RawFd, SocketAddr),
    Duplicate(Rc<OwnedFd>),
}

/// For `HttpServer::on_connect`: bounds what the kernel keeps for a client, and remembers the way to its socket.
///
/// It sets a send buffer of 16 KiB (the kernel makes it 32), which also bounds plain answers to 32 KiB for each round
/// trip, and on Linux has TCP give up a peer that acknowledges nothing for 30 seconds. Where `pidfd_getfd(2)` is not to
/// be had (before Linux 5.6, on other systems, or where a container forbids it), each connection costs a second file
/// descriptor.
///
/// A socket that is no plain TCP socket (a TLS stream, say) is left alone; a client that takes nothing then lives until
/// it goes by itself.
pub fn on_connect(io: &dyn Any, ext: &mut Extensions) {
    let Some(stream) = io.downcast_ref::<TcpStream>() else { return };
    // An option that cannot be set leaves a connection that works.
    let _ = sockopt::set_socket_send_buffer_size(stream, SEND_BUFFER_BYTES);
    #[cfg(target_os = "linux")]
    let _ = sockopt::set_tcp_user_timeout(stream, USER_TIMEOUT_MS);
    let handle = match stream.peer_addr() {
        Ok(peer) if pidfd_works(stream) => Some(Handle::Number(stream.as_raw_fd(), peer)),
        _ => duplicate(stream),
    };
    if let Some(handle) = handle {
        ext.insert(handle);
    }
}

fn duplicate(stream: &TcpStream) -> Option<Handle> {
    match stream.as_fd().try_clone_to_owned() {
        Ok(duplicate) => Some(Handle::Duplicate(Rc::new(duplicate))),
        Err(error) => {
            tracing::warn!(%error, "no way to a connection's socket: it cannot be shut down");
            None
        }
    }
}

/// The socket under a request.
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
                // Of another connection, or of a file, by now: it is not ours to end.
                if getpeername(&socket)?.and_then(|found| SocketAddr::try_from(found).ok()).as_ref() != Some(peer) {
                    return Err(Errno::NOTCONN);
                }
                shutdown(socket, Shutdown::Both)
            }),
            Self::Duplicate(socket) => shutdown(socket, Shutdown::Both),
        };
        match done {
            Ok(()) => true,
            // Its peer was faster, or the descriptor is closed, or a file's.
            Err(Errno::NOTCONN | Errno::BADF | Errno::NOTSOCK) => false,
            Err(error) => {
                tracing::error!(%error, "a connection's socket cannot be shut down");
                false
            }
        }
    }
}

/// A connection whose socket nobody knows.
struct Unreachable;

impl Socket for Unreachable {
    fn shut_down(&self) -> bool {
        false
    }
}

/// Whether a descriptor of this process can be had by its number; tried once.
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
