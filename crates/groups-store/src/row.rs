//! Rows of the tables, and their conversion to domain types. Every row is validated.

use std::num::NonZeroU32;

use diesel::dsl::auto_type;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
use diesel::prelude::Insertable;
use diesel::prelude::{ExpressionMethods, Queryable, Selectable};
use diesel::sql_types::{BigInt, Nullable};
use groups_domain::{
    Ban, Change, Counts, Description, DisplayName, Group, GroupId, GroupName, Invitation, JoinPolicy, JoinRequest,
    Link, LinkId, Membership, Note, Role, Standing, Timestamp, UserId, Version,
};

use crate::column::{CommitId, Id};
use crate::payload::{self, Columns};
use crate::row_set::{Groups, Links, RowSet, Standings};
#[cfg(all(feature = "sqlite", feature = "postgres"))]
use crate::schema::jobs;
use crate::schema::{groups, idempotency, links, log, memberships, standings};
use crate::{LinkKey, MemberKey, MemberRow, StoreError};

/// A group's row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = groups)]
pub(crate) struct GroupRow {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) owner_id: Id,
    pub(crate) member_count: i64,
    pub(crate) version: i64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) deleted_version: Option<i64>,
    pub(crate) join_policy: i16,
    pub(crate) invitations: i64,
    pub(crate) join_requests: i64,
    pub(crate) bans: i64,
    pub(crate) links: i64,
}

impl GroupRow {
    /// Whether anybody is invited, has asked to join or is banned.
    pub(crate) fn has_standings(&self) -> bool {
        [self.invitations, self.join_requests, self.bans].into_iter().any(|count| count != 0)
    }

    pub(crate) fn new(group: &Group, counts: Counts, deleted: bool) -> Self {
        let version = to_stored(group.version.get());
        Self {
            id: group.group_id.into(),
            name: group.name.as_str().to_owned(),
            description: group.description.as_str().to_owned(),
            owner_id: group.owner_id.into(),
            member_count: i64::from(group.member_count),
            version,
            created_at: group.created_at.unix_millis(),
            updated_at: group.updated_at.unix_millis(),
            deleted_version: deleted.then_some(version),
            join_policy: policy_number(group.join_policy),
            invitations: i64::from(counts.invitations),
            join_requests: i64::from(counts.join_requests),
            bans: i64::from(counts.bans),
            links: i64::from(counts.links),
        }
    }

    /// How many entries the lists of the group have.
    pub(crate) fn counts(&self) -> Counts {
        // The columns are never negative, and the limits are far below the maximum.
        let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        Counts {
            invitations: count(self.invitations),
            join_requests: count(self.join_requests),
            bans: count(self.bans),
            links: count(self.links),
        }
    }

    /// The values of the columns, in order.
    pub(crate) fn into_row(self) -> <Groups as RowSet>::Row {
        let Self { id, name, description, owner_id, member_count, version, created_at, updated_at, .. } = self;
        let (deleted, policy, invitations) = (self.deleted_version, self.join_policy, self.invitations);
        let (requests, bans, links) = (self.join_requests, self.bans, self.links);
        #[rustfmt::skip]
        let row = (id, name, description, owner_id, member_count, version, created_at, updated_at, deleted, policy,
            invitations, requests, bans, links);
        row
    }

    /// The group, whether deleted or not.
    pub(crate) fn into_group(self) -> Result<Group, StoreError> {
        let corrupt = |detail: String| corrupt("groups", self.id.0, detail);
        Ok(Group {
            group_id: self.id.group(),
            owner_id: self.owner_id.user(),
            join_policy: policy(self.join_policy).map_err(corrupt)?,
            member_count: u32::try_from(self.member_count)
                .map_err(|error| corrupt(format!("member_count: {error}")))?,
            version: version(self.version).map_err(|detail| corrupt(format!("version: {detail}")))?,
            created_at: Timestamp::from_unix_millis(self.created_at),
            updated_at: Timestamp::from_unix_millis(self.updated_at),
            name: GroupName::from_stored(self.name),
            description: Description::from_stored(self.description),
        })
    }
}

/// A membership's row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = memberships)]
pub(crate) struct MembershipRow {
    pub(crate) group_id: Id,
    pub(crate) user_id: Id,
    pub(crate) joined_version: i64,
    pub(crate) ordinal: i64,
    pub(crate) role: i16,
    pub(crate) joined_at: i64,
    pub(crate) left_version: Option<i64>,
    pub(crate) left_at: Option<i64>,
    /// Whether they have made a change in the group since they joined.
    pub(crate) acted: bool,
}

