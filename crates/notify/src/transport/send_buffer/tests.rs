//! A long message gets a larger buffer, and keeps its share of the budget until it was taken.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::future::poll_fn;
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream as StdStream};

use actix_web::rt::net::TcpStream;

use super::*;
use crate::transport::socket::set_socket_options;

fn connection() -> (TcpStream, StdStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let near = StdStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    near.set_nonblocking(true).unwrap();
    let near = TcpStream::from_std(near).unwrap();
    set_socket_options(&near);
    (near, far)
}

/// The size of the send buffer as the kernel counts it.
fn size(socket: &TcpStream) -> usize {
    sockopt::socket_send_buffer_size(socket).unwrap()
}

/// Sends until both kernels take no more. Returns the number of bytes.
async fn clog(near: &TcpStream) -> usize {
    let mut sent = 0;
    near.writable().await.unwrap();
    while let Ok(bytes) = near.try_write(&[0; 16 * 1024]) {
        sent += bytes;
    }
    sent
}

#[tokio::test]
async fn a_share_is_kept_until_the_client_has_taken_the_message() {
    let (near, mut far) = connection();
    let mut buffer = SendBuffer::default();
    buffer.grow(&near, SEND_BUFFER_BYTES);
    assert!(!buffer.is_shared(), "a short message needs no larger buffer");
    buffer.grow(&near, 100_000);
    assert!(buffer.is_shared() && size(&near) > 2 * 100_000);
    let sent = clog(&near).await;
    let mut cx = Context::from_waker(std::task::Waker::noop());
    assert!(buffer.poll_shrink(&near, &mut cx).is_pending());
    assert_eq!(size(&near), 2 * SEND_BUFFER_BYTES, "nothing more is accepted");
    assert!(buffer.is_shared());

    let reading = std::thread::spawn(move || far.read_exact(&mut vec![0; sent]).map(|()| far).unwrap());
    poll_fn(|cx| buffer.poll_shrink(&near, cx)).await;
    assert!(!buffer.is_shared());
    drop(reading.join().unwrap());
}

#[tokio::test]
async fn a_share_is_given_back_when_the_client_is_gone() {
    let (near, far) = connection();
    let mut buffer = SendBuffer::default();
    buffer.grow(&near, usize::MAX);
    clog(&near).await;
    drop(far);
    poll_fn(|cx| buffer.poll_shrink(&near, cx)).await;
    assert!(!buffer.is_shared());
}

#[tokio::test]
async fn a_further_message_grows_the_buffer_again_while_the_share_is_still_kept() {
    let (near, _far) = connection();
    let mut buffer = SendBuffer::default();
    buffer.grow(&near, 50_000);
    clog(&near).await;
    let mut cx = Context::from_waker(std::task::Waker::noop());
    assert!(buffer.poll_shrink(&near, &mut cx).is_pending());
    buffer.grow(&near, 30_000);
    assert!(size(&near) > 2 * 30_000);
}

#[test]
fn a_budget_is_shared_and_what_is_given_back_can_be_taken_again() {
    let budget = Budget::new(10);
    assert!(budget.take(6) && !budget.take(5) && budget.take(4) && !budget.take(1));
    budget.give_back(6);
    assert!(budget.take(6));
    assert!(!budget.take(usize::MAX));
}
