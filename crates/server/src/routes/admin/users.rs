//! `DELETE /v1/admin/users/{user_id}`: start a job that takes a user out of every group, or erases
//! the user.

use actix_web::{HttpRequest, HttpResponse, web};
use groups_protocol::JobCreatedBody;
use groups_store::{ExecuteError, JOBS_UNFINISHED_MAX, JobCreated, JobKind, NewJob};
use serde::Deserialize;

use crate::groups::Groups;
use crate::input::{self, CommandRequest};
use crate::{Code, Problem, clock, output};

#[derive(Deserialize)]
struct Query {
    mode: Option<String>,
}

pub(in crate::routes) async fn remove(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    request: HttpRequest,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let user_id = input::user_id(&path, "The user id in the path")?;
    let query: Query = input::query(&request)?;
    let kind = match query.mode.as_deref() {
        Some("leave") => JobKind::Leave,
        Some("erase") => JobKind::Erase,
        _ => return Err(Problem::malformed("`mode` must be `leave` or `erase`.")),
    };
    let (job_id, fingerprint) = command_request.derived_id();
    let actor_id = command_request.caller.user_id;
    let new = NewJob { job_id, kind, user_id, actor_id, fingerprint, at: clock::now() };
    let (job_id, replayed) = match groups.store().create_job(new).await? {
        JobCreated::Created(job_id) => {
            groups.jobs().created();
            (job_id, false)
        }
        JobCreated::Unfinished(job_id) => (job_id, false),
        JobCreated::Repeated(job_id) => (job_id, true),
        JobCreated::IdReused => return Err(ExecuteError::IdempotencyKeyReused.into()),
        JobCreated::TooMany => {
            let detail = format!("{JOBS_UNFINISHED_MAX} jobs are unfinished, the most that may be. Try again later.");
            return Err(Problem::new(Code::RateLimited, detail).retry_after(60));
        }
    };
    Ok(output::mark_replayed(HttpResponse::Accepted().json(JobCreatedBody { job_id }), replayed))
}
