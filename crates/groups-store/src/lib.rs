//! The rules of `groups-domain` over Diesel: one [`Store`] for SQLite and PostgreSQL, chosen by URL at run time.

mod batch;
mod column;
mod error;
mod options;
mod order;
mod page;
mod payload;
mod position;
mod postgres;
mod query_error;
mod row;
mod row_set;
mod schema;
mod sqlite;
mod store;
mod tail;

pub use error::{ExecuteError, OpenError, Reason, StoreError};
pub use options::StoreOptions;
pub use order::{Executed, Idempotency, Order, Outcome};
pub use page::{GroupPage, History, MemberKey, MemberPage, MemberRow, ReplayRule, Start, StreamStart, Trimmed};
pub use position::{LogEntry, Position, ReadPoint};
pub use store::Store;
pub use tail::Tail;
