//! `POST /v1/admin/check`: which of these users are in which of these groups.
//!
//! Made for a backend that asks on every message: one indexed read for up to a thousand questions.

use actix_web::{HttpResponse, web};
use groups_domain::{GroupId, Role, UserId};
use groups_protocol::{CheckResultBody, CheckResultsBody};
use groups_store::MembershipCheck;
use serde::Deserialize;

use crate::groups::Groups;
use crate::identity::Operator;
use crate::input::{self, Object};
use crate::limiter::Work;
use crate::{Code, Problem};

/// Maximum number of questions in one request.
const CHECKS_MAX: usize = 1_000;

/// Number of questions that cost as much as another read.
const CHECKS_PER_READ: f64 = 20.0;

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Checks"))]
pub(in crate::routes) struct Body {
    /// The questions.
    #[cfg_attr(test, schemars(with = "Vec<Check>", length(max = CHECKS_MAX)))]
    checks: Vec<Object<Check>>,
    /// A cursor: the answer includes every change up to it. Default: what the database contains now.
    at_least: Option<String>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Check {
    /// The id of the group.
    #[cfg_attr(test, schemars(with = "crate::routes::openapi::GroupId"))]
    group_id: String,
    /// The id of the user.
    #[cfg_attr(test, schemars(with = "crate::routes::openapi::UserId"))]
    user_id: String,
    /// The role that the user must have at least. Default: any.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::RoleInput>"))]
    role: Option<String>,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    operator: Operator,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let body: Body = input::json(&input::read_body(payload, groups.body_timeout()).await?)?;
    if body.checks.len() > CHECKS_MAX {
        return Err(Problem::malformed(format!("`checks` must have at most {CHECKS_MAX} entries.")));
    }
    let questions: Vec<_> = body.checks.iter().map(|Object(check)| question(check)).collect::<Result<_, _>>()?;
    groups.limiter().charge_afterwards(operator.actor(), Work::Read, questions.len() as f64 / CHECKS_PER_READ);
    let store = groups.store();
    let at_least = body.at_least.map(|token| store.cursor(&token).ok_or_else(not_ours)).transpose()?;
    let asked = questions.iter().map(|(group_id, user_id, _)| (*group_id, *user_id)).collect();
    let checks = store.check_memberships(asked, at_least).await?.ok_or_else(behind)?;
    let results = questions.iter().zip(checks.checks).map(|((_, _, at_least), check)| {
        let MembershipCheck { role, version } = check;
        let member = role.is_some_and(|role| at_least.is_none_or(|least| role >= least));
        CheckResultBody { member, role, version: version.map_or(0, |version| version.get()) }
    });
    let cursor = store.cursors().token(&checks.cursor);
    Ok(HttpResponse::Ok().json(CheckResultsBody { results: results.collect(), cursor: cursor.into() }))
}

fn question(check: &Check) -> Result<(GroupId, UserId, Option<Role>), Problem> {
    let group_id = input::uuid(&check.group_id).map(GroupId::new);
    let group_id = group_id.ok_or_else(|| Problem::malformed("`group_id` must be a UUID."))?;
    let user_id = input::user_id(&check.user_id, "`user_id`")?;
    Ok((group_id, user_id, check.role.as_deref().map(input::role).transpose()?))
}

fn not_ours() -> Problem {
    Problem::malformed("`at_least` must be a cursor of this deployment.")
}

fn behind() -> Problem {
    Problem::new(Code::Unavailable, "The database does not contain everything up to `at_least` yet. Try again.")
        .retry_after(1)
}
