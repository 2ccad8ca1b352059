//! The spans of requests.

use std::time::SystemTime;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use super::CURRENT;
use super::span::{Kind, Span};
use crate::groups::Groups;
use crate::request_id::REQUEST_ID;

/// Middleware that records a span for each sampled request.
pub(crate) async fn traced<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let traces = Groups::of(request.request())?.traces().cloned();
    let traceparent = request.headers().get("traceparent").and_then(|parent| parent.to_str().ok());
    let Some((traces, (context, parent))) =
        traces.and_then(|traces| Some((traces.clone(), traces.begin(traceparent)?)))
    else {
        return next.call(request).await;
    };
    let (started, method) = (SystemTime::now(), request.method().clone());
    let response = CURRENT.scope(context, async { next.call(request).await }).await?;
    let path = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let name = format!("{method} {path}");
    let mut span = Span::new(name, Kind::Server, context, parent, started, SystemTime::now());
    span.text("http.request.method", method.as_str());
    span.text("http.route", &path);
    span.number("http.response.status_code", i64::from(response.status().as_u16()));
    if let Some(id) = response.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()) {
        span.text("groups.request_id", id);
    }
    span.failed = response.status().is_server_error();
    traces.record(span);
    Ok(response)
}
