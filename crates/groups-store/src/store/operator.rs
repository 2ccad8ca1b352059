//! What only operators read.

use groups_domain::{Actor, Group, GroupId, Role};

#[cfg(feature = "postgres")]
use futures_util::FutureExt;

use super::Store;
#[cfg(feature = "sqlite")]
use crate::connection::SqliteConn;
use crate::inner::Backend;
use crate::queries;
use crate::read_class::ReadClass;
use crate::{FoundGroups, NameKey, StoreError};

impl Store {
    /// One group with the actor's own role; `None` if the actor may not see it. An operator sees
    /// every group, and has no role in a group of which they are not a member.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn visible_group(
        &self,
        actor: impl Into<Actor>,
        group: GroupId,
    ) -> Result<Option<(Group, Option<Role>)>, StoreError> {
        let actor = actor.into();
        run!(self, read(Request), read::visible_group(actor, group))
    }

    /// One page of the groups whose name starts with the prefix, ignoring case, ordered by name. An
    /// empty prefix finds all groups. Does not check who may see them.
    ///
    /// A page may end before the limit: see [`PAGE_BYTES_MAX`](crate::PAGE_BYTES_MAX), and if many
    /// groups have almost this name.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn find_groups(
        &self,
        prefix: &str,
        after: Option<NameKey>,
        limit: u32,
    ) -> Result<FoundGroups, StoreError> {
        let prefix = prefix.to_owned();
        run!(self, read(Request), search::groups(prefix, after, limit))
    }
}
