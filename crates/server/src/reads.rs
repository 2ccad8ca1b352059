//! Concurrency limits for reads, and for responses that clients receive slowly.
//!
//! A read waits for three permits. The first is held until the client has received the response,
//! which bounds the memory of unread responses. The other two are held until the response is built,
//! which bounds concurrent work. A flood from one user queues behind itself. Excess reads are
//! answered with 429 after a delay, because clients tend to retry an immediate rejection at once.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use groups_domain::{Actor, UserId};
use tokio::time::timeout;
use turnstile::{Full, Limits, Turn, Turnstile};

use crate::client::Network;
use crate::connection::Connection;
use crate::refusals::Refusals;
use crate::{Code, Problem};

/// Limits on the reads of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadLimits {
    /// Responses of one user that are being built or not yet received. Each takes about 256 KiB at
    /// most, and twice that while it is built.
    pub(crate) answers_per_user_max: usize,
    /// Concurrent reads per user.
    pub(crate) running_per_user_max: usize,
    /// Concurrent reads per address. Behind a proxy that is not trusted, all reads share one address.
    pub(crate) running_per_address_max: usize,
    /// Concurrent reads in total.
    pub(crate) running_max: usize,
    /// Queued reads per user; further reads are rejected.
    pub(crate) waiting_per_user_max: usize,
    /// Queued reads in total; further reads are rejected.
    pub(crate) waiting_max: usize,
    /// Maximum time in the queue; after it the read is rejected.
    pub(crate) wait_max: Duration,
    /// How long a rejection is delayed.
    pub(crate) refusal_pause: Duration,
    /// Delayed rejections in total. Beyond it, a rejection is sent immediately and its connection
    /// is closed.
    pub(crate) refusals_max: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            answers_per_user_max: 16,
            running_per_user_max: 2,
            running_per_address_max: 32,
            running_max: 256,
            waiting_per_user_max: 256,
            waiting_max: 8_192,
            wait_max: Duration::from_secs(5),
            refusal_pause: Duration::from_secs(3),
            refusals_max: 4_096,
        }
    }
}

/// Admits reads within the [`ReadLimits`].
pub(crate) struct Reads {
    limits: ReadLimits,
    answers: Turnstile<Reader>,
    users: Turnstile<Reader>,
    operator_reads: AtomicUsize,
    addresses: Turnstile<Network>,
    refusals: Refusals,
}

/// A running read. Holds its permits until it is answered or dropped.
pub(crate) struct Read {
    answer: Turn<Reader>,
    _user: Turn<Reader>,
    _address: Option<Turn<Network>>,
}

/// Whose limits a read counts against. The reads of an operator are spread over several readers,
/// each with the limits of a user, because a backend reads for many users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Reader {
    user_id: UserId,
    share: usize,
}

/// The number of readers of an operator.
const OPERATOR_SHARES: usize = 16;

impl Reads {
    pub(crate) fn new(limits: ReadLimits) -> Self {
        let by_user = |running_max, running_per_key_max| {
            let ReadLimits { waiting_max, waiting_per_user_max: waiting_per_key_max, .. } = limits;
            Turnstile::new(Limits { running_max, running_per_key_max, waiting_max, waiting_per_key_max })
        };
        Self {
            limits,
            answers: by_user(usize::MAX, limits.answers_per_user_max),
            users: by_user(limits.running_max, limits.running_per_user_max),
            operator_reads: AtomicUsize::new(0),
            addresses: Turnstile::new(Limits {
                running_max: usize::MAX,
                running_per_key_max: limits.running_per_address_max,
                // At most `running_max` reads hold their user's permit, so more cannot arrive here.
                waiting_max: limits.running_max,
                waiting_per_key_max: limits.running_max,
            }),
            refusals: Refusals::new(limits.refusal_pause, limits.refusals_max),
        }
    }

    /// Waits until the read may run.
    ///
    /// # Errors
    /// [`Code::RateLimited`] if too many reads of this user are queued, or the wait takes too long.
    pub(crate) async fn begin(&self, actor: impl Into<Actor>, address: Option<Network>) -> Result<Read, Problem> {
        let reader = self.reader(actor.into());
        match timeout(self.limits.wait_max, self.wait(reader, address)).await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(Full)) => Err(self.refusals.hold(too_many()).await),
            Err(_) => Err(too_many()),
        }
    }

    fn reader(&self, actor: Actor) -> Reader {
        match actor {
            Actor::Member(user_id) => Reader { user_id, share: 0 },
            // Share 0 is the one that the same person has as a user.
            Actor::Operator(user_id) => {
                let share = 1 + self.operator_reads.fetch_add(1, Ordering::Relaxed) % OPERATOR_SHARES;
                Reader { user_id, share }
            }
        }
    }

    async fn wait(&self, reader: Reader, address: Option<Network>) -> Result<Read, Full> {
        let answer = self.answers.enter(reader).await?;
        let user = self.users.enter(reader).await?;
        let address = match address {
            Some(address) => Some(self.addresses.enter(address).await?),
            None => None,
        };
        Ok(Read { answer, _user: user, _address: address })
    }
}

