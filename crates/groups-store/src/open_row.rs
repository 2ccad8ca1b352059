//! What users are to groups: memberships, invitations and requests to join that have not ended.

use diesel::prelude::*;
#[cfg(feature = "postgres")]
use diesel::sql_types::{Bool, SmallInt};
use groups_domain::Audience;

use crate::OpenMemberships;
use crate::column::Id;
#[cfg(feature = "postgres")]
use crate::column::sql;
use crate::row::INVITED;

/// What a user is to a group, or was when it was deleted.
#[derive(Clone, Copy, Debug, Queryable)]
pub(crate) struct OpenRow {
    pub(crate) user_id: Id,
    group_id: Id,
    /// The number of a role, or [`STANDING`] more than the kind of a standing.
    what: i16,
    is_deleted: bool,
}

#[cfg(feature = "postgres")]
pub(crate) type OpenSql = (sql::Id, sql::Id, SmallInt, Bool);

/// Added to the kind of a standing.
pub(crate) const STANDING: i16 = 10;

impl OpenRow {
    fn audience(&self) -> Audience {
        match self.what {
            1 => Audience::Members,
            2 | 3 => Audience::Managers,
            what if what == STANDING + INVITED => Audience::Invited,
            _ => Audience::Requested,
        }
    }
}

/// What a user is to groups. A membership counts more than a standing, which a server of the previous
/// version does not end.
pub(crate) fn open_memberships(rows: &[OpenRow]) -> OpenMemberships {
    let mut rows: Vec<&OpenRow> = rows.iter().collect();
    rows.sort_unstable_by_key(|row| (row.group_id, row.what));
    rows.dedup_by_key(|row| row.group_id);
    let with_deleted = rows.iter().map(|row| (row.group_id.group(), row.audience())).collect();
    let current = rows.iter().filter(|row| !row.is_deleted);
    let groups = current.map(|row| (row.group_id.group(), row.audience())).collect();
    OpenMemberships { groups, with_deleted }
}
