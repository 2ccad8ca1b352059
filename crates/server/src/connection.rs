//! Connections of clients: which bytes the HTTP layer may see, deadlines for each phase, and
//! admission.
//!
//! [`Guarded`] sits between the socket and actix's HTTP/1 dispatcher, which has three gaps:
//!
//! * The dispatcher decodes pipelined requests early and keeps only the last one's method, so the
//!   response to a GET followed by a HEAD loses its body. The guard passes on one request at a
//!   time, and the next head only after the previous response was sent.
//! * The dispatcher only limits the time for a connection's first head. The guard sets a deadline
//!   for every phase that waits for the client.
//! * The dispatcher reads an unwanted body without limit. The guard closes the connection after a
//!   limited number of bytes.
//!
//! | phase | waits for | until |
//! |---|---|---|
//! | head | the end of a request's head | `GROUPS_HEADER_TIMEOUT_SECONDS` after its first byte, or after the connection was accepted |
//! | between requests | the next head | `GROUPS_KEEP_ALIVE_SECONDS` |
//! | body | the body, while it is asked for | `GROUPS_BODY_TIMEOUT_SECONDS` and 5 s, 17 MiB; handlers answer with 408 and 413 before |
//! | rest | the rest of a body that was answered early | 10 s, 512 KiB |
//! | answer | the client to read | 30 s without progress, and 1 KiB/s after that |
//!
//! The guard is only lent to the dispatcher. An upgraded connection leaves both, and counts until
//! its WebSocket ends.
//!
//! * `framing`: where a head and a body end.
//! * `socket`: TCP or a Unix socket.
//! * `transport`: plain or encrypted.
//! * `proxy_header`: the PROXY protocol.
//! * `phase`: the state machine, without I/O.
//! * `guarded`: drives the state machine on a socket.
//! * `exchange`: tells the guard when a request starts and when its response is complete.
//! * `admission`: limits the connections that have not shown a token.
//! * `descriptors`: the limit on file descriptors.

mod admission;
mod descriptors;
mod exchange;
mod framing;
mod guarded;
mod phase;
mod proxy_header;
mod socket;
mod transport;

pub(crate) use admission::{Admission, AdmissionLimits, Full, Ticket};
pub(crate) use descriptors::Descriptors;
pub(crate) use exchange::exchange;
pub(crate) use guarded::{Connection, Guarded, Unguarded};
pub(crate) use phase::{Deadlines, Patience};
pub(crate) use proxy_header::{ProxyHeaderError, read_proxy_header};
pub(crate) use socket::Socket;
pub(crate) use transport::Transport;
