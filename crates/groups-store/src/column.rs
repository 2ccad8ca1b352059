//! Column types with one name on both backends, so that one schema and one query serve both.

#[cfg(feature = "postgres")]
use std::io::Write;

#[cfg(feature = "sqlite")]
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
#[cfg(feature = "postgres")]
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
#[cfg(feature = "sqlite")]
use diesel::sql_types::BigInt;
#[cfg(feature = "sqlite")]
use diesel::sqlite::Sqlite;
use groups_domain::{GroupId, UserId};
use uuid::Uuid;

/// The SQL types.
pub(crate) mod sql {
    use diesel::query_builder::QueryId;
    use diesel::sql_types::SqlType;

    /// `uuid` on PostgreSQL, a `BLOB` of 16 bytes on SQLite.
    #[derive(Clone, Copy, Debug, Default, SqlType, QueryId)]
    #[diesel(postgres_type(oid = 2950, array_oid = 2951))]
    #[diesel(sqlite_type(name = "Binary"))]
    pub struct Id;

    /// `xid8` on PostgreSQL, `INTEGER` on SQLite.
    #[derive(Clone, Copy, Debug, Default, SqlType, QueryId)]
    #[diesel(postgres_type(oid = 5069, array_oid = 271))]
    #[diesel(sqlite_type(name = "Long"))]
    pub struct Commit;
}

/// A UUID in a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Id)]
pub(crate) struct Id(pub(crate) Uuid);

impl Id {
    pub(crate) fn group(self) -> GroupId {
        GroupId::new(self.0)
    }

    pub(crate) fn user(self) -> UserId {
        UserId::new(self.0)
    }
}

impl From<GroupId> for Id {
    fn from(id: GroupId) -> Self {
        Self(id.uuid())
    }
}

impl From<UserId> for Id {
    fn from(id: UserId) -> Self {
        Self(id.uuid())
    }
}

#[cfg(feature = "postgres")]
impl ToSql<sql::Id, Pg> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

#[cfg(feature = "postgres")]
impl FromSql<sql::Id, Pg> for Id {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

#[cfg(feature = "sqlite")]
impl ToSql<sql::Id, Sqlite> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(&self.0.as_bytes()[..]);
        Ok(IsNull::No)
    }
}

#[cfg(feature = "sqlite")]
impl FromSql<sql::Id, Sqlite> for Id {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let mut value = value;
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

/// A commit number in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Commit)]
pub(crate) struct CommitId(pub(crate) u64);

#[cfg(feature = "postgres")]
impl ToSql<sql::Commit, Pg> for CommitId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&self.0.to_be_bytes())?;
        Ok(IsNull::No)
    }
}

#[cfg(feature = "postgres")]
impl FromSql<sql::Commit, Pg> for CommitId {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(u64::from_be_bytes(value.as_bytes().try_into()?)))
    }
}

#[cfg(feature = "sqlite")]
impl ToSql<sql::Commit, Sqlite> for CommitId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        // A number above SQLite's maximum is greater than every row.
        out.set_value(i64::try_from(self.0).unwrap_or(i64::MAX));
        Ok(IsNull::No)
    }
}

#[cfg(feature = "sqlite")]
impl FromSql<sql::Commit, Sqlite> for CommitId {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(u64::try_from(<i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?)?))
    }
}
