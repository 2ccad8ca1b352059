//! `GET /v1/admin/jobs/{job_id}`: how far a job is.

use actix_web::{HttpResponse, web};
use groups_protocol::{JobBody, JobStateBody};
use groups_store::{JobProgress, JobState};

use crate::groups::Groups;
use crate::input::{self, Reading};
use crate::{Code, Problem};

pub(in crate::routes) async fn respond(
    groups: web::Data<Groups>,
    reading: Reading,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let job_id = input::uuid(&path).ok_or_else(|| Problem::malformed("The job id in the path is not a UUID."))?;
    let not_found = || Problem::new(Code::JobNotFound, "There is no such job, or it ended more than a week ago.");
    let JobProgress { state, done, total } = groups.store().job(job_id).await?.ok_or_else(not_found)?;
    let (state, reason) = match state {
        JobState::Running => (JobStateBody::Running, None),
        JobState::Done => (JobStateBody::Done, None),
        JobState::Failed(reason) => (JobStateBody::Failed, Some(reason)),
    };
    Ok(reading.answer(HttpResponse::Ok().json(JobBody { state, done, total, reason })))
}
