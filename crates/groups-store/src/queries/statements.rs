//! The statements over a set of rows, which they call `v`. Both databases use the same text.
//!
//! The queries fix the join order, starting from the rows (SQLite does not reorder `LEFT JOIN` and
//! `CROSS JOIN`, <https://www.sqlite.org/optoverview.html>). Otherwise SQLite, which assumes that
//! every set is large, would sometimes scan a whole table.

use diesel::sql_types::{BigInt, Binary, Bool, Nullable, SmallInt, Text};

use crate::column::sql;

/// `GroupRow`s by id, for SQLite; PostgreSQL also takes locks.
#[cfg(feature = "sqlite")]
pub(crate) const GROUPS_OF_IDS: &str = "SELECT g.id, g.name, g.description, g.owner_id, g.member_count, g.version, g.created_at, g.updated_at, \
     g.deleted_version, g.join_policy, g.invitations, g.join_requests, g.bans, g.links \
     FROM v CROSS JOIN groups AS g WHERE g.id = v.id";

pub(crate) type GroupSql = (
    sql::Id,
    Text,
    Text,
    sql::Id,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    Nullable<BigInt>,
    SmallInt,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
);

/// The current `StandingRow`s of users in groups.
pub(crate) const STANDINGS_OF_KEYS: &str = "SELECT s.group_id, s.user_id, s.since_version, s.kind, s.role, s.actor_id, s.note, s.at, \
     s.expires_at, s.ended_version, s.ended_at FROM v CROSS JOIN standings AS s \
     WHERE s.group_id = v.group_id AND s.user_id = v.user_id AND coalesce(s.ended_version, 0) = 0";

pub(crate) type StandingSql = (
    sql::Id,
    sql::Id,
    BigInt,
    SmallInt,
    SmallInt,
    sql::Id,
    Text,
    BigInt,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
);

/// `LinkRow`s by id.
pub(crate) const LINKS_OF_IDS: &str = "SELECT l.id, l.group_id, l.created_version, l.role, l.created_by, l.at, l.expires_at, l.uses_max, \
     l.uses, l.approval FROM v CROSS JOIN links AS l WHERE l.id = v.id";

/// All `LinkRow`s of groups.
pub(crate) const LINKS_OF_GROUPS: &str = "SELECT l.id, l.group_id, l.created_version, l.role, l.created_by, l.at, l.expires_at, \
     l.uses_max, l.uses, l.approval FROM v CROSS JOIN links AS l WHERE l.group_id = v.id";

pub(crate) type LinkSql =
    (sql::Id, sql::Id, BigInt, SmallInt, sql::Id, BigInt, Nullable<BigInt>, Nullable<BigInt>, BigInt, Bool);

pub(crate) const INSERT_STANDINGS: &str = "INSERT INTO standings \
    (group_id, user_id, since_version, kind, role, actor_id, note, at, expires_at, ended_version, ended_at) \
    SELECT group_id, user_id, since_version, kind, role, actor_id, note, at, expires_at, ended_version, ended_at FROM v";

pub(crate) const END_STANDINGS: &str = "UPDATE standings SET ended_version = v.ended_version, ended_at = v.ended_at FROM v \
     WHERE standings.group_id = v.group_id AND standings.user_id = v.user_id AND standings.since_version = v.since_version";

pub(crate) const INSERT_LINKS: &str = "INSERT INTO links \
    (id, group_id, created_version, role, created_by, at, expires_at, uses_max, uses, approval) \
    SELECT id, group_id, created_version, role, created_by, at, expires_at, uses_max, uses, approval FROM v";

pub(crate) const UPDATE_LINK_USES: &str = "UPDATE links SET uses = v.uses FROM v WHERE links.id = v.id";

pub(crate) const DELETE_LINKS: &str = "DELETE FROM links WHERE id IN (SELECT id FROM v)";

/// `MembershipFactsRow`s of those rows whose user is a member, or whose user's name is requested and known.
pub(crate) const MEMBERSHIP_FACTS: &str = "SELECT v.group_id, v.user_id, m.joined_version, m.role, m.joined_at, m.acted, n.name FROM v \
     LEFT JOIN memberships AS m ON m.group_id = v.group_id AND m.user_id = v.user_id AND m.left_version IS NULL \
     LEFT JOIN names AS n ON v.named AND n.user_id = v.user_id \
     WHERE m.user_id IS NOT NULL OR n.user_id IS NOT NULL";

