//! The list of a user's groups, kept up to date over a WebSocket.

mod convert;
mod event;
mod list;
mod message;
mod open;
mod socket;
mod sync_future;
mod update;
mod verdict;

use std::collections::VecDeque;

use futures_util::Stream;
use groups_domain::{Sidebar, UserId};
use tokio::time::Instant;

pub use self::event::{Effect, GroupEvent};
pub use self::list::Checkpoint;
use self::list::List;
use self::open::Open;
use self::socket::Socket;
use self::sync_future::SyncFuture;
pub use self::update::{Snapshot, Status, Typing, Update};
use self::verdict::{End, Verdict, Wait, verdict};
use crate::backoff;
use crate::error::Error;
use crate::http::Shared;
use crate::token::TokenReason;

/// Settings of a watch.
#[derive(Debug)]
#[must_use = "call start()"]
pub struct WatchBuilder {
    http: HttpDebug,
    checkpoint: Option<Checkpoint>,
}

/// Keeps the list of a user's groups, invitations and requests to join up to date.
///
/// It works while [`next`](Self::next) is awaited, and starts no task of its own. If `next` is not called for longer than about a
/// minute, the server closes the connection, and the watch resumes when it is called again. Nothing is lost then, up to the limits
/// of `docs/delivery.md`: after a long time, a snapshot replaces the missed events.
///
/// ```no_run
/// use groups_client::{Client, Update};
///
/// # async fn example() -> Result<(), groups_client::Error> {
/// # let client = Client::builder("http://127.0.0.1:8080").build().expect("a valid URL");
/// let mut watch = client.watch().start();
/// loop {
///     match watch.next().await? {
///         Update::Snapshot(list) => println!("{} groups, {} invitations", list.groups.len(), list.invitations.len()),
///         Update::Event(event) => println!("{} is at version {}", event.group_id, event.version),
///         Update::Status(status) => println!("{status:?}"),
///         _ => {}
///     }
///     assert!(watch.sidebar().rows().count() < 10_000);
/// }
/// # }
/// ```
pub struct Watch {
    http: Shared,
    list: List,
    state: State,
    /// Updates to return before anything else; at most a few.
    pending: VecDeque<Update>,
    /// Failed attempts in a row.
    attempt: u32,
    /// How often in a row a token was refused.
    refusals: u32,
    token_reason: TokenReason,
}

enum State {
    Idle,
    Connecting(SyncFuture<Result<Open, End>>),
    Open(Box<Open>),
    Waiting(Instant),
}

/// The shared state without its contents in debug output.
struct HttpDebug(Shared);

impl std::fmt::Debug for HttpDebug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.url.fmt(f)
    }
}

impl WatchBuilder {
    pub(crate) fn new(http: Shared) -> Self {
        Self { http: HttpDebug(http), checkpoint: None }
    }

    /// Continues from a [checkpoint](Watch::checkpoint) of the same user. Default: starts with a snapshot.
    pub fn resume(self, checkpoint: Checkpoint) -> Self {
        Self { checkpoint: Some(checkpoint), ..self }
    }

    /// Starts the watch. It connects when [`Watch::next`] is called. A damaged checkpoint is treated like none.
    pub fn start(self) -> Watch {
        Watch {
            http: self.http.0,
            list: self.checkpoint.and_then(|checkpoint| List::restore(checkpoint).ok()).unwrap_or_default(),
            state: State::Idle,
            pending: VecDeque::new(),
            attempt: 0,
            refusals: 0,
            token_reason: TokenReason::Connect,
        }
    }
}