impl MembershipRow {
    pub(crate) fn membership(&self) -> Result<Membership, StoreError> {
        let corrupt = |detail: String| self.corrupt(&detail);
        Ok(Membership {
            user_id: self.user_id.user(),
            role: role(self.role).map_err(corrupt)?,
            joined_at: Timestamp::from_unix_millis(self.joined_at),
            joined_version: version(self.joined_version).map_err(corrupt)?,
        })
    }

    pub(crate) fn named(&self, name: Option<String>) -> Result<MemberRow, StoreError> {
        Ok(MemberRow { membership: self.membership()?, name: name.map(DisplayName::from_stored) })
    }

    pub(crate) fn key(&self) -> Result<MemberKey, StoreError> {
        Ok(MemberKey {
            joined_version: version(self.joined_version).map_err(|detail| self.corrupt(&detail))?,
            ordinal: u32::try_from(self.ordinal).map_err(|error| self.corrupt(&error.to_string()))?,
        })
    }

    fn corrupt(&self, detail: &str) -> StoreError {
        let id = format!("{}/{}/{}", self.group_id.0, self.user_id.0, self.joined_version);
        StoreError::Corrupt { table: "memberships", id, detail: detail.to_owned() }
    }
}

/// One user in one group: their membership, if they are a member, and their name, if requested.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub(crate) struct MembershipFactsRow {
    pub(crate) group_id: Id,
    pub(crate) user_id: Id,
    pub(crate) joined_version: Option<i64>,
    pub(crate) role: Option<i16>,
    pub(crate) joined_at: Option<i64>,
    pub(crate) acted: Option<bool>,
    pub(crate) name: Option<String>,
}

impl MembershipFactsRow {
    /// `None` if the user is not a member.
    pub(crate) fn membership(&self) -> Result<Option<Membership>, StoreError> {
        let Self { group_id, user_id, .. } = *self;
        let (Some(joined_version), Some(role), Some(joined_at)) = (self.joined_version, self.role, self.joined_at)
        else {
            return Ok(None);
        };
        let acted = self.acted.unwrap_or_default();
        let (ordinal, left_version, left_at) = (0, None, None);
        let row =
            MembershipRow { group_id, user_id, joined_version, ordinal, role, joined_at, left_version, left_at, acted };
        row.membership().map(Some)
    }
}

/// A standing's row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = standings)]
pub(crate) struct StandingRow {
    pub(crate) group_id: Id,
    pub(crate) user_id: Id,
    pub(crate) since_version: i64,
    pub(crate) kind: i16,
    pub(crate) role: i16,
    pub(crate) actor_id: Id,
    pub(crate) note: String,
    pub(crate) at: i64,
    pub(crate) expires_at: Option<i64>,
    pub(crate) ended_version: Option<i64>,
    pub(crate) ended_at: Option<i64>,
}

impl StandingRow {
    pub(crate) fn new(group_id: GroupId, user_id: UserId, since: Version, standing: &Standing) -> Self {
        let (kind, role, actor_id, note, at, expires_at) = match standing {
            Standing::Invited(Invitation { role, invited_by, at, expires_at }) => {
                (INVITED, *role, *invited_by, String::new(), *at, *expires_at)
            }
            Standing::Requested(JoinRequest { role, message, at }) => {
                (REQUESTED, *role, user_id, message.as_str().to_owned(), *at, None)
            }
            Standing::Banned(Ban { banned_by, reason, at }) => {
                (BANNED, Role::Member, *banned_by, reason.as_str().to_owned(), *at, None)
            }
        };
        Self {
            group_id: group_id.into(),
            user_id: user_id.into(),
            since_version: to_stored(since.get()),
            kind,
            role: role_number(role),
            actor_id: actor_id.into(),
            note,
            at: at.unix_millis(),
            expires_at: expires_at.map(Timestamp::unix_millis),
            ended_version: None,
            ended_at: None,
        }
    }

    /// The values of the columns, in order.
    pub(crate) fn into_row(self) -> <Standings as RowSet>::Row {
        let Self { group_id, user_id, since_version, kind, role, actor_id, note, at, expires_at, .. } = self;
        let end = (self.ended_version, self.ended_at);
        (group_id, user_id, since_version, kind, role, actor_id, note, at, expires_at, end.0, end.1)
    }

    /// The version that made it.
    pub(crate) fn since(&self) -> Result<Version, StoreError> {
        version(self.since_version).map_err(|detail| self.corrupt(detail))
    }

