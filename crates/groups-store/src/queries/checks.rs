//! Who is in which group, for callers that may ask about anybody.

use std::collections::HashMap;

use groups_domain::{GroupId, Role, UserId};
use uuid::Uuid;

use super::statements::{MEMBERSHIPS_OF_PAIRS, MembershipOfPairSql};
use crate::column::Id;
use crate::connection::{Connection, RunQueryDsl};
use crate::position::Seen;
use crate::query_error::{QueryError, reading};
use crate::row::{role_in, version_in};
use crate::row_set::{Pairs, RowSet, With};
use crate::{MembershipCheck, MembershipChecks, Position};

/// Group, user, role, version of the group, and whether it is deleted.
type Row = (Id, Id, Option<i16>, i64, bool);

/// Answers each question. `None` if this database does not contain everything up to `at_least`.
pub(crate) async fn memberships<C: Connection>(
    conn: &mut C,
    store: Uuid,
    questions: Vec<(GroupId, UserId)>,
    at_least: Option<Position>,
) -> Result<Option<MembershipChecks>, QueryError> {
    let Seen { point, witness } = conn.read_point().await?;
    if at_least.is_some_and(|position| position.below > point.below) {
        return Ok(None);
    }
    let mut known: HashMap<(GroupId, UserId), MembershipCheck> = HashMap::with_capacity(questions.len());
    for pairs in Pairs::chunks(questions.iter().map(|(group, user)| (Id::from(*group), Id::from(*user)))) {
        let of_pairs = With::<_, MembershipOfPairSql>::select(pairs, MEMBERSHIPS_OF_PAIRS);
        for row in of_pairs.load::<Row>(conn).await.map_err(reading("memberships"))? {
            let (group_id, user_id, role, version, deleted) = row;
            let (group_id, user_id) = (group_id.group(), user_id.user());
            let role: Option<Role> =
                role.filter(|_| !deleted).map(|role| role_in(role, group_id, user_id)).transpose()?;
            let version = Some(version_in(version, group_id)?);
            known.insert((group_id, user_id), MembershipCheck { role, version });
        }
    }
    let nothing = MembershipCheck { role: None, version: None };
    let checks = questions.iter().map(|question| known.get(question).copied().unwrap_or(nothing)).collect();
    Ok(Some(MembershipChecks { checks, cursor: Position::new(store, &point, witness) }))
}
