//! A client's TCP connection: what of its bytes the HTTP layer sees, how long each phase may last, and who is let in.
//!
//! [`Guarded`] stands between the socket and actix's HTTP/1 dispatcher, which alone leaves three things open:
//!
//! * It decodes requests ahead of their turn, and keeps only the last one's method: the answer to a GET that has a HEAD behind it loses
//!   its body. The guard hands out one request at a time, and the next head once the answer before it is out.
//! * It bounds the time of a connection's first head, and of nothing else. Here every phase that waits for the client has a deadline.
//! * It reads a body that nobody wants without end. The guard ends the connection after a bounded rest.
//!
//! | phase | waits for | until |
//! |---|---|---|
//! | head | the end of a request's head | 10 s after its first byte, or after the connection was accepted |
//! | between requests | the next head | `GROUPS_KEEP_ALIVE_SECONDS` |
//! | body | the body, while it is asked for | 35 s, 17 MiB; handlers answer with 408 and 413 before |
//! | rest | the rest of a body that was answered early | 10 s, 512 KiB |
//! | answer | the client to read | 30 s without progress, and 1 KiB/s after that |
//!
//! An upgraded connection passes through untouched: the WebSocket has deadlines of its own.
//!
//! * `framing`: where a head and a body end.
//! * `phase`: the state machine, without IO.
//! * `guarded`: the same around a socket.
//! * `exchange`: tells the guard when a request begins and when its answer ends.
//! * `admission`: how many connections there may be that no token was shown on.
//! * `descriptors`: how many file descriptors the process may have.

mod admission;
mod descriptors;
mod exchange;
mod framing;
mod guarded;
mod phase;

pub(crate) use admission::{Admission, AdmissionLimits};
pub(crate) use descriptors::Descriptors;
pub(crate) use exchange::exchange;
pub(crate) use guarded::{Connection, Guarded};
pub(crate) use phase::Deadlines;
