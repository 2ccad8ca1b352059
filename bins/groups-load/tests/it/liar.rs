//! A proxy that forwards everything from the server, except for one lie on each WebSocket.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
};

/// What happens to a connection's fifth event.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Lie {
    /// It is dropped.
    Lose,
    /// It is duplicated.
    Repeat,
    /// It is sent after the sixth.
    Swap,
    /// It and everything after it are dropped.
    Silence,
}

const LIED_ABOUT: usize = 5;

/// A proxy. Its threads end with the connections that they serve.
pub(crate) struct Liar {
    pub(crate) address: SocketAddr,
}

impl Liar {
    pub(crate) fn before(server: SocketAddr, lie: Lie) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("its number");
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || serve(client, server, lie));
            }
        });
        Self { address }
    }
}

/// Ignores errors: the test checks what the program reports.
fn serve(client: TcpStream, server: SocketAddr, lie: Lie) {
    let Ok(server) = TcpStream::connect(server) else { return };
    for side in [&client, &server] {
        side.set_nodelay(true).expect("an option of a socket");
    }
    let (mut requests, mut to_server) = (client.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
    thread::spawn(move || {
        std::io::copy(&mut requests, &mut to_server).ok();
        to_server.shutdown(Shutdown::Write).ok();
    });
    pass_answers(server, client, lie).ok();
}

fn pass_answers(mut server: TcpStream, mut client: TcpStream, lie: Lie) -> std::io::Result<()> {
    let (mut bytes, mut upgraded, mut events, mut held) = (Vec::new(), false, 0, None::<Vec<u8>>);
    let mut chunk = [0; 4096];
    loop {
        let count = server.read(&mut chunk)?;
        if count == 0 {
            return client.shutdown(Shutdown::Write);
        }
        bytes.extend_from_slice(&chunk[..count]);
        if !upgraded {
            if !bytes.starts_with(b"HTTP/1.1 101") {
                client.write_all(&bytes)?;
                bytes.clear();
                continue;
            }
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            client.write_all(&bytes[..end + 4])?;
            bytes.drain(..end + 4);
            upgraded = true;
        }
        while let Some(length) = frame_length(&bytes) {
            let frame: Vec<u8> = bytes.drain(..length).collect();
            let is_event = frame.windows(17).any(|window| window == b"\"settings_changed");
            events += usize::from(is_event);
            match lie {
                _ if !is_event => client.write_all(&frame)?,
                Lie::Lose if events == LIED_ABOUT => {}
                Lie::Silence if events >= LIED_ABOUT => {}
                Lie::Repeat if events == LIED_ABOUT => client.write_all(&[frame.clone(), frame].concat())?,
                Lie::Swap if events == LIED_ABOUT => held = Some(frame),
                Lie::Lose | Lie::Silence | Lie::Repeat | Lie::Swap => {
                    client.write_all(&frame)?;
                    client.write_all(&held.take().unwrap_or_default())?;
                }
            }
        }
    }
}

/// The length of the first complete frame including its header; frames from a server are not masked
/// (RFC 6455 section 5.2).
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let length = match *bytes.get(1)? {
        126 => 4 + usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        127 => 10 + usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?,
        short => 2 + usize::from(short),
    };
    (bytes.len() >= length).then_some(length)
}