pub(crate) type MembershipFactsSql =
    (sql::Id, sql::Id, Nullable<BigInt>, Nullable<SmallInt>, Nullable<BigInt>, Nullable<Bool>, Nullable<Text>);

/// The `MembershipFactsRow`s of the owners of these groups, without names.
#[cfg(feature = "postgres")]
pub(crate) const OWNER_FACTS: &str = "SELECT m.group_id, m.user_id, m.joined_version, m.role, m.joined_at, m.acted, NULL::text FROM v \
     CROSS JOIN groups AS g CROSS JOIN memberships AS m \
     WHERE g.id = v.id AND m.group_id = g.id AND m.user_id = g.owner_id AND coalesce(m.left_version, 0) = 0";

/// Number of open memberships of each user, counted up to `count_max`. Those in deleted groups
/// count until they are ended.
pub(crate) fn open_memberships_of_users(count_max: u64) -> String {
    format!(
        "SELECT v.id, (SELECT count(*) FROM (SELECT 1 FROM memberships AS m \
         WHERE m.user_id = v.id AND m.left_version IS NULL LIMIT {count_max}) AS counted) FROM v"
    )
}

pub(crate) type CountSql = (sql::Id, BigInt);

/// Ends the open memberships of users in groups that were deleted, with the version that ended the
/// group.
pub(crate) const END_MEMBERSHIPS_OF_DELETED_GROUPS: &str = "UPDATE memberships SET left_version = g.deleted_version, left_at = g.updated_at FROM v, groups AS g \
     WHERE memberships.user_id = v.id AND memberships.left_version IS NULL \
     AND g.id = memberships.group_id AND g.deleted_version IS NOT NULL";

/// The pairs in which `one` has blocked `other`.
pub(crate) const BLOCKS_OF_PAIRS: &str = "SELECT b.user_id, b.blocked_id FROM v \
     CROSS JOIN blocks AS b WHERE b.user_id = v.one AND b.blocked_id = v.other";

// Where a user's groups are scanned, what is looked up for each of them is a scalar subquery. PostgreSQL
// never joins those in another order, whatever it knows of the tables. (`names_near_reader` is planned
// each time.)

/// The pairs that share a group. The groups of `one` are scanned: make it the user with fewer
/// groups.
pub(crate) const PAIRS_IN_ONE_GROUP: &str = "SELECT v.one, v.other FROM v WHERE EXISTS \
     (SELECT 1 FROM memberships AS m WHERE m.user_id = v.one AND m.left_version IS NULL \
     AND (SELECT n.role FROM memberships AS n \
      WHERE n.group_id = m.group_id AND n.user_id = v.other AND n.left_version IS NULL) IS NOT NULL \
     AND (SELECT coalesce(g.deleted_version, 0) FROM groups AS g WHERE g.id = m.group_id) = 0)";

pub(crate) type PairSql = (sql::Id, sql::Id);

/// For each pair of group (`one`) and user (`other`) whose group has a row: group, user, the role of
/// the open membership, the version of the group, and whether it is deleted.
pub(crate) const MEMBERSHIPS_OF_PAIRS: &str = "SELECT v.one, v.other, m.role, g.version, g.deleted_version IS NOT NULL FROM v \
     CROSS JOIN groups AS g \
     LEFT JOIN memberships AS m ON m.group_id = v.one AND m.user_id = v.other AND m.left_version IS NULL \
     WHERE g.id = v.one";

pub(crate) type MembershipOfPairSql = (sql::Id, sql::Id, Nullable<SmallInt>, BigInt, Bool);

