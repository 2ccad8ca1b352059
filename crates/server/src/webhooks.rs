//! Webhooks: sends changes to the URLs of other systems.
//!
//! Each webhook follows the log with a [`Tail`](groups_store::Tail) of its own, so a slow receiver
//! delays nobody else. How far it is, is in the database, and so is the lease of the server that
//! delivers.
//!
//! ```text
//! dispatcher ── leases ──▶ one runner per webhook:  feed ──▶ lanes ──▶ sender ──▶ the receiver
//!                                                    │         │
//!                                                   log    progress ──▶ database
//! ```
//!
//! * `dispatcher`: one task for each server, which renews the leases and starts the runners.
//! * `feed`: messages in log order, one for each change, or with `catch_up` one for each user.
//! * `lanes`: what may be sent now, in order for each group, with pauses after failures. Pure.
//! * `sender`, `address`, `signature`: one request, to an address that may be connected.
//! * `handle`: what the routes use.

mod address;
mod catch_up;
mod dispatcher;
mod event_types;
mod feed;
mod handle;
mod item;
mod lanes;
mod lease;
mod message;
mod runner;
mod sender;
mod signature;
mod stats;
#[cfg(test)]
mod tests;

pub(crate) use self::event_types::{TypesRefused, check_types};
pub(crate) use self::handle::{TestResult, Webhooks};
pub(crate) use self::sender::UrlRefused;
pub(crate) use self::stats::WebhookStats;
