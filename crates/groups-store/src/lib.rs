//! The rules of `groups-domain` over Diesel: one [`Store`] for SQLite and PostgreSQL, chosen by URL at run time.

mod error;
mod options;
mod order;
mod page;
mod position;
mod store;
mod tail;

pub use error::{ExecuteError, OpenError, Reason, StoreError};
pub use options::StoreOptions;
pub use order::{Executed, Idempotency, Order, Outcome};
pub use page::{GroupPage, History, MemberKey, MemberPage, MemberRow, ReplayRule, Start, StreamStart, Trimmed};
pub use position::{LogEntry, Position, ReadPoint};
pub use store::Store;
pub use tail::Tail;
