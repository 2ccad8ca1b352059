//! An open connection, from `welcome` to its end.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use groups_domain::Folded;
use tokio::time::Instant;

use super::list::List;
use super::message::{Message, Piece};
use super::socket::Socket;
use super::sync_future::SyncFuture;
use super::update::{Snapshot, Status, Update};
use super::verdict::End;
use crate::box_error::BoxError;
use crate::http::Shared;
use crate::token::{TokenError, TokenReason};

/// After a connection has been live for this long, the backoff starts again from its first bound.
const SETTLED: Duration = Duration::from_secs(10);
/// How long the server may be silent before `welcome`.
const SILENT_MAX: Duration = Duration::from_secs(30);
/// What is added to two heartbeats, for the network.
const SILENT_MARGIN: Duration = Duration::from_secs(10);
/// The longest heartbeat that is believed.
const HEARTBEAT_MAX: Duration = Duration::from_secs(60 * 60);

pub(super) struct Open {
    socket: Socket,
    token: Arc<str>,
    /// The pieces of an incomplete list.
    pieces: Snapshot,
    live_since: Option<Instant>,
    silent_max: Duration,
    last_frame: Instant,
    renewal: Option<SyncFuture<Result<Arc<str>, TokenError>>>,
}

enum Step {
    Frame(Option<String>),
    Token(Result<Arc<str>, TokenError>),
    Silent,
}

impl Open {
    pub(super) fn new(socket: Socket, token: Arc<str>) -> Self {
        Self {
            socket,
            token,
            pieces: Snapshot::default(),
            live_since: None,
            silent_max: SILENT_MAX,
            last_frame: Instant::now(),
            renewal: None,
        }
    }

    /// Whether the list is up to date.
    pub(super) fn is_live(&self) -> bool {
        self.live_since.is_some()
    }

    /// Whether it has been for a while.
    pub(super) fn is_settled(&self) -> bool {
        self.live_since.is_some_and(|since| since.elapsed() >= SETTLED)
    }

    pub(super) async fn close(self) {
        self.socket.close().await;
    }

    /// Takes one step: a frame, or a new token. Cancellation-safe.
    pub(super) async fn step(
        &mut self,
        http: &Shared,
        list: &mut List,
        updates: &mut VecDeque<Update>,
    ) -> Result<(), End> {
        let renewal = async {
            match &mut self.renewal {
                Some(renewal) => renewal.result().await,
                None => std::future::pending().await,
            }
        };
        let step = tokio::select! {
            // What has arrived counts, however late the caller asks for it.
            biased;
            frame = self.socket.next() => Step::Frame(frame?),
            token = renewal => Step::Token(token),
            () = tokio::time::sleep_until(self.last_frame + self.silent_max) => Step::Silent,
        };
        match step {
            Step::Frame(text) => {
                self.last_frame = Instant::now();
                match text {
                    Some(text) => self.take(&text, http, list, updates),
                    None => Ok(()),
                }
            }
            Step::Token(token) => {
                self.renewal = None;
                match token {
                    Ok(token) if token != self.token => {
                        self.socket.authenticate(&token);
                        self.token = token;
                    }
                    // The same token again would expire at the same time.
                    Ok(_) => {}
                    // The server closes the connection when the token expires. Then the provider is asked again.
                    Err(error) => tracing::debug!(%error, "the token of an open connection is not renewed"),
                }
                Ok(())
            }
            Step::Silent => Err(End::Silent),
        }
    }

    fn take(&mut self, text: &str, http: &Shared, list: &mut List, updates: &mut VecDeque<Update>) -> Result<(), End> {
        match Message::parse(text).map_err(|error| End::Malformed(error.into()))? {
            Message::Welcome { user_id, resumed, heartbeat } => {
                self.silent_max = heartbeat.min(HEARTBEAT_MAX) * 2 + SILENT_MARGIN;
                if list.user_id.is_some_and(|known| known != user_id) {
                    // The token belongs to another user, whose list starts from the beginning.
                    *list = List::default();
                    if resumed {
                        return Err(End::Gap);
                    }
                }
                list.user_id = Some(user_id);
            }
            Message::Snapshot(piece) => {
                let Piece { groups, invitations, requests, more, cursor } = *piece;
                self.pieces.groups.extend(groups);
                self.pieces.invitations.extend(invitations);
                self.pieces.requests.extend(requests);
                if !more {
                    let snapshot = std::mem::take(&mut self.pieces);
                    list.replace(&snapshot, cursor).map_err(malformed)?;
                    updates.push_back(Update::Snapshot(snapshot));
                }
            }
            Message::Ready { cursor } => {
                list.cursor = Some(cursor);
                self.live_since = Some(Instant::now());
                updates.push_back(Update::Status(Status::Live));
            }
            Message::Event(event) => match list.fold(&event) {
                Ok(Folded::Applied) => updates.push_back(Update::Event(event)),
                Ok(Folded::Stale) => {}
                Ok(Folded::Gap) => return Err(End::Gap),
                Err(error) => return Err(malformed(error)),
            },
            Message::Typing(typing) => updates.push_back(Update::Typing(typing)),
            Message::TokenExpiring => {
                let http = Shared::clone(http);
                self.renewal = Some(SyncFuture::new(async move { http.tokens.fresh(TokenReason::Expiring).await }));
            }
            Message::Other => {}
        }
        Ok(())
    }
}

fn malformed(error: impl Into<BoxError>) -> End {
    End::Malformed(error.into())
}