/// The users of these pairs (`one`) who share a group with the reader (`other`). With `acted` only
/// those who have acted in such a group, as with `NameVisibility::Acquainted`. Of the groups of each
/// user, the 200 newest count.
pub(crate) fn acquaintances_of_reader(acted: bool) -> String {
    let acted = if acted { "AND a.acted " } else { "" };
    format!(
        "SELECT v.one FROM v WHERE EXISTS \
         (SELECT 1 FROM (SELECT a.group_id FROM memberships AS a \
         WHERE a.user_id = v.one {acted}AND a.left_version IS NULL ORDER BY a.group_id DESC LIMIT 200) AS recent \
         WHERE (SELECT m.role FROM memberships AS m \
          WHERE m.group_id = recent.group_id AND m.user_id = v.other AND m.left_version IS NULL) IS NOT NULL \
         AND (SELECT coalesce(g.deleted_version, 0) FROM groups AS g WHERE g.id = recent.group_id) = 0)"
    )
}

/// The people with a name in the range who share a group with the reader, with user, name and search
/// key. With `acted` only those who have acted in such a group. Of the other memberships in the
/// reader's newest groups, so many are looked at.
pub(crate) fn names_near_reader(acted: bool, memberships_max: u32) -> String {
    let acted = if acted { "AND a.acted " } else { "" };
    format!(
        "SELECT DISTINCT n.user_id, n.name, n.name_key FROM v CROSS JOIN \
         (SELECT a.user_id FROM v CROSS JOIN memberships AS m CROSS JOIN groups AS g CROSS JOIN memberships AS a \
         WHERE m.user_id = v.reader_id AND m.left_version IS NULL AND g.id = m.group_id AND coalesce(g.deleted_version, 0) = 0 \
         AND a.group_id = m.group_id AND a.left_version IS NULL {acted}\
         ORDER BY m.group_id DESC LIMIT {memberships_max}) AS near CROSS JOIN names AS n \
         WHERE n.user_id = near.user_id AND n.name_key >= v.first AND n.name_key < v.beyond"
    )
}

pub(crate) type NameSql = (sql::Id, Text, Text);

/// The members whose names the reader sees with `NameVisibility::Acquainted`: the reader, members
/// who have acted in this group, and members who have acted in another group of the reader's. Of
/// the groups in which a member has acted, the 100 newest count.
pub(crate) const ACQUAINTED: &str = "SELECT v.user_id FROM v WHERE v.user_id = v.reader_id OR EXISTS \
     (SELECT 1 FROM memberships AS a CROSS JOIN memberships AS m CROSS JOIN groups AS g \
     WHERE a.group_id = v.group_id AND a.user_id = v.user_id AND a.acted AND a.left_version IS NULL \
     AND m.group_id = v.group_id AND m.user_id = v.reader_id AND m.left_version IS NULL \
     AND g.id = v.group_id AND coalesce(g.deleted_version, 0) = 0) OR EXISTS \
     (SELECT 1 FROM (SELECT a.group_id FROM memberships AS a WHERE a.user_id = v.user_id AND a.acted AND a.left_version IS NULL \
     ORDER BY a.group_id DESC LIMIT 100) AS recent \
     WHERE (SELECT m.role FROM memberships AS m \
      WHERE m.group_id = recent.group_id AND m.user_id = v.reader_id AND m.left_version IS NULL) IS NOT NULL \
     AND (SELECT coalesce(g.deleted_version, 0) FROM groups AS g WHERE g.id = recent.group_id) = 0)";

/// `KeyRow`s by idempotency key.
pub(crate) const ANSWERS_OF_KEYS: &str = "SELECT i.actor_id, i.key, i.fingerprint, i.created_at, i.format, i.answer FROM v \
     CROSS JOIN idempotency AS i WHERE i.actor_id = v.actor_id AND i.key = v.key";

pub(crate) type KeySql = (sql::Id, Text, Binary, BigInt, SmallInt, Text);

/// `LogRow`s by group and version.
pub(crate) const CHANGES_OF_VERSIONS: &str = "SELECT l.seq, l.commit_id, l.group_id, l.version, l.actor_id, l.at, l.format, l.payload FROM v \
     CROSS JOIN log AS l WHERE l.group_id = v.group_id AND l.version = v.version";

/// `LogRow`s by sequence number, ascending.
pub(crate) const CHANGES_OF_SEQS: &str = "SELECT l.seq, l.commit_id, l.group_id, l.version, l.actor_id, l.at, l.format, l.payload FROM v \
     CROSS JOIN log AS l WHERE l.seq = v.seq ORDER BY l.seq";

