//! Mirrors the memberships of all groups into another database, here SQLite. Each change takes effect exactly once.
//!
//! ```text
//! GROUPS_URL=https://groups.example GROUPS_TOKEN=… MIRROR=mirror.db cargo run --example mirror_memberships
//! ```
//!
//! The effect of a change, the version of its group and the cursor are one transaction, so a run that is killed continues where
//! it was. A change that is repeated has a version that the mirror knows, and is ignored.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error as SqlError;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use groups_client::{
    Admin, ChangeAction, Client, Code, Error, FeedError, GroupId, GroupQuery, LogChange, Member, Page, Role, UserId,
};

const TABLES: &str = "PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS groups (group_id TEXT PRIMARY KEY, version BIGINT NOT NULL);
    CREATE TABLE IF NOT EXISTS memberships (
        group_id TEXT NOT NULL, user_id TEXT NOT NULL, role TEXT NOT NULL, PRIMARY KEY (group_id, user_id));
    CREATE TABLE IF NOT EXISTS position (id INTEGER PRIMARY KEY CHECK (id = 1), cursor TEXT NOT NULL);";

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let setting = |name| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let client = Client::builder(setting("GROUPS_URL")?).token(setting("GROUPS_TOKEN")?).build()?;
    let mut db = SqliteConnection::establish(&setting("MIRROR")?)?;
    db.batch_execute(TABLES)?;
    let admin = client.admin();
    loop {
        let cursor = match position(&mut db)? {
            Some(cursor) => cursor,
            None => copy_all(admin, &mut db).await?,
        };
        let mut feed = admin.feed(Some(cursor));
        loop {
            match feed.next().await {
                Ok(change) => follow(admin, &mut db, &change).await?,
                // The mirror was away for longer than the log is kept.
                Err(FeedError::CursorExpired(_)) => break,
                Err(error) => return Err(error.into()),
            }
        }
        sql_query("DELETE FROM position").execute(&mut db)?;
    }
}

/// Applies one change.
async fn follow(admin: Admin<'_>, db: &mut SqliteConnection, change: &LogChange) -> Result<(), Failure> {
    let applied = db.immediate_transaction(|db| -> Result<bool, SqlError> {
        let known = version(db, change.group_id)?;
        let version = version_of(change);
        let applied = version <= known || (version == known + 1 && apply(db, change)?);
        if applied {
            save(db, change.group_id, version.max(known), &change.cursor)?;
        }
        Ok(applied)
    })?;
    if applied { Ok(()) } else { copy(admin, db, change.group_id, version_of(change), &change.cursor).await }
}

/// The effect of a change on the memberships. `false` if the change does not say it.
fn apply(db: &mut SqliteConnection, change: &LogChange) -> Result<bool, SqlError> {
    let group = change.group_id;
    match &change.change.action {
        Some(ChangeAction::GroupCreated { owner_id, members, .. }) => {
            set(db, group, *owner_id, Role::Owner)?;
            members.iter().try_for_each(|member| set(db, group, member.user_id, member.role))?;
        }
        Some(ChangeAction::MemberAdded(member)) => set(db, group, member.user_id, member.role)?,
        Some(ChangeAction::MembersAdded { members, .. }) => {
            members.iter().try_for_each(|member| set(db, group, member.user_id, member.role))?;
        }
        Some(ChangeAction::RoleChanged { user_id, role, .. }) => set(db, group, *user_id, *role)?,
        Some(ChangeAction::OwnerChanged { user_id }) => {
            let admin = sql_query("UPDATE memberships SET role = 'admin' WHERE group_id = ? AND role = 'owner'");
            admin.bind::<Text, _>(group.to_string()).execute(db)?;
            set(db, group, *user_id, Role::Owner)?;
        }
        // The user was erased since: the log no longer says who left.
        Some(
            ChangeAction::MemberRemoved { user_id }
            | ChangeAction::MemberLeft { user_id, .. }
            | ChangeAction::Banned { user_id, .. },
        ) if user_id.uuid().is_nil() => return Ok(false),
        Some(ChangeAction::MemberRemoved { user_id } | ChangeAction::Banned { user_id, .. }) => {
            remove(db, group, *user_id)?;
        }
        Some(ChangeAction::MemberLeft { user_id, new_owner_id }) => {
            remove(db, group, *user_id)?;
            new_owner_id.iter().try_for_each(|owner| set(db, group, *owner, Role::Owner))?;
        }
        Some(ChangeAction::GroupDeleted) => clear(db, group)?,
        // A kind of change that this version does not know.
        None => return Ok(false),
        Some(_) => {}
    }
    Ok(true)
}

