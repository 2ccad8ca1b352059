//! Both ways to access a socket shut it down, even with unsent data.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream as StdStream};

use super::*;

/// Both ends of a connection with full buffers.
async fn clogged() -> (TcpStream, StdStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let near = StdStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    near.set_nonblocking(true).unwrap();
    let near = TcpStream::from_std(near).unwrap();
    near.writable().await.unwrap();
    while near.try_write(&[0; 65_536]).is_ok() {}
    (near, far)
}

/// Asserts that the peer reads what was sent, and then the end of the stream.
fn is_ended(mut far: StdStream) {
    far.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let mut sent = Vec::new();
    assert!(far.read_to_end(&mut sent).is_ok() && !sent.is_empty());
}

#[tokio::test]
async fn a_socket_is_ended_by_its_number() {
    let (near, far) = clogged().await;
    let peer = near.peer_addr().unwrap();
    assert!(Handle::Number(near.as_raw_fd(), peer).shut_down());
    is_ended(far);
}

#[tokio::test]
async fn a_socket_that_has_taken_over_the_number_of_another_is_left_alone() {
    let ((gone, gone_far), (other, mut other_far)) = (clogged().await, clogged().await);
    let peer = gone.peer_addr().unwrap();
    drop((gone, gone_far));
    assert!(!Handle::Number(other.as_raw_fd(), peer).shut_down());
    // It can still send once its buffers have room.
    let mut read = [0; 65_536];
    while other.try_write(b"alive").is_err() {
        other_far.read_exact(&mut read).unwrap();
        tokio::task::yield_now().await;
    }
    // Nor is a number that is unused or belongs to a file shut down.
    let file = std::fs::File::open("/dev/null").unwrap();
    assert!(!Handle::Number(file.as_raw_fd(), peer).shut_down());
    assert!(!Handle::Number(RawFd::MAX, peer).shut_down());
}

#[tokio::test]
async fn a_socket_is_ended_by_its_duplicate() {
    let (near, far) = clogged().await;
    assert!(duplicate(&near).unwrap().shut_down());
    is_ended(far);
}

#[tokio::test]
async fn a_socket_whose_peer_is_gone_needs_no_ending() {
    let (near, far) = clogged().await;
    let handle = duplicate(&near).unwrap();
    assert!(handle.shut_down());
    drop(far);
    assert!(!Unreachable.shut_down());
}

#[tokio::test]
async fn a_connection_gets_its_options_and_a_handle() {
    let (near, _far) = clogged().await;
    let mut ext = Extensions::new();
    on_connect(&near, &mut ext);
    assert!(ext.contains::<Handle>());
    // The kernel doubles the requested size.
    assert_eq!(sockopt::socket_send_buffer_size(&near).unwrap(), 2 * SEND_BUFFER_BYTES);
    on_connect(&"no socket", &mut ext);
}