pub(crate) type LogSql = (BigInt, sql::Commit, sql::Id, BigInt, sql::Id, BigInt, SmallInt, Text);

pub(crate) const INSERT_GROUPS: &str = "INSERT INTO groups \
    (id, name, description, owner_id, member_count, version, created_at, updated_at, deleted_version, \
    join_policy, invitations, join_requests, bans, links) \
    SELECT id, name, description, owner_id, member_count, version, created_at, updated_at, deleted_version, \
    join_policy, invitations, join_requests, bans, links FROM v";

pub(crate) const UPDATE_GROUPS: &str = "UPDATE groups SET name = v.name, description = v.description, \
    owner_id = v.owner_id, member_count = v.member_count, version = v.version, updated_at = v.updated_at, \
    deleted_version = v.deleted_version, join_policy = v.join_policy, invitations = v.invitations, \
    join_requests = v.join_requests, bans = v.bans, links = v.links FROM v WHERE groups.id = v.id";

pub(crate) const UPDATE_MEMBERSHIPS: &str = "UPDATE memberships SET role = v.role, left_version = v.left_version, left_at = v.left_at, \
     acted = memberships.acted OR v.acted FROM v \
     WHERE memberships.group_id = v.group_id AND memberships.user_id = v.user_id \
     AND memberships.joined_version = v.joined_version";

pub(crate) const INSERT_MEMBERSHIPS: &str = "INSERT INTO memberships \
    (group_id, user_id, joined_version, ordinal, role, joined_at, left_version, left_at, acted) \
    SELECT group_id, user_id, joined_version, ordinal, role, joined_at, left_version, left_at, acted FROM v";

/// Without the result of [`Connection::INSERT_CHANGES`](crate::connection::Connection).
#[cfg(all(feature = "sqlite", feature = "postgres"))]
pub(crate) const COPY_CHANGES: &str = "INSERT INTO log (group_id, version, actor_id, at, format, payload) \
    SELECT group_id, version, actor_id, at, format, payload FROM v";

/// Number, commit, group, version, and the commit of the group's previous version.
pub(crate) type InsertedSql = (BigInt, sql::Commit, sql::Id, BigInt, Nullable<sql::Commit>);

pub(crate) const DELETE_KEYS: &str = "DELETE FROM idempotency WHERE (actor_id, key) IN (SELECT actor_id, key FROM v)";

pub(crate) const INSERT_ANSWERS: &str = "INSERT INTO idempotency \
    (actor_id, key, fingerprint, created_at, format, answer) \
    SELECT actor_id, key, fingerprint, created_at, format, answer FROM v";

/// Saves a name unless the stored one comes from a newer token. Of two tokens with the same time,
/// the last write wins.
pub(crate) const UPSERT_NAMES: &str = "INSERT INTO names (user_id, name, name_key, issued_at) \
    SELECT user_id, name, name_key, issued_at FROM v WHERE true \
    ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, issued_at = excluded.issued_at \
    WHERE names.issued_at < excluded.issued_at OR (names.issued_at = excluded.issued_at AND names.name <> excluded.name)";

/// The usage by user and day.
pub(crate) const USAGE_OF_USER_DAYS: &str = "SELECT u.user_id, u.day, u.groups_created, u.rows_written, u.bytes_written FROM v \
     CROSS JOIN usage AS u WHERE u.day = v.day AND u.user_id = v.user_id";

pub(crate) type UsageSql = (sql::Id, BigInt, BigInt, BigInt, BigInt);

/// Adds to the usage. Transactions lock the rows in one order, so they never deadlock.
pub(crate) const ADD_USAGE: &str = "INSERT INTO usage (user_id, day, groups_created, rows_written, bytes_written) \
    SELECT user_id, day, groups_created, rows_written, bytes_written FROM v WHERE true ORDER BY user_id, day \
    ON CONFLICT (day, user_id) DO UPDATE SET groups_created = usage.groups_created + excluded.groups_created, \
    rows_written = usage.rows_written + excluded.rows_written, bytes_written = usage.bytes_written + excluded.bytes_written";