/// Copies the current state of all groups, and returns the position from which the changes follow. It may already include some
/// of them, which the versions tell.
async fn copy_all(admin: Admin<'_>, db: &mut SqliteConnection) -> Result<String, Failure> {
    let start = admin.end_of_log().await?;
    let known = sql_query("SELECT group_id AS text FROM groups").load::<TextRow>(db)?;
    let mut groups = known.iter().map(|row| row.text.parse()).collect::<Result<Vec<GroupId>, _>>()?;
    let mut after = None;
    loop {
        let page = admin.find_groups(GroupQuery::default(), Page { limit: Some(500), after }).await?;
        groups.extend(page.groups.iter().map(|group| group.group_id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    for group in groups {
        copy(admin, db, group, 0, "").await?;
    }
    sql_query("INSERT OR REPLACE INTO position VALUES (1, ?)").bind::<Text, _>(&start).execute(db)?;
    Ok(start)
}

/// Copies the members of one group, at this version or a later one.
async fn copy(
    admin: Admin<'_>,
    db: &mut SqliteConnection,
    group: GroupId,
    at_least: i64,
    cursor: &str,
) -> Result<(), Failure> {
    let (members, version) = loop {
        match members(admin, group).await? {
            Some((members, version)) if version >= at_least => break (members, version),
            None => break (Vec::new(), at_least),
            // It changed while it was read, or a replica is behind.
            Some(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    };
    Ok(db.immediate_transaction(|db| -> Result<(), SqlError> {
        clear(db, group)?;
        members.iter().try_for_each(|member| set(db, group, member.user_id, member.role))?;
        save(db, group, version, cursor)
    })?)
}

/// All members and the version at which they were read, or -1 if that differs between pages. `None` if there is no such group.
async fn members(admin: Admin<'_>, group: GroupId) -> Result<Option<(Vec<Member>, i64)>, Error> {
    let (mut all, mut version, mut after) = (Vec::new(), None, None);
    loop {
        let page = match admin.group(group).members(Page { limit: Some(500), after }).await {
            Err(error) if error.code() == Some(Code::GroupNotFound) => return Ok(None),
            page => page?,
        };
        if version.is_some_and(|version| version != page.version) {
            return Ok(Some((all, -1)));
        }
        version = Some(page.version);
        all.extend(page.members);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(Some((all, i64::try_from(page.version.get()).unwrap_or(i64::MAX)))),
        }
    }
}

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = Text)]
    text: String,
}

#[derive(QueryableByName)]
struct VersionRow {
    #[diesel(sql_type = BigInt)]
    version: i64,
}

fn position(db: &mut SqliteConnection) -> QueryResult<Option<String>> {
    let row = sql_query("SELECT cursor AS text FROM position").get_result::<TextRow>(db).optional()?;
    Ok(row.map(|row| row.text))
}

/// The version of a group in the mirror; 0 if it is not there.
fn version(db: &mut SqliteConnection, group: GroupId) -> QueryResult<i64> {
    let query = sql_query("SELECT version FROM groups WHERE group_id = ?").bind::<Text, _>(group.to_string());
    Ok(query.get_result::<VersionRow>(db).optional()?.map_or(0, |row| row.version))
}

fn version_of(change: &LogChange) -> i64 {
    i64::try_from(change.change.version.get()).unwrap_or(i64::MAX)
}

/// The position is unchanged if `cursor` is empty.
fn save(db: &mut SqliteConnection, group: GroupId, version: i64, cursor: &str) -> QueryResult<()> {
    let upsert = sql_query("INSERT OR REPLACE INTO groups VALUES (?, ?)").bind::<Text, _>(group.to_string());
    upsert.bind::<BigInt, _>(version).execute(db)?;
    if !cursor.is_empty() {
        sql_query("INSERT OR REPLACE INTO position VALUES (1, ?)").bind::<Text, _>(cursor).execute(db)?;
    }
    Ok(())
}

fn set(db: &mut SqliteConnection, group: GroupId, user: UserId, role: Role) -> QueryResult<()> {
    let upsert = sql_query("INSERT OR REPLACE INTO memberships VALUES (?, ?, ?)");
    let upsert = upsert.bind::<Text, _>(group.to_string()).bind::<Text, _>(user.to_string());
    upsert.bind::<Text, _>(role.to_string()).execute(db).map(drop)
}

fn remove(db: &mut SqliteConnection, group: GroupId, user: UserId) -> QueryResult<()> {
    let delete = sql_query("DELETE FROM memberships WHERE group_id = ? AND user_id = ?");
    delete.bind::<Text, _>(group.to_string()).bind::<Text, _>(user.to_string()).execute(db).map(drop)
}

fn clear(db: &mut SqliteConnection, group: GroupId) -> QueryResult<()> {
    sql_query("DELETE FROM memberships WHERE group_id = ?").bind::<Text, _>(group.to_string()).execute(db).map(drop)
}
