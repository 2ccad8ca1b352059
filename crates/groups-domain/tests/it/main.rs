//! The rules at their boundary: requests in, decisions and events out.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that meets the unexpected has to stop"
)]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "golden files are read and Cargo is asked; the rules do neither"
)]

mod cast;
mod changes;
mod check;
mod compatibility;
mod conversions;
mod documents;
mod embedded;
mod golden;
mod operators;
mod permissions;
mod properties;
mod purity;
mod read_points;
mod refusals;
mod serialised;
mod sidebar;
mod strategies;
mod text;
mod ways_in;
