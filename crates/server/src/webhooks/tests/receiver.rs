//! A receiver on loopback.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

/// Records the versions that it gets. Its thread ends with the test program.
pub(super) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    status: AtomicU16,
    /// The versions, and whether they were accepted.
    received: Mutex<Vec<(String, bool)>>,
}

impl Receiver {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { status: AtomicU16::new(200), received: Mutex::default() });
        let receiver = Self { address, shared: Arc::clone(&shared) };
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(socket, &shared));
            }
        });
        receiver
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Answers with this status from now on.
    pub(super) fn answers(&self, status: u16) {
        self.shared.status.store(status, Ordering::SeqCst);
    }

    /// The versions that it got, each time.
    pub(super) fn received(&self) -> Vec<String> {
        self.shared.received.lock().unwrap().iter().map(|(version, _)| version.clone()).collect()
    }

    /// Waits until exactly these versions were accepted, in this order.
    pub(super) async fn accepts(&self, versions: &[&str]) {
        super::until(async || {
            let received = self.shared.received.lock().unwrap();
            let accepted = received.iter().filter(|(_, accepted)| *accepted).map(|(version, _)| version);
            accepted.eq(versions.iter())
        })
        .await;
    }
}

fn serve(mut socket: TcpStream, shared: &Shared) {
    let (mut request, mut buffer) = (Vec::new(), [0; 4_096]);
    let text = loop {
        let count = socket.read(&mut buffer).unwrap();
        request.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        if count == 0 || is_complete(&text) {
            break text;
        }
    };
    let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    let version = header("webhook-id: ").rsplit('.').next().unwrap().to_owned();
    let status = shared.status.load(Ordering::SeqCst);
    shared.received.lock().unwrap().push((version, status == 200));
    // The sender may have been stopped meanwhile.
    socket.write_all(format!("HTTP/1.1 {status} It\r\nContent-Length: 0\r\n\r\n").as_bytes()).ok();
}

fn is_complete(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    body.len() >= length.parse::<usize>().unwrap()
}
