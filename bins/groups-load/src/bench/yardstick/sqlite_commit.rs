//! Commits the rows of changes to a SQLite file, with the durability of the server.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::commits::Commits;
use crate::failure::Failure;

// What the yardstick needs of the schema; other columns have defaults.
diesel::table! {
    groups (id) {
        id -> Binary,
        version -> BigInt,
        member_count -> BigInt,
    }
}
diesel::table! {
    memberships (group_id, user_id, joined_version) {
        group_id -> Binary,
        user_id -> Binary,
        joined_version -> BigInt,
        ordinal -> BigInt,
        role -> Integer,
        joined_at -> BigInt,
    }
}
diesel::table! {
    log (seq) {
        seq -> BigInt,
        group_id -> Binary,
        version -> BigInt,
        actor_id -> Binary,
        at -> BigInt,
        format -> Integer,
        payload -> Text,
    }
}

pub(super) async fn measure(file: PathBuf, changes_per_commit: u32, seconds: u64) -> Result<Commits, Failure> {
    spawn_blocking(move || commit(&file.display().to_string(), changes_per_commit, Duration::from_secs(seconds)))
        .await?
}

fn commit(file: &str, changes_per_commit: u32, duration: Duration) -> Result<Commits, Failure> {
    let mut conn = SqliteConnection::establish(file).map_err(|error| Failure::Process(format!("SQLite: {error}")))?;
    conn.batch_execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384")?;
    let mut versions: Vec<(Vec<u8>, i64)> = groups::table.select((groups::id, groups::version)).load(&mut conn)?;
    let last = log::table.order(log::seq.desc()).select((log::format, log::payload));
    let (format, payload): (i32, String) = last.first(&mut conn)?;
    let (mut changes, mut next) = (0_u32, 0);
    let started = Instant::now();
    while started.elapsed() < duration {
        conn.immediate_transaction(|conn| {
            for _ in 0..changes_per_commit {
                let at = next % versions.len().max(1);
                next += 1;
                let Some((group, version)) = versions.get_mut(at) else { return Err(diesel::result::Error::NotFound) };
                *version += 1;
                add_member(conn, group, *version, format, &payload)?;
                changes += 1;
            }
            Ok(())
        })?;
    }
    let changes_per_second = f64::from(changes) / started.elapsed().as_secs_f64();
    Ok(Commits { changes_per_second, database_cpu_us_per_change: None })
}

fn add_member(
    conn: &mut SqliteConnection,
    group: &[u8],
    version: i64,
    format: i32,
    payload: &str,
) -> Result<(), diesel::result::Error> {
    let user = Uuid::now_v7();
    let new_version = (groups::version.eq(version), groups::member_count.eq(groups::member_count + 1));
    diesel::update(groups::table.find(group)).set(new_version).execute(conn)?;
    let membership = (
        memberships::group_id.eq(group),
        memberships::user_id.eq(user.as_bytes().as_slice()),
        memberships::joined_version.eq(version),
        memberships::ordinal.eq(0),
        memberships::role.eq(1),
        memberships::joined_at.eq(0),
    );
    diesel::insert_into(memberships::table).values(membership).execute(conn)?;
    let change = (
        log::group_id.eq(group),
        log::version.eq(version),
        log::actor_id.eq(group),
        log::at.eq(0),
        log::format.eq(format),
        log::payload.eq(payload),
    );
    diesel::insert_into(log::table).values(change).execute(conn).map(drop)
}
