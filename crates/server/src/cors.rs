//! What pages of other origins may do by HTTP: the CORS protocol (<https://fetch.spec.whatwg.org/#http-cors-protocol>).

use actix_cors::{Cors, CorsError};
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};

use crate::identity::Origins;
use crate::output::REPLAYED;
use crate::{Code, Problem};

/// Pages of allowed origins may do all that there is. To pages of others a request is answered as to anybody else, without the headers
/// that would let them read the answer: whoever sends it without a page gets the same, and what decides is the token.
pub(crate) fn cors(origins: Origins) -> Cors {
    let methods = [Method::GET, Method::POST, Method::PATCH, Method::DELETE];
    let headers = [header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH];
    Cors::default()
        .allowed_origin_fn(move |origin, _| origins.allows(origin))
        .allowed_methods(methods)
        .allowed_headers(headers)
        .allowed_header("Idempotency-Key")
        .expose_headers([header::ETAG, header::LOCATION, header::RETRY_AFTER, HeaderName::from_static(REPLAYED)])
        .max_age(3_600)
        .block_on_origin_mismatch(false)
}

/// A preflight that asks for too much is answered like every error of the service. The status is the one that the Fetch standard
/// encourages; browsers refuse any that is not 200 to 299.
pub(crate) async fn refusals_as_problems<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let response = next.call(request).await?;
    let refusal = response.response().error().and_then(|error| error.as_error::<CorsError>());
    let Some(problem) = refusal.map(problem) else { return Ok(response.map_into_left_body()) };
    let refused = response.into_response(problem.error_response());
    Ok(refused.map_into_right_body())
}

fn problem(refusal: &CorsError) -> Problem {
    let detail = match refusal {
        CorsError::OriginNotAllowed => "pages of this origin may not call",
        CorsError::MethodNotAllowed => "pages of other origins may not use this method",
        CorsError::HeadersNotAllowed => "pages of other origins may not send these headers",
        _ => return Problem::malformed("the preflight request of a page of another origin cannot be read"),
    };
    Problem::new(Code::Forbidden, detail)
}
