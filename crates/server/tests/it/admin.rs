//! `/v1/admin`: who may use it, and what operators do there.

mod access;
mod backends;
mod disconnects;
mod groups;
mod log;
mod storm;
mod users;
mod webhooks;
