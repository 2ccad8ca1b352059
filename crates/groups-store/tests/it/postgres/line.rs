//! A line between a store and PostgreSQL that can fail in the ways in which networks do.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A line. It is carried by the runtime on which it was made.
pub(super) struct Line {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    target: AtomicU16,
    /// Whether new connections are accepted and then left alone.
    mute: AtomicBool,
    connections: Mutex<Vec<Arc<Connection>>>,
    trap: Mutex<Option<Trap>>,
}

#[derive(Default)]
struct Connection {
    silent: AtomicBool,
    listens: AtomicBool,
    /// The name under which COMMIT was prepared, between zeros.
    prepared: Mutex<Option<Vec<u8>>>,
}

/// Silences the connection on which a client commits, once.
struct Trap {
    /// Whether the server still gets to hear it.
    passes: bool,
}

impl Line {
    pub(super) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Self { port: listener.local_addr().unwrap().port(), shared: Arc::default() };
        line.lead_to(port);
        let shared = Arc::clone(&line.shared);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(client, Arc::clone(&shared)));
            }
        });
        line
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Leads new connections to another server.
    pub(super) fn lead_to(&self, port: u16) {
        self.shared.target.store(port, Relaxed);
    }

    /// From here on nothing passes on the connections that there are. None of them ends.
    pub(super) fn fall_silent(&self) {
        self.silence(|_| true);
    }

    /// The same for those that listen to notifications.
    pub(super) fn silence_listeners(&self) {
        self.silence(|connection| connection.listens.load(Relaxed));
    }

    fn silence(&self, which: impl Fn(&Connection) -> bool) {
        let connections = self.shared.connections.lock().unwrap();
        connections.iter().filter(|connection| which(connection)).for_each(|one| one.silent.store(true, Relaxed));
    }

    /// New connections are accepted, and nothing more.
    pub(super) fn answer(&self, answers: bool) {
        self.shared.mute.store(!answers, Relaxed);
    }

    /// The next connection that commits falls silent, before or after the server has heard it.
    pub(super) fn silence_at_commit(&self, passes: bool) {
        *self.shared.trap.lock().unwrap() = Some(Trap { passes });
    }
}

impl Connection {
    /// Whether a client executes the prepared statement COMMIT, given what it says.
    fn commits(&self, bytes: &[u8]) -> bool {
        const TEXT: &[u8] = b"\0COMMIT\0";
        let mut prepared = self.prepared.lock().unwrap();
        // Binding a statement: its name follows an empty one.
        let commits = prepared.as_ref().is_some_and(|name| bytes.windows(name.len()).any(|window| window == name));
        if let Some(end) = bytes.windows(TEXT.len()).position(|window| window == TEXT) {
            // Preparing it: its name comes before the text.
            let name = bytes[..end].iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            *prepared = Some([b"\0", &bytes[end - name..end], b"\0"].concat());
        }
        commits
    }
}

async fn carry(client: TcpStream, shared: Arc<Shared>) {
    if shared.mute.load(Relaxed) {
        return never(client).await;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", shared.target.load(Relaxed))).await else { return };
    let connection = Arc::<Connection>::default();
    shared.connections.lock().unwrap().push(Arc::clone(&connection));
    let ((client_from, client_to), (server_from, server_to)) = (client.into_split(), server.into_split());
    let up = pump(client_from, server_to, &connection, Some(&shared));
    let down = pump(server_from, client_to, &connection, None);
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    connection: &Connection,
    heard: Option<&Shared>,
) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut bytes).await.unwrap_or(0);
        if connection.silent.load(Relaxed) {
            return never((from, to)).await;
        }
        if count == 0 {
            return;
        }
        let says = |text: &[u8]| bytes[..count].windows(text.len()).any(|window| window == text);
        if heard.is_some() && says(b"LISTEN ") {
            connection.listens.store(true, Relaxed);
        }
        let commits = heard.is_some() && connection.commits(&bytes[..count]);
        let trap = heard.and_then(|shared| shared.trap.lock().unwrap().take_if(|_| commits));
        if let Some(trap) = &trap {
            connection.silent.store(true, Relaxed);
            if !trap.passes {
                return never((from, to)).await;
            }
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// Keeps something open.
async fn never<T>(open: T) {
    std::future::pending::<()>().await;
    drop(open);
}