    pub(crate) fn standing(&self) -> Result<Standing, StoreError> {
        let role = || role(self.role).map_err(|detail| self.corrupt(detail));
        let (at, note) = (Timestamp::from_unix_millis(self.at), || Note::from_stored(self.note.clone()));
        Ok(match self.kind {
            INVITED => Standing::Invited(Invitation {
                role: role()?,
                invited_by: self.actor_id.user(),
                at,
                expires_at: self.expires_at.map(Timestamp::from_unix_millis),
            }),
            REQUESTED => Standing::Requested(JoinRequest { role: role()?, message: note(), at }),
            BANNED => Standing::Banned(Ban { banned_by: self.actor_id.user(), reason: note(), at }),
            unknown => return Err(self.corrupt(format!("unknown kind {unknown}"))),
        })
    }

    fn corrupt(&self, detail: String) -> StoreError {
        corrupt("standings", format!("{}/{}/{}", self.group_id.0, self.user_id.0, self.since_version), detail)
    }
}

/// The kinds of standings.
pub(crate) const INVITED: i16 = 1;
pub(crate) const REQUESTED: i16 = 2;
pub(crate) const BANNED: i16 = 3;

/// A link's row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = links)]
pub(crate) struct LinkRow {
    pub(crate) id: Id,
    pub(crate) group_id: Id,
    pub(crate) created_version: i64,
    pub(crate) role: i16,
    pub(crate) created_by: Id,
    pub(crate) at: i64,
    pub(crate) expires_at: Option<i64>,
    pub(crate) uses_max: Option<i64>,
    pub(crate) uses: i64,
    pub(crate) approval: bool,
}

impl LinkRow {
    pub(crate) fn new(group_id: GroupId, created_version: Version, link: &Link) -> Self {
        Self {
            id: Id(link.link_id.uuid()),
            group_id: group_id.into(),
            created_version: to_stored(created_version.get()),
            role: role_number(link.role),
            created_by: link.created_by.into(),
            at: link.at.unix_millis(),
            expires_at: link.expires_at.map(Timestamp::unix_millis),
            uses_max: link.uses_max.map(|uses_max| i64::from(uses_max.get())),
            uses: i64::from(link.uses),
            approval: link.approval,
        }
    }

    /// The values of the columns, in order.
    pub(crate) fn into_row(self) -> <Links as RowSet>::Row {
        let Self { id, group_id, created_version, role, created_by, at, expires_at, uses_max, uses, approval } = self;
        (id, group_id, created_version, role, created_by, at, expires_at, uses_max, uses, approval)
    }

    pub(crate) fn key(&self) -> Result<LinkKey, StoreError> {
        let created_version = version(self.created_version).map_err(|detail| corrupt("links", self.id.0, detail))?;
        Ok(LinkKey { created_version, link_id: LinkId::new(self.id.0) })
    }

    pub(crate) fn link(&self) -> Result<Link, StoreError> {
        let corrupt = |detail: String| corrupt("links", self.id.0, detail);
        let count = |number: i64| u32::try_from(number).map_err(|error| corrupt(error.to_string()));
        Ok(Link {
            link_id: LinkId::new(self.id.0),
            role: role(self.role).map_err(corrupt)?,
            created_by: self.created_by.user(),
            at: Timestamp::from_unix_millis(self.at),
            expires_at: self.expires_at.map(Timestamp::from_unix_millis),
            uses_max: self.uses_max.map(count).transpose()?.and_then(NonZeroU32::new),
            uses: count(self.uses)?,
            approval: self.approval,
        })
    }
}

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = log)]
pub(crate) struct LogRow {
    pub(crate) seq: i64,
    pub(crate) commit_id: CommitId,
    pub(crate) group_id: Id,
    pub(crate) version: i64,
    pub(crate) actor_id: Id,
    pub(crate) at: i64,
    pub(crate) format: i16,
    pub(crate) payload: String,
}

impl LogRow {
    pub(crate) fn change(&self) -> Result<Change, StoreError> {
        let corrupt = |detail| StoreError::Corrupt { table: "log", id: self.seq.to_string(), detail };
        let columns = Columns {
            group_id: self.group_id.group(),
            version: version(self.version).map_err(corrupt)?,
            actor_id: self.actor_id.user(),
            at: Timestamp::from_unix_millis(self.at),
        };
        payload::decode_change(columns, self.format, &self.payload).map_err(corrupt)
    }
}

