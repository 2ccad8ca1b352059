//! Removes a user from everything that is stored, in small steps. Each step is a transaction, and
//! repeating it is a no-op.
//!
//! Where history is kept, the nil UUID takes the place of the user.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use groups_domain::UserId;
use serde_json::Value;
use uuid::Uuid;

use super::maintenance;
use crate::EraseStep;
use crate::column::{Id, sql};
use crate::connection::{Connection, RunQueryDsl};
use crate::position::Seen;
use crate::query_error::{QueryError, reading};
use crate::schema::{idempotency, log};

/// Rows that one step deletes or updates at most.
const ROWS_PER_STEP: i64 = 500;

/// Rows of the log that one step looks at.
const LOG_ROWS_PER_STEP: i64 = 2_000;

/// Executes one step, and returns the next one; `None` after the last.
///
/// `mark` is the user's name in `meta`: see [`maintenance::floor_of_user`].
pub(crate) async fn step<C: Connection>(
    conn: &mut C,
    user: UserId,
    mark: String,
    step: EraseStep,
) -> Result<Option<EraseStep>, QueryError> {
    match step {
        EraseStep::Memberships => memberships(conn, user, mark).await.map(Some),
        EraseStep::Log(after) => changes(conn, user, mark, after).await.map(Some),
        EraseStep::Answers(actor, key) => answers(conn, user, actor, key).await.map(Some),
        EraseStep::Rest => rest(conn, user).await,
    }
}

/// Deletes memberships, invitations, requests to join and bans, except for open ones in groups that exist.
///
/// The user's own clients need these to learn about their end. So cursors from before are no longer
/// valid for this user: a client with one gets the whole list.
async fn memberships<C: Connection>(conn: &mut C, user: UserId, mark: String) -> Result<EraseStep, QueryError> {
    end_cursors(conn, &mark).await?;
    let ended = diesel::sql_query(
        "DELETE FROM memberships WHERE (group_id, user_id, joined_version) IN \
         (SELECT m.group_id, m.user_id, m.joined_version FROM memberships AS m JOIN groups AS g ON g.id = m.group_id \
          WHERE m.user_id = $1 AND (m.left_version IS NOT NULL OR g.deleted_version IS NOT NULL) LIMIT $2)",
    );
    let ended = ended.bind::<sql::Id, _>(Id::from(user)).bind::<BigInt, _>(ROWS_PER_STEP).execute(conn).await?;
    let standings = diesel::sql_query(
        "DELETE FROM standings WHERE (group_id, user_id, since_version) IN \
         (SELECT s.group_id, s.user_id, s.since_version FROM standings AS s JOIN groups AS g ON g.id = s.group_id \
          WHERE s.user_id = $1 AND (s.ended_version IS NOT NULL OR g.deleted_version IS NOT NULL) LIMIT $2)",
    );
    let standings = standings.bind::<sql::Id, _>(Id::from(user)).bind::<BigInt, _>(ROWS_PER_STEP).execute(conn).await?;
    Ok(if ended + standings > 0 { EraseStep::Memberships } else { EraseStep::Log(i64::MIN) })
}

/// Makes all cursors of the user that exist now invalid.
async fn end_cursors<C: Connection>(conn: &mut C, mark: &str) -> Result<(), QueryError> {
    let Seen { point, .. } = conn.read_point().await?;
    maintenance::raise_floor(conn, mark, point.below).await
}

/// Puts the nil UUID in place of the user in a part of the log. The user may be in a group again, and
/// must not resume from before these changes either.
async fn changes<C: Connection>(conn: &mut C, user: UserId, mark: String, after: i64) -> Result<EraseStep, QueryError> {
    let seqs = log::table.filter(log::seq.gt(after)).order(log::seq).limit(LOG_ROWS_PER_STEP).select(log::seq);
    let seqs: Vec<i64> = seqs.load(conn).await.map_err(reading("log"))?;
    let Some(last) = seqs.last().copied() else { return Ok(EraseStep::Answers(nil(), String::new())) };
    notes(conn, user, after, last).await?;
    let update = diesel::sql_query(
        "UPDATE log SET payload = replace(payload, $1, $2), \
         actor_id = CASE WHEN actor_id = $3 THEN $4 ELSE actor_id END \
         WHERE seq > $5 AND seq <= $6 AND (actor_id = $3 OR payload LIKE '%' || $1 || '%')",
    );
    let updated = update
        .bind::<Text, _>(user.to_string())
        .bind::<Text, _>(nil().to_string())
        .bind::<sql::Id, _>(Id::from(user))
        .bind::<sql::Id, _>(Id::from(nil()))
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(last)
        .execute(conn)
        .await?;
    if updated > 0 {
        end_cursors(conn, &mark).await?;
    }
    Ok(EraseStep::Log(last))
}

