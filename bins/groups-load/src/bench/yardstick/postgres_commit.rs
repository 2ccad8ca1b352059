//! Commits the rows of changes to PostgreSQL, each change with one prepared statement.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::commits::Commits;
use crate::bench::postgres::connect;
use crate::failure::Failure;
use crate::process::ProcessTree;
use crate::report::per;

/// Adds a member to the group `$1`.
const ADDITION: &str = "WITH g AS (UPDATE groups SET version = version + 1, member_count = member_count + 1
      WHERE id = $1::text::uuid RETURNING id, version),
    m AS (INSERT INTO memberships (group_id, user_id, joined_version, ordinal, role, joined_at)
      SELECT id, gen_random_uuid(), version, 0, 1, 0 FROM g)
    INSERT INTO log (group_id, version, actor_id, at, format, payload)
      SELECT id, version, id, 0, $2, $3 FROM g";

pub(super) async fn measure(url: &str, pid: u32, connections: u32, seconds: u64) -> Result<Commits, Failure> {
    let client = connect(url).await?;
    let last = client.query_one("SELECT format, payload FROM log ORDER BY seq DESC LIMIT 1", &[]).await?;
    let (format, payload): (i16, String) = (last.try_get(0)?, last.try_get(1)?);
    let groups = client.query("SELECT id::text FROM groups LIMIT $1", &[&i64::from(connections)]).await?;
    let mut clients = Vec::with_capacity(groups.len());
    for group in groups {
        let client = connect(url).await?;
        clients.push((client.prepare(ADDITION).await?, client, group.try_get::<_, String>(0)?));
    }
    let database = ProcessTree::new(pid)?;
    let (before, started) = (database.cpu()?, Instant::now());
    let until = started + Duration::from_secs(seconds);
    let mut committing = JoinSet::new();
    for (statement, client, group) in clients {
        let payload = payload.clone();
        committing.spawn(async move {
            let mut changes = 0_u64;
            while Instant::now() < until {
                client.execute(&statement, &[&group, &format, &payload]).await?;
                changes += 1;
            }
            Ok::<_, tokio_postgres::Error>(changes)
        });
    }
    let mut changes = 0;
    while let Some(done) = committing.join_next().await {
        changes += done??;
    }
    let changes = changes as f64;
    let cpu = database.cpu()?.saturating_sub(before);
    Ok(Commits {
        changes_per_second: per(changes, started.elapsed().as_secs_f64()),
        database_cpu_us_per_change: Some(per(cpu.as_secs_f64() * 1e6, changes)),
    })
}
