//! What a measurement works with.

use super::bed::Bed;
use super::database::Backend;
use super::postgres::Postgres;
use super::size::Plan;

/// What a measurement works with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) bed: &'a Bed,
    pub(super) backend: Backend,
    pub(super) postgres: Option<&'a Postgres>,
    pub(super) plan: &'a Plan,
}
