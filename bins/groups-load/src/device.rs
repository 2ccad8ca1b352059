//! A client: one user's connection, and its view of the user's groups.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use crate::board::Board;
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::message::Message;
use crate::person::Person;
use crate::socket::{Socket, SocketError};
use crate::target::Target;
use crate::view::{Folded, View, Violation};

/// Timeout from the connection attempt to `ready`.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A connected client with a valid view.
pub(crate) struct Device {
    pub(crate) person: Person,
    pub(crate) view: View,
    pub(crate) cursor: String,
    target: Target,
    board: Arc<Board>,
    socket: Socket,
}

/// A disconnected client with everything that it knows.
pub(crate) struct Absent {
    pub(crate) person: Person,
    pub(crate) view: View,
    pub(crate) cursor: Option<String>,
    target: Target,
    board: Arc<Board>,
}

/// How a client connected.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Opening {
    pub(crate) resumed: bool,
    /// Missed events that were replayed and not known before.
    pub(crate) replayed: u64,
}

impl Absent {
    pub(crate) fn new(person: Person, target: Target, board: Arc<Board>) -> Self {
        Self { person, view: View::default(), cursor: None, target, board }
    }

    /// Connects, with the cursor if there is one, and processes messages up to `ready`.
    pub(crate) async fn connect(self) -> Result<(Device, Opening), Failure> {
        timeout(READY_WITHIN, self.open()).await.unwrap_or(Err(Failure::Late("'ready'", READY_WITHIN.as_secs())))
    }

    async fn open(mut self) -> Result<(Device, Opening), Failure> {
        let mut socket = self.target.connect(&self.person, self.cursor.as_deref()).await?;
        let (mut opening, mut listed) = (Opening::default(), Vec::new());
        let cursor = loop {
            let text = socket.next().await?;
            match Message::parse(&text) {
                Ok(Message::Welcome { resumed }) => opening.resumed = resumed,
                Ok(Message::Snapshot { groups, more }) => {
                    listed.extend(groups);
                    if !more {
                        note(&self.board, self.view.replace(&listed));
                    }
                }
                Ok(Message::Event(event)) => match self.view.fold(&event, false) {
                    Ok(Folded::Applied) => opening.replayed += 1,
                    Ok(Folded::Repeated) => {
                        self.board.repeated_on_resume.fetch_add(1, Relaxed);
                    }
                    Err(violation) => self.board.violations.add(&violation),
                },
                Ok(Message::Ready { cursor }) => break cursor.into_owned(),
                Ok(Message::Other) => {}
                Err(error) => self.board.violations.add(&Violation::Message(error.to_string())),
            }
        };
        let Self { person, view, target, board, .. } = self;
        Ok((Device { person, view, cursor, target, board, socket }, opening))
    }
}

impl Device {
    /// Waits for one message and processes it. Cancellation-safe while it waits.
    pub(crate) async fn hear(&mut self) -> Result<(), SocketError> {
        let text = self.socket.next().await?;
        match Message::parse(&text) {
            Ok(Message::Event(event)) => {
                note(&self.board, self.view.fold(&event, true).map(drop));
                self.board.note_event(text.len(), &event, Instant::now());
                self.cursor.clear();
                self.cursor.push_str(&event.cursor);
            }
            Ok(_) => {}
            Err(error) => self.board.violations.add(&Violation::Message(error.to_string())),
        }
        Ok(())
    }

    /// Sends further findings to another board.
    pub(crate) fn report_to(&mut self, board: Arc<Board>) {
        self.board = board;
    }

    /// Drops the connection without a close frame, like a network failure.
    pub(crate) fn drop_connection(self) -> Absent {
        let Self { person, view, cursor, target, board, .. } = self;
        Absent { person, view, cursor: Some(cursor), target, board }
    }

    /// Reconnects after a connection has ended, if the close code allows it (contract, section 4).
    pub(crate) async fn come_back(self, ended: SocketError) -> Result<Self, Failure> {
        match &ended {
            SocketError::Closed { code: 1001 | 1006 | 1012 | 4000..=4499, .. } => {}
            SocketError::Closed { .. } | SocketError::Refused(_) | SocketError::Broken(_) => {
                self.board.violations.add(&Violation::Connection(ended.to_string()));
                return Err(ended.into());
            }
        }
        self.board.sent_back.fetch_add(1, Relaxed);
        Ok(self.drop_connection().connect().await?.0)
    }
}

/// Connects all clients, with limited concurrency, and records how long each took.
pub(crate) async fn connect_all(
    absent: Vec<Absent>,
    at_once: usize,
    took: &Arc<Histogram>,
) -> Result<Vec<(Device, Opening)>, Failure> {
    let count = absent.len();
    let mut attempts = stream::iter(absent.into_iter().map(|absent| {
        let took = Arc::clone(took);
        tokio::spawn(async move {
            let started = Instant::now();
            let connected = absent.connect().await;
            took.record(started.elapsed());
            connected
        })
    }))
    .buffer_unordered(at_once.max(1));
    let mut devices = Vec::with_capacity(count);
    while let Some(connected) = attempts.next().await {
        devices.push(connected??);
    }
    Ok(devices)
}

fn note(board: &Board, verdict: Result<(), Violation>) {
    if let Err(violation) = verdict {
        board.violations.add(&violation);
    }
}
