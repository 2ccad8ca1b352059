//! What the browser is given: names, hashes, compression, the policy; the JavaScript's own tests; and the documents.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bundle_size;
mod conversations;
mod documents;
mod frameworks;
mod import_cycles;
mod node;
mod npm_package;
mod package;
mod plain_english;
mod qr;
mod recipes;
mod served;
mod typescript;
mod workers;