/// Removes what the user has written to the admins of groups, and why they were banned, from a part of
/// the log.
async fn notes<C: Connection>(conn: &mut C, user: UserId, after: i64, last: i64) -> Result<(), QueryError> {
    let rows = log::table
        .filter(log::seq.gt(after))
        .filter(log::seq.le(last))
        .filter(log::actor_id.eq(Id::from(user)).or(log::payload.like(format!("%{user}%"))))
        .filter(log::payload.like("%\"message\":%").or(log::payload.like("%\"reason\":%")))
        .select((log::seq, log::actor_id, log::payload));
    let rows: Vec<(i64, Id, String)> = rows.load(conn).await.map_err(reading("log"))?;
    for (seq, actor, payload) in rows {
        if let Some(payload) = without_notes(user, actor.user(), &payload) {
            diesel::update(log::table.filter(log::seq.eq(seq))).set(log::payload.eq(payload)).execute(conn).await?;
        }
    }
    Ok(())
}

/// A stored change without texts of and about a user; `None` if there are none.
fn without_notes(user: UserId, actor: UserId, payload: &str) -> Option<String> {
    let mut change: Value = serde_json::from_str(payload).ok()?;
    let kind = change.get_mut("kind")?;
    let text = if let Some(asked) = kind.get_mut("join_requested").filter(|_| actor == user) {
        asked.get_mut("message")?
    } else {
        let banned = kind.get_mut("banned")?;
        let is_the_user = banned.get("user_id").and_then(Value::as_str) == Some(&user.to_string());
        banned.get_mut("reason").filter(|_| is_the_user)?
    };
    *text = Value::from("");
    Some(change.to_string())
}

/// Deletes the user's own idempotency keys, and keys that name the user. Answers to other users stay,
/// without the user.
async fn answers<C: Connection>(
    conn: &mut C,
    user: UserId,
    actor: UserId,
    key: String,
) -> Result<EraseStep, QueryError> {
    let own = diesel::sql_query(
        "DELETE FROM idempotency WHERE (actor_id, key) IN \
         (SELECT actor_id, key FROM idempotency WHERE actor_id = $1 OR key LIKE '%' || $2 || '%' LIMIT $3)",
    );
    let own = own.bind::<sql::Id, _>(Id::from(user)).bind::<Text, _>(user.to_string());
    if own.bind::<BigInt, _>(ROWS_PER_STEP).execute(conn).await? > 0 {
        return Ok(EraseStep::Answers(actor, key));
    }
    let rows = idempotency::table
        .filter(
            idempotency::actor_id
                .gt(Id::from(actor))
                .or(idempotency::actor_id.eq(Id::from(actor)).and(idempotency::key.gt(key))),
        )
        .filter(idempotency::answer.like(format!("%{user}%")))
        .order((idempotency::actor_id, idempotency::key))
        .limit(ROWS_PER_STEP)
        .select((idempotency::actor_id, idempotency::key, idempotency::answer));
    let rows: Vec<(Id, String, String)> = rows.load(conn).await.map_err(reading("idempotency"))?;
    let Some((last_actor, last_key, _)) = rows.last().cloned() else { return Ok(EraseStep::Rest) };
    for (actor, key, answer) in rows {
        let answer = without(user, &answer);
        let row = idempotency::table.find((actor, key));
        diesel::update(row).set(idempotency::answer.eq(answer)).execute(conn).await?;
    }
    Ok(EraseStep::Answers(last_actor.user(), last_key))
}

/// A stored answer without a user's id and name.
fn without(user: UserId, answer: &str) -> String {
    fn erase(user: &str, value: &mut Value) {
        match value {
            Value::String(text) if text.contains(user) => *text = text.replace(user, &nil().to_string()),
            Value::Array(values) => values.iter_mut().for_each(|value| erase(user, value)),
            Value::Object(fields) => {
                let is_the_user = fields.get("user_id").and_then(Value::as_str) == Some(user);
                if let Some(name) = fields.get_mut("name").filter(|_| is_the_user) {
                    *name = Value::Null;
                }
                fields.values_mut().for_each(|value| erase(user, value));
            }
            _ => {}
        }
    }
    let user = user.to_string();
    match serde_json::from_str::<Value>(answer) {
        Ok(mut value) => {
            erase(&user, &mut value);
            value.to_string()
        }
        // It cannot be read anyway.
        Err(_) => answer.replace(&user, &nil().to_string()),
    }
}

