//! Blocks: whom users do not allow to add them to groups.

use diesel::prelude::*;
use groups_domain::{Timestamp, UserId};

use crate::column::Id;
use crate::connection::{Connection, RunQueryDsl};
use crate::page::BLOCKS_MAX;
use crate::query_error::{QueryError, reading};
use crate::schema::blocks;
use crate::{Block, BlockPage, Blocked};

pub(crate) async fn list<C: Connection>(
    conn: &mut C,
    user: UserId,
    after: Option<UserId>,
    limit: u32,
) -> Result<BlockPage, QueryError> {
    let limit = limit.max(1);
    let mine = blocks::table.filter(blocks::user_id.eq(Id::from(user)));
    let page = mine.order(blocks::blocked_id).limit(i64::from(limit) + 1).select((blocks::blocked_id, blocks::at));
    let rows = match after {
        None => page.load(conn).await,
        Some(after) => page.filter(blocks::blocked_id.gt(Id::from(after))).load(conn).await,
    };
    let mut rows: Vec<(Id, i64)> = rows.map_err(reading("blocks"))?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|(blocked, _)| blocked.user());
    let block = |(blocked, at): (Id, i64)| Block { user_id: blocked.user(), at: Timestamp::from_unix_millis(at) };
    Ok(BlockPage { blocks: rows.into_iter().map(block).collect(), next })
}

pub(crate) async fn put<C: Connection>(
    conn: &mut C,
    user: UserId,
    blocked: UserId,
    at: Timestamp,
) -> Result<Blocked, QueryError> {
    // Serializes the counts of several servers.
    conn.lock_users(&[user.into()]).await?;
    let mine = blocks::table.filter(blocks::user_id.eq(Id::from(user)));
    let is_there = mine.filter(blocks::blocked_id.eq(Id::from(blocked)));
    let is_there: i64 = is_there.count().get_result(conn).await.map_err(reading("blocks"))?;
    if is_there > 0 {
        return Ok(Blocked::Done);
    }
    let count: i64 = mine.count().get_result(conn).await.map_err(reading("blocks"))?;
    if u64::try_from(count).unwrap_or_default() >= u64::from(BLOCKS_MAX) {
        return Ok(Blocked::TooMany);
    }
    let row =
        (blocks::user_id.eq(Id::from(user)), blocks::blocked_id.eq(Id::from(blocked)), blocks::at.eq(at.unix_millis()));
    diesel::insert_into(blocks::table).values(row).on_conflict_do_nothing().execute(conn).await?;
    Ok(Blocked::Done)
}

pub(crate) async fn remove<C: Connection>(conn: &mut C, user: UserId, blocked: UserId) -> Result<(), QueryError> {
    let block = blocks::table.find((Id::from(user), Id::from(blocked)));
    diesel::delete(block).execute(conn).await?;
    Ok(())
}
