//! The way in: who a client is behind proxies, and what the server refuses before it does any work.

mod client_address;
