//! All routes of the server. Each endpoint has its own file in `routes/`.

mod add_members;
mod admin;
mod blocks;
mod change_role;
mod create_group;
mod delete_group;
mod development;
mod get_group;
mod history;
mod list_groups;
mod list_members;
mod me;
mod operations;
#[cfg(feature = "page")]
mod page;
mod remove_member;
mod typing;
mod update_group;
mod users;
mod websocket;

use actix_cors::Cors;
use actix_web::http::{Method, header};
use actix_web::middleware::{Condition, DefaultHeaders, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, ResponseError, Route, guard};

use crate::cors::{refusals_as_problems, refuse_forged};
use crate::input::{end_body_despite_upgrade, spare_oversized};
use crate::limiter::charge_for_answers;
use crate::metrics::measure;
use crate::mount::Mount;
use crate::{Code, Problem};

pub(crate) fn configure(config: &mut ServiceConfig, cors: Condition<Cors>, mount: &Mount) {
    let v1 = web::scope("/v1")
        .wrap(from_fn(charge_for_answers))
        .wrap(from_fn(spare_oversized))
        .wrap(from_fn(end_body_despite_upgrade))
        .wrap(cors)
        .wrap(from_fn(refusals_as_problems))
        .wrap(from_fn(refuse_forged))
        .wrap(from_fn(measure))
        // Responses are specific to the caller and change over time.
        .wrap(DefaultHeaders::new().add((header::CACHE_CONTROL, "no-store")))
        .service(admin::scope())
        .service(at("/groups", [get(list_groups::respond), post(create_group::respond)]))
        .service(at("/groups/create", [post(create_group::respond)]))
        .service(at("/groups/add-member/{group_id}", [post(add_members::respond)]))
        .service(at(
            "/groups/{group_id}",
            [get(get_group::respond), patch(update_group::respond), delete(delete_group::respond)],
        ))
        .service(at("/groups/{group_id}/members", [get(list_members::respond), post(add_members::respond)]))
        .service(at(
            "/groups/{group_id}/members/{user_id}",
            [patch(change_role::respond), delete(remove_member::respond)],
        ))
        .service(at("/groups/{group_id}/changes", [get(history::respond)]))
        .service(at("/groups/{group_id}/typing", [post(typing::respond)]))
        .service(at("/me", [get(me::respond)]))
        .service(at("/me/blocks", [get(blocks::list)]))
        .service(at("/me/blocks/{user_id}", [put(blocks::put), delete(blocks::remove)]))
        .service(at("/users", [get(users::respond)]))
        .service(at("/ws", [get(websocket::respond)]))
        .service(at("/dev/login", [post(development::sign_in)]))
        .service(at("/dev/people", [get(development::people)]))
        .default_service(web::to(not_found));
    config.service(v1);
    health(config);
    if mount.metrics {
        config.service(at("/metrics", [get(operations::metrics)]));
    }
    #[cfg(feature = "page")]
    if mount.page {
        config.service(at("/", [get(page::index)])).service(at("/assets/{path:.*}", [get(page::asset)]));
    }
}

/// The paths on the address for operators.
pub(crate) fn configure_operations(config: &mut ServiceConfig) {
    health(config);
    config.service(at("/metrics", [get(operations::metrics)]));
}

fn health(config: &mut ServiceConfig) {
    config.service(at("/healthz", [get(operations::alive)])).service(at("/readyz", [get(operations::ready)]));
}

/// Registers a path with its methods. Other methods are answered with 405 and `Allow`.
fn at<const N: usize>(path: &str, methods: [(Method, Route); N]) -> Resource {
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

fn get<F, A>(handler: F) -> (Method, Route)
where
    F: Handler<A, Output: Responder + 'static>,
    A: FromRequest + 'static,
{
    let reads = guard::fn_guard(|context| matches!(context.head().method, Method::GET | Method::HEAD));
    (Method::GET, web::route().guard(reads).to(handler))
}

fn post<F, A>(handler: F) -> (Method, Route)
where
    F: Handler<A, Output: Responder + 'static>,
    A: FromRequest + 'static,
{
    (Method::POST, web::post().to(handler))
}

fn put<F, A>(handler: F) -> (Method, Route)
where
    F: Handler<A, Output: Responder + 'static>,
    A: FromRequest + 'static,
{
    (Method::PUT, web::put().to(handler))
}

fn patch<F, A>(handler: F) -> (Method, Route)
where
    F: Handler<A, Output: Responder + 'static>,
    A: FromRequest + 'static,
{
    (Method::PATCH, web::patch().to(handler))
}

fn delete<F, A>(handler: F) -> (Method, Route)
where
    F: Handler<A, Output: Responder + 'static>,
    A: FromRequest + 'static,
{
    (Method::DELETE, web::delete().to(handler))
}

pub(crate) async fn not_found(request: HttpRequest) -> HttpResponse {
    Problem::new(Code::NotFound, format!("There is no resource at `{}`.", request.path())).error_response()
}
