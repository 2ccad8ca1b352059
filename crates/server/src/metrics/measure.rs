//! Counts HTTP requests.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;

use super::{ByCode, Metrics, Request, Response};
use crate::Problem;
use crate::groups::Groups;

/// Middleware that counts requests by method, path pattern and status.
pub(crate) async fn measure<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let method = method(request.method());
    let response = next.call(request).await?;
    if let Ok(groups) = Groups::of(response.request()) {
        let path = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
        let metrics = groups.metrics();
        let status = u32::from(response.status().as_u16());
        metrics.responses.get_or_create(&Response { method, path: path.clone(), status }).inc();
        let seconds = metrics.request_seconds.get_or_create(&Request { method, path });
        seconds.observe(started.elapsed().as_secs_f64());
        if let Some(problem) = response.response().error().and_then(|error| error.as_error::<Problem>()) {
            metrics.problem(problem);
        }
    }
    Ok(response)
}

impl Metrics {
    fn problem(&self, problem: &Problem) {
        self.problems.get_or_create(&ByCode { code: problem.code().as_str() }).inc();
    }
}

fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
