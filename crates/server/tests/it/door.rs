//! The way in: who a client is behind proxies, and what the server refuses before it does any work.

mod client_address;
mod limits;
mod proxy_protocol;
mod raw;
mod rebinding;
mod slow_clients;
mod tls;
mod unix_sockets;