fn too_many() -> Problem {
    Problem::new(Code::RateLimited, "Too many concurrent requests.").retry_after(1)
}

/// Responses up to this size are not counted until they are received, because the small send buffer
/// of a socket takes them immediately.
const ANSWER_BYTES_SMALL: usize = 4 * 1024;

impl Read {
    /// Ends the read with its response. A long response counts against the user until the client
    /// has received it: on a [`Connection`], all but the part that fits into a small send buffer.
    pub(crate) fn answer(self, response: HttpResponse, connection: Option<Connection>) -> HttpResponse {
        let Self { answer, .. } = self;
        response.map_body(|_, body| match body.try_into_bytes() {
            Ok(bytes) if bytes.len() > ANSWER_BYTES_SMALL => {
                BoxBody::new(Answer { bytes, connection, turn: Some(answer) })
            }
            Ok(bytes) => BoxBody::new(bytes),
            Err(body) => body,
        })
    }
}

/// A response body that holds its user's permit until the client has received it.
struct Answer {
    bytes: Bytes,
    connection: Option<Connection>,
    turn: Option<Turn<Reader>>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let (Some(connection), Some(turn)) = (&self.connection, self.turn.take()) {
            connection.keep_until_taken(turn);
        }
    }
}

impl MessageBody for Answer {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.bytes.len() as u64)
    }

    /// Returns small slices, so that the connection's write buffer does not hold a second copy of
    /// the whole body.
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        const SLICE_BYTES: usize = 1_024;
        if self.bytes.is_empty() {
            return Poll::Ready(None);
        }
        let slice = self.bytes.len().min(SLICE_BYTES);
        Poll::Ready(Some(Ok(self.bytes.split_to(slice))))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::pin::pin;

    use futures_util::FutureExt;
    use uuid::Uuid;

    use super::*;

    const HERE: Option<Network> = Some(Network::V4(1));
    const ADA: UserId = UserId::new(Uuid::from_u128(1));
    const BOB: UserId = UserId::new(Uuid::from_u128(2));

    fn reads(limits: ReadLimits) -> Reads {
        Reads::new(ReadLimits { refusal_pause: Duration::ZERO, wait_max: Duration::from_secs(3_600), ..limits })
    }

    async fn begin(reads: &Reads, user_id: UserId) -> Read {
        reads.begin(user_id, HERE).await.unwrap()
    }

    #[tokio::test]
    async fn the_reads_of_one_user_wait_behind_each_other_and_delay_nobody_else() {
        let reads = reads(ReadLimits { running_per_user_max: 1, waiting_per_user_max: 1, ..ReadLimits::default() });
        let first = begin(&reads, ADA).await;
        let mut second = pin!(reads.begin(ADA, HERE));
        assert!(second.as_mut().now_or_never().is_none());
        drop(begin(&reads, BOB).await);
        let refused = reads.begin(ADA, HERE).await.err().unwrap();
        assert_eq!(refused, too_many(), "one too many");
        drop(first);
        assert!(second.await.is_ok());
    }

    #[tokio::test]
    async fn reads_per_address_are_bounded_across_users() {
        let reads = reads(ReadLimits { running_per_address_max: 1, ..ReadLimits::default() });
        let _ada = begin(&reads, ADA).await;
        assert!(reads.begin(BOB, HERE).now_or_never().is_none());
        assert!(reads.begin(BOB, Some(Network::V4(2))).now_or_never().unwrap().is_ok());
    }

    #[tokio::test]
    async fn an_operator_reads_as_much_as_several_users() {
        let reads = reads(ReadLimits { running_per_user_max: 1, ..ReadLimits::default() });
        let _user = begin(&reads, ADA).await;
        let mut running = Vec::new();
        for _ in 0..OPERATOR_SHARES {
            running.push(reads.begin(Actor::Operator(ADA), HERE).now_or_never().unwrap().unwrap());
        }
        assert!(reads.begin(Actor::Operator(ADA), HERE).now_or_never().is_none());
    }

    #[tokio::test]
    async fn a_read_that_waits_too_long_is_refused() {
        let limits = ReadLimits { running_per_user_max: 1, wait_max: Duration::ZERO, ..ReadLimits::default() };
        let reads = Reads::new(limits);
        let _first = reads.wait(reads.reader(ADA.into()), HERE).await.unwrap();
        assert_eq!(reads.begin(ADA, HERE).await.err(), Some(too_many()));
    }

    #[tokio::test]
    async fn only_long_answers_count_until_the_client_has_received_them() {
        let reads = reads(ReadLimits { answers_per_user_max: 1, ..ReadLimits::default() });
        let short = begin(&reads, ADA).await.answer(HttpResponse::Ok().body("short"), None);
        let long = begin(&reads, ADA).await.answer(HttpResponse::Ok().body("x".repeat(100_000)), None);
        let mut next = pin!(reads.begin(ADA, HERE));
        assert!(next.as_mut().now_or_never().is_none(), "the long one is not taken yet");
        let taken = actix_web::body::to_bytes(long.into_body()).await.unwrap();
        assert_eq!(taken.len(), 100_000);
        assert!(next.await.is_ok());
        drop(short);
    }
}