async fn rest<C: Connection>(conn: &mut C, user: UserId) -> Result<Option<EraseStep>, QueryError> {
    /// `$1` is the nil UUID, `$2` the user, `$3` a number of rows. SQLite numbers parameters in the
    /// order in which they first appear, so each statement has all of them in this order.
    const STATEMENTS: [&str; 7] = [
        "DELETE FROM names WHERE $1 = $1 AND user_id = $2 AND $3 > 0",
        "DELETE FROM blocks WHERE $1 = $1 AND (user_id, blocked_id) IN \
         (SELECT user_id, blocked_id FROM blocks WHERE user_id = $2 OR blocked_id = $2 LIMIT $3)",
        "DELETE FROM usage WHERE $1 = $1 AND (day, user_id) IN \
         (SELECT day, user_id FROM usage WHERE user_id = $2 LIMIT $3)",
        "UPDATE groups SET owner_id = $1 WHERE id IN \
         (SELECT id FROM groups WHERE deleted_version IS NOT NULL AND owner_id = $2 LIMIT $3)",
        "UPDATE standings SET actor_id = $1 WHERE (group_id, user_id, since_version) IN \
         (SELECT group_id, user_id, since_version FROM standings WHERE actor_id = $2 AND user_id <> $2 LIMIT $3)",
        "UPDATE links SET created_by = $1 WHERE id IN (SELECT id FROM links WHERE created_by = $2 LIMIT $3)",
        "UPDATE jobs SET actor_id = $1 WHERE id IN \
         (SELECT id FROM jobs WHERE actor_id = $2 AND state <> 1 LIMIT $3)",
    ];
    let mut changed = 0;
    for statement in STATEMENTS {
        let statement = diesel::sql_query(statement)
            .bind::<sql::Id, _>(Id::from(nil()))
            .bind::<sql::Id, _>(Id::from(user))
            .bind::<BigInt, _>(ROWS_PER_STEP);
        changed += statement.execute(conn).await?;
    }
    changed += deliveries(conn, user).await?;
    if changed == 0 {
        // Messages that were read before name the user. They are read again.
        diesel::sql_query("UPDATE webhooks SET generation = generation + 1").execute(conn).await?;
    }
    Ok((changed > 0).then_some(EraseStep::Rest))
}

/// Deletes attempts to deliver to webhooks that name the user: in their message, or in what a receiver
/// has answered.
async fn deliveries<C: Connection>(conn: &mut C, user: UserId) -> Result<usize, QueryError> {
    let attempts = diesel::sql_query(
        "DELETE FROM webhook_attempts WHERE (webhook_id, seq) IN (SELECT webhook_id, seq FROM webhook_attempts \
         WHERE message_id LIKE '%' || $1 || '%' OR error LIKE '%' || $1 || '%' OR response LIKE '%' || $1 || '%' \
         LIMIT $2)",
    );
    let attempts = attempts.bind::<Text, _>(user.to_string()).bind::<BigInt, _>(ROWS_PER_STEP).execute(conn).await?;
    let errors = diesel::sql_query("UPDATE webhooks SET last_error = NULL WHERE last_error LIKE '%' || $1 || '%'");
    Ok(attempts + errors.bind::<Text, _>(user.to_string()).execute(conn).await?)
}

fn nil() -> UserId {
    UserId::new(Uuid::nil())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_change_loses_only_the_texts_of_and_about_the_user() {
        let (user, other) = (UserId::new(Uuid::from_u128(7)), UserId::new(Uuid::from_u128(8)));
        let asked = "{\"kind\":{\"join_requested\":{\"role\":\"member\",\"message\":\"Hi\",\"link_id\":null}}}";
        let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
        let without = without_notes(user, user, asked).unwrap_or_default();
        assert_eq!(parsed(&without), parsed(&asked.replace("Hi", "")));
        assert_eq!(without_notes(user, other, asked), None);
        let banned = format!("{{\"kind\":{{\"banned\":{{\"user_id\":\"{user}\",\"reason\":\"Spam\"}}}}}}");
        let without = without_notes(user, other, &banned).unwrap_or_default();
        assert_eq!(parsed(&without), parsed(&banned.replace("Spam", "")));
        assert_eq!(without_notes(other, user, &banned), None, "a ban by the user is not about the user");
    }

    #[test]
    fn a_stored_answer_keeps_everything_but_the_user() {
        let user = UserId::new(Uuid::from_u128(7));
        let answer = format!(
            "{{\"changed\":{{\"member\":{{\"user_id\":\"{user}\",\"name\":\"Bob\"}},\"left_out\":[\"{user}\"],\"version\":3}}}}"
        );
        let nil = nil();
        let expected = format!(
            "{{\"changed\":{{\"member\":{{\"user_id\":\"{nil}\",\"name\":null}},\"left_out\":[\"{nil}\"],\"version\":3}}}}"
        );
        let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
        assert_eq!(parsed(&without(user, &answer)), parsed(&expected));
        let other = "{\"user_id\":\"00000000-0000-0000-0000-000000000001\",\"name\":\"Ada\"}";
        assert_eq!(parsed(&without(user, other)), parsed(other));
        assert_eq!(without(user, &format!("not JSON {user}")), format!("not JSON {nil}"));
    }
}