/// An idempotency key's row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = idempotency)]
pub(crate) struct KeyRow {
    pub(crate) actor_id: Id,
    pub(crate) key: String,
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) created_at: i64,
    pub(crate) format: i16,
    pub(crate) answer: String,
}

/// A job's row.
#[cfg(all(feature = "sqlite", feature = "postgres"))]
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = jobs)]
pub(crate) struct JobRow {
    pub(crate) id: Id,
    pub(crate) kind: i16,
    pub(crate) state: i16,
    pub(crate) user_id: Option<Id>,
    pub(crate) actor_id: Id,
    pub(crate) fingerprint: Option<Vec<u8>>,
    pub(crate) done: i64,
    pub(crate) total: i64,
    pub(crate) reason: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) finished_at: Option<i64>,
    pub(crate) holder: Option<Id>,
    pub(crate) leased_until: i64,
}

/// A backend for which the row types name their columns. The columns are the same for all.
#[cfg(feature = "sqlite")]
type AnyBackend = diesel::sqlite::Sqlite;
#[cfg(not(feature = "sqlite"))]
type AnyBackend = diesel::pg::Pg;

diesel::define_sql_function! {
    fn coalesce(value: Nullable<BigInt>, otherwise: BigInt) -> BigInt;
}

/// Whether a group that was looked up is not deleted. It does not say `IS NULL`, because PostgreSQL
/// would then know that the partial indexes on groups that are not deleted contain the group. A plan
/// that it makes for an empty table reads all of them for each lookup.
#[auto_type]
pub(crate) fn not_deleted() -> _ {
    let (version, none): (i64, i64) = (0, 0);
    coalesce(groups::deleted_version, version).eq(none)
}

/// Whether a standing that was looked up is current. The same holds for its partial indexes.
#[auto_type]
pub(crate) fn not_ended() -> _ {
    let (version, none): (i64, i64) = (0, 0);
    coalesce(standings::ended_version, version).eq(none)
}

/// The type of [`columns_of`] a row type.
pub(crate) type ColumnsOf<R> = <R as Selectable<AnyBackend>>::SelectExpression;

/// The columns of a row type. Unlike Diesel's `as_select`, the result is of no particular backend.
pub(crate) fn columns_of<R: Selectable<AnyBackend>>() -> ColumnsOf<R> {
    R::construct_selection()
}

/// A join policy from its number.
pub(crate) fn policy(number: i16) -> Result<JoinPolicy, String> {
    match number {
        1 => Ok(JoinPolicy::Closed),
        2 => Ok(JoinPolicy::Request),
        3 => Ok(JoinPolicy::Open),
        unknown => Err(format!("unknown join policy {unknown}")),
    }
}

/// The number of a join policy.
pub(crate) fn policy_number(policy: JoinPolicy) -> i16 {
    match policy {
        JoinPolicy::Closed => 1,
        JoinPolicy::Request => 2,
        JoinPolicy::Open => 3,
    }
}

/// A role from its number.
pub(crate) fn role(number: i16) -> Result<Role, String> {
    match number {
        1 => Ok(Role::Member),
        2 => Ok(Role::Admin),
        3 => Ok(Role::Owner),
        unknown => Err(format!("unknown role {unknown}")),
    }
}

/// The number of a role, ascending by rank.
pub(crate) fn role_number(role: Role) -> i16 {
    match role {
        Role::Member => 1,
        Role::Admin => 2,
        Role::Owner => 3,
    }
}

/// A role read together with a group.
pub(crate) fn role_in(number: i16, group_id: GroupId, user_id: UserId) -> Result<Role, StoreError> {
    let id = || format!("{group_id}/{user_id}");
    role(number).map_err(|detail| StoreError::Corrupt { table: "memberships", id: id(), detail })
}

/// The version of a group, read without the rest of its row.
pub(crate) fn version_in(number: i64, group_id: GroupId) -> Result<Version, StoreError> {
    version(number).map_err(|detail| StoreError::Corrupt { table: "groups", id: group_id.to_string(), detail })
}

fn version(number: i64) -> Result<Version, String> {
    match u64::try_from(number) {
        Ok(number) if number >= 1 => Ok(Version::new(number)),
        _ => Err(format!("invalid version {number}")),
    }
}

/// Converts a number to the databases' integer type. Numbers above its maximum become the maximum.
pub(crate) fn to_stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn corrupt(table: &'static str, id: impl ToString, detail: String) -> StoreError {
    StoreError::Corrupt { table, id: id.to_string(), detail }
}