impl Watch {
    /// The next update. Connects, and reconnects as `docs/delivery.md` says, for as long as it takes.
    ///
    /// Cancellation-safe: if its future is dropped, no update is lost.
    ///
    /// # Errors
    /// If reconnecting does not help: the server has refused the token several times, the origin or the request
    /// ([`Error::Refused`]), has closed the connection for good ([`Error::Closed`]), or nobody is signed in ([`Error::Token`]).
    /// Calling it again tries again.
    pub async fn next(&mut self) -> Result<Update, Error> {
        loop {
            if let Some(update) = self.pending.pop_front() {
                return Ok(update);
            }
            match &mut self.state {
                State::Idle => self.connect(),
                State::Waiting(until) => {
                    tokio::time::sleep_until(*until).await;
                    self.connect();
                }
                State::Connecting(connecting) => match connecting.result().await {
                    Ok(open) => self.state = State::Open(Box::new(open)),
                    Err(end) => self.ended(end)?,
                },
                State::Open(open) => {
                    let stepped = open.step(&self.http, &mut self.list, &mut self.pending).await;
                    if open.is_live() {
                        self.refusals = 0;
                        self.token_reason = TokenReason::Connect;
                    }
                    if let Err(end) = stepped {
                        self.ended(end)?;
                    }
                }
            }
        }
    }

    /// The list of groups, invitations and requests to join, with all updates so far.
    pub fn sidebar(&self) -> &Sidebar {
        &self.list.sidebar
    }

    /// The user whose list this is; `None` before the first connection.
    pub fn user_id(&self) -> Option<UserId> {
        self.list.user_id
    }

    /// The list with its position, to [continue](WatchBuilder::resume) later. It includes every update that [`next`](Self::next)
    /// has returned, and none after: save it when the updates are processed. `None` before the first snapshot and after a gap.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.list.checkpoint()
    }

    /// Closes the connection. Waits at most a second for the server.
    pub async fn close(self) {
        if let State::Open(open) = self.state {
            open.close().await;
        }
    }

    /// The updates as a stream, which ends after the first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Update, Error>> + Send {
        futures_util::stream::unfold(Some(self), |watch| async {
            let mut watch = watch?;
            let update = watch.next().await;
            let rest = update.is_ok().then_some(watch);
            Some((update, rest))
        })
    }

    fn connect(&mut self) {
        let (http, reason) = (Shared::clone(&self.http), self.token_reason);
        let cursor = self.list.cursor.clone();
        self.pending.push_back(Update::Status(Status::Connecting));
        self.state = State::Connecting(SyncFuture::new(async move {
            let token = http.tokens.fresh(reason).await.map_err(End::Token)?;
            let socket = Socket::connect(&http, &token, cursor.as_deref()).await?;
            Ok(Open::new(socket, token))
        }));
    }

    /// Waits, or gives up.
    fn ended(&mut self, end: End) -> Result<(), Error> {
        let (was_live, settled) = match &self.state {
            State::Open(open) => (open.is_live(), open.is_settled()),
            State::Idle | State::Connecting(_) | State::Waiting(_) => (false, false),
        };
        self.state = State::Idle;
        if settled {
            self.attempt = 0;
        }
        if matches!(&end, End::Refused(refusal) if refusal.status == 401) {
            self.refusals += 1;
        }
        match verdict(end, was_live, self.refusals) {
            Verdict::Stop(error) => {
                (self.attempt, self.refusals) = (0, 0);
                Err(error)
            }
            Verdict::Again { wait, new_token, reason } => {
                let retry_in = match wait {
                    Wait::Backoff => backoff::full_jitter(self.attempt, fastrand::f64()),
                    Wait::Within(range) => backoff::within(&range, fastrand::f64()),
                };
                self.attempt = self.attempt.saturating_add(1);
                if new_token {
                    self.token_reason = TokenReason::Refused;
                }
                self.state = State::Waiting(Instant::now() + retry_in);
                self.pending.push_back(Update::Status(Status::Waiting { reason, retry_in }));
                Ok(())
            }
        }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match &self.state {
            State::Idle => "idle",
            State::Connecting(_) => "connecting",
            State::Open(_) => "open",
            State::Waiting(_) => "waiting",
        };
        let groups = self.list.sidebar.rows().count();
        f.debug_struct("Watch").field("state", &state).field("groups", &groups).finish_non_exhaustive()
    }
}
