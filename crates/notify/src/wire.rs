//! What goes over the wire, in the form that the contract fixes: `type` first, times in RFC 3339, the owner called `admin_id`.

mod client;
mod event;
mod group;
mod server;
#[cfg(test)]
mod types;

pub use client::{ClientMessage, ParseError, parse};
pub use event::{ActionBody, EventBody, EventHead};
pub use group::{GroupBody, rfc3339};
pub use server::{ErrorCode, ServerMessage, retry_reason};
