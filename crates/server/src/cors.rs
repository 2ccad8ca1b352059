//! CORS: what pages of other origins may do over HTTP
//! (<https://fetch.spec.whatwg.org/#http-cors-protocol>).

use actix_cors::{Cors, CorsError};
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};

use crate::groups::Groups;
use crate::identity::{Origins, is_safe};
use crate::output::REPLAYED;
use crate::request_id::REQUEST_ID;
use crate::{Code, Problem};

/// Allowed origins may send all methods and any header, because tracing and monitoring tools add
/// their own headers to a page's requests (`traceparent`, `baggage`, `x-datadog-…`), and unknown
/// headers have no effect. Safe requests from pages of other origins are answered normally, but
/// without the headers that would let the page read the response.
pub(crate) fn cors(origins: Origins) -> Cors {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    Cors::default()
        .allowed_origin_fn(move |origin, _| origins.allows(origin))
        .allowed_methods(methods)
        .allow_any_header()
        .expose_headers([
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            HeaderName::from_static(REPLAYED),
            HeaderName::from_static(REQUEST_ID),
        ])
        .max_age(3_600)
        .block_on_origin_mismatch(false)
}

/// Rejects unsafe requests from pages of foreign origins. CORS does not stop them: a form, or a
/// script with a `text/plain` body, sends them without a preflight, and the browser only hides the
/// response from the page. If the browser attaches credentials by itself, that is enough for
/// cross-site request forgery (CSRF).
pub(crate) async fn refuse_forged<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let origins = Groups::of(request.request())?.origins();
    let safe = is_safe(request.method());
    // Called for every request, because it also logs which origin is missing from the list.
    if origins.is_foreign(request.request()) && !safe {
        let refused = Origins::refusal();
        return Ok(request.into_response(refused.error_response()).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Converts rejected preflights into problem details. The status follows the Fetch standard's
/// recommendation; browsers reject any preflight status outside 200 to 299.
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
        CorsError::OriginNotAllowed => return Origins::refusal(),
        CorsError::MethodNotAllowed => "pages of other origins may not use this method",
        CorsError::HeadersNotAllowed => "pages of other origins may not send these headers",
        _ => return Problem::malformed("the preflight request of a page of another origin cannot be read"),
    };
    Problem::new(Code::Forbidden, detail)
}
