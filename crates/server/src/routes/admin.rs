//! `/v1/admin`: what operators and backends do.
//!
//! The paths of groups are the same as for users, and have the same handlers: behind
//! [`operators_only`], each caller acts as an operator.

mod changes;
pub(super) mod check;
pub(super) mod create_group;
pub(super) mod disconnect;
mod find_groups;
mod find_users;
mod job;
pub(super) mod set_name;
mod stats;
mod users;
pub(super) mod webhooks;

use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::from_fn;
use actix_web::web;

use super::one_group;
use super::resource::{at, delete, get, not_found, post, put};
use crate::identity::operators_only;

/// Every path below `/v1/admin`, unknown ones included, answers 401 without a token and 403 to a
/// token without the scope `groups:admin`.
pub(super) fn scope() -> impl HttpServiceFactory {
    web::scope("/admin")
        .wrap(from_fn(operators_only))
        .service(at("/groups", [get(find_groups::respond), post(create_group::respond)]))
        .configure(one_group::configure)
        .service(at("/users", [get(find_users::respond)]))
        .service(at("/users/{user_id}", [put(set_name::respond), delete(users::remove)]))
        .service(at("/users/{user_id}/disconnect", [post(disconnect::respond)]))
        .service(at("/changes", [get(changes::respond)]))
        .service(at("/check", [post(check::respond)]))
        .service(at("/stats", [get(stats::respond)]))
        .service(at("/jobs/{job_id}", [get(job::respond)]))
        .configure(webhooks::configure)
        .default_service(web::to(not_found))
}
