//! Paths with their methods, as all routes are registered.

use actix_web::http::{Method, header};
use actix_web::{
    FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, ResponseError, Route, guard, web,
};

use crate::{Code, Problem};

/// Registers a path with its methods. Other methods are answered with 405 and `Allow`.
pub(super) fn at<const N: usize>(path: &str, methods: [(Method, Route); N]) -> Resource {
    let allow = methods.iter().map(|(method, _)| method.as_str()).collect::<Vec<_>>().join(", ");
    let resource = web::resource(path).default_service(web::to(move || {
        let problem = Problem::new(Code::MethodNotAllowed, format!("Allowed methods: {allow}."));
        let mut response = problem.error_response();
        if let Ok(allow) = header::HeaderValue::from_str(&allow) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        async move { response }
    }));
    methods.into_iter().fold(resource, |resource, (_, route)| resource.route(route))
}

pub(super) fn get<F, A>(handler: F) -> (Method, Route)
where
    F: Handler<A, Output: Responder + 'static>,
    A: FromRequest + 'static,
{
    let reads = guard::fn_guard(|context| matches!(context.head().method, Method::GET | Method::HEAD));
    (Method::GET, web::route().guard(reads).to(handler))
}

pub(super) fn post<F, A>(handler: F) -> (Method, Route)
where
    F: Handler<A, Output: Responder + 'static>,
    A: FromRequest + 'static,
{
    (Method::POST, web::post().to(handler))
}

pub(super) fn put<F, A>(handler: F) -> (Method, Route)
where
    F: Handler<A, Output: Responder + 'static>,
    A: FromRequest + 'static,
{
    (Method::PUT, web::put().to(handler))
}

pub(super) fn patch<F, A>(handler: F) -> (Method, Route)
where
    F: Handler<A, Output: Responder + 'static>,
    A: FromRequest + 'static,
{
    (Method::PATCH, web::patch().to(handler))
}

pub(super) fn delete<F, A>(handler: F) -> (Method, Route)
where
    F: Handler<A, Output: Responder + 'static>,
    A: FromRequest + 'static,
{
    (Method::DELETE, web::delete().to(handler))
}

pub(crate) async fn not_found(request: HttpRequest) -> HttpResponse {
    Problem::new(Code::NotFound, format!("There is no resource at `{}`.", request.path())).error_response()
}
