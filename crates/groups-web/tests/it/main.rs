//! What the browser is given: names, hashes, compression, the policy; and the JavaScript's own tests.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod conversations;
mod node;
mod package;
mod plain_english;
mod served;
mod typescript;
