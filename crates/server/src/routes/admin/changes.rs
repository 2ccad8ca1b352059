//! `GET /v1/admin/changes`: the log of all groups in commit order, for other systems.
//!
//! At-least-once: a page never skips a change. It may repeat changes if very many transactions were
//! in progress at the cursor.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use groups_protocol::{ChangeBody, LogChangeBody, LogPage};
use groups_store::{LogEntry, Position, Store, StoreError, Tail};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use crate::Problem;
use crate::groups::Groups;
use crate::identity::Operator;
use crate::input::{self, Paging};

/// Maximum value of `wait` in seconds; a larger value is reduced to it.
const WAIT_SECONDS_MAX: u64 = 30;

/// A page ends after the change with which it reaches this many bytes of JSON.
const PAGE_BYTES_MAX: usize = 1024 * 1024;

#[derive(Deserialize)]
struct Query {
    wait: Option<String>,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    _operator: Operator,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Paging { limit, after } = Paging::of(&request)?;
    let Query { wait } = input::query(&request)?;
    let wait = input::wait(wait.as_deref(), WAIT_SECONDS_MAX)?;
    let store = groups.store();
    let after = match after {
        Some(token) => Some(store.cursor(&token).ok_or_else(Paging::not_ours)?),
        None => None,
    };
    let mut feed = Feed::open(store, after, limit).await?;
    feed.read().await?;
    if feed.page.is_empty() && !wait.is_zero() {
        // Requests beyond the limit are answered immediately.
        if let Ok(_permit) = Arc::clone(groups.feeds()).try_acquire_owned() {
            feed.wait(Instant::now() + wait).await?;
        }
    }
    let cursors = store.cursors();
    let next = cursors.token(&feed.position);
    let changes = feed.page.iter().map(|entry| LogChangeBody {
        group_id: entry.change.group_id(),
        cursor: cursors.token(&entry.position).into(),
        change: ChangeBody::new(&entry.change),
    });
    Ok(HttpResponse::Ok().json(LogPage { changes: changes.collect(), next: next.into() }))
}

/// One page of the log.
struct Feed {
    tail: Tail,
    /// Where the next page starts.
    position: Position,
    page: Vec<LogEntry>,
    limit: usize,
    bytes: usize,
}

impl Feed {
    async fn open(store: &Store, after: Option<Position>, limit: u32) -> Result<Self, Problem> {
        let (tail, position) = match after {
            Some(after) => (store.tail_from(Some(after.clone())).await, after),
            // For an empty log, where the next page starts. Before the tail, so that nothing is skipped.
            None => {
                let end = store.end_of_log().await?;
                (store.tail_from_start().await, end)
            }
        };
        let tail = tail.map_err(expired)?;
        Ok(Self { tail, position, page: Vec::new(), limit: limit as usize, bytes: 0 })
    }

    /// Reads what is available, up to the limits.
    async fn read(&mut self) -> Result<(), Problem> {
        while !self.is_full() {
            let entries = self.tail.next_available().await;
            if self.push(entries)? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Waits for the next changes.
    async fn wait(&mut self, until: Instant) -> Result<(), Problem> {
        match timeout_at(until, self.tail.next()).await {
            Ok(entries) => self.push(entries).map(drop),
            Err(_) => Ok(()),
        }
    }

    /// Adds entries to the page. Returns their number.
    fn push(&mut self, entries: Result<Vec<LogEntry>, StoreError>) -> Result<usize, Problem> {
        let entries = match entries {
            Ok(entries) => entries,
            // The next page starts with the error.
            Err(_) if !self.page.is_empty() => return Ok(0),
            Err(error) => return Err(expired(error)),
        };
        let count = entries.len();
        for entry in entries {
            if self.is_full() {
                break;
            }
            self.bytes += serde_json::to_vec(&ChangeBody::new(&entry.change)).map_or(0, |json| json.len());
            self.position = entry.position.clone();
            self.page.push(entry);
        }
        Ok(count)
    }

    fn is_full(&self) -> bool {
        self.page.len() >= self.limit || self.bytes >= PAGE_BYTES_MAX
    }
}

/// The cursor is no longer valid: the reader must read the current state, and then continue from its
/// cursor.
fn expired(error: StoreError) -> Problem {
    Problem::of_position(error, "Read the current state again, then continue without `after`.")
}
