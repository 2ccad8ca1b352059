//! All routes of the server. Each endpoint has its own file in `routes/`.

mod add_members;
mod admin;
mod bans;
mod blocks;
mod change_role;
mod create_group;
mod delete_group;
mod development;
mod directory;
mod documents;
mod events;
mod file;
mod get_group;
mod history;
mod invitations;
mod join;
mod link_use;
mod links;
mod list_groups;
mod list_members;
mod me;
mod name_search;
mod one_group;
#[cfg(test)]
pub(crate) mod openapi;
mod operations;
mod own_invitations;
mod own_requests;
#[cfg(feature = "page")]
mod page;
mod refused;
mod remove_member;
mod requests;
mod resource;
mod typing;
mod update_group;
mod users;
mod websocket;

use actix_cors::Cors;
use actix_web::Route;
use actix_web::dev::HttpServiceFactory;
use actix_web::http::{Method, header};
use actix_web::middleware::{Condition, DefaultHeaders, from_fn};
use actix_web::web::{self, ServiceConfig};

pub(crate) use self::resource::not_found;
use self::resource::{at, delete, get, post, put};
use crate::cors::{refusals_as_problems, refuse_forged};
use crate::host::refuse_foreign_host;
use crate::input::{end_body_despite_upgrade, spare_oversized};
use crate::limiter::{charge_address, charge_for_answers};
use crate::metrics::measure;
use crate::mount::Mount;
use crate::request_id::identified;

pub(crate) fn configure(config: &mut ServiceConfig, cors: Condition<Cors>, mount: &Mount) {
    let v1 = web::scope("/v1")
        .wrap(from_fn(charge_for_answers))
        .wrap(from_fn(spare_oversized))
        .wrap(from_fn(end_body_despite_upgrade))
        .wrap(from_fn(charge_address))
        .wrap(cors)
        .wrap(from_fn(refusals_as_problems))
        .wrap(from_fn(refuse_forged))
        .wrap(from_fn(refuse_foreign_host))
        .wrap(from_fn(measure))
        // Responses are specific to the caller and change over time.
        .wrap(DefaultHeaders::new().add((header::CACHE_CONTROL, "no-store")))
        .wrap(from_fn(identified))
        .service(admin::scope())
        .service(at("/groups", [get(list_groups::respond), post(create_group::respond)]))
        .service(at("/groups/create", [post(create_group::respond)]))
        .service(at("/groups/add-member/{group_id}", [post(add_members::respond)]))
        .configure(one_group::configure)
        .service(at("/groups/{group_id}/typing", [post(typing::respond)]))
        .service(at("/groups/{group_id}/invitations/me/accept", [post(own_invitations::accept)]))
        .service(at("/groups/{group_id}/join", [post(join::join), delete(join::withdraw)]))
        .service(at("/join/{token}", [get(link_use::preview), post(link_use::respond)]))
        .service(at("/invitations", [get(own_invitations::list)]))
        .service(at("/requests", [get(own_requests::list)]))
        .service(at("/me", [get(me::respond)]))
        .service(at("/me/blocks", [get(blocks::list)]))
        .service(at("/me/blocks/{user_id}", [put(blocks::put), delete(blocks::remove)]))
        .service(at("/users", [get(users::respond)]))
        .service(at("/ws", [get(websocket::respond)]))
        .service(at("/events", [get(events::respond)]))
        .configure(|config| {
            if mount.directory {
                config.service(at("/directory", [get(directory::respond)]));
            }
        })
        .service(at("/dev/login", [post(development::sign_in)]))
        .service(at("/dev/people", [get(development::people)]))
        .default_service(web::to(not_found));
    #[cfg(feature = "otlp")]
    let v1 = v1.wrap(from_fn(crate::traces::traced));
    config.service(v1);
    health(config);
    if mount.metrics {
        config.service(guarded("/metrics", [get(operations::metrics)]));
    }
    if mount.documents {
        config.service(guarded("/openapi.json", [get(documents::openapi)]));
        config.service(guarded("/asyncapi.json", [get(documents::asyncapi)]));
    }
    #[cfg(feature = "page")]
    if mount.page {
        config
            .service(guarded("/", [get(page::index)]))
            .service(guarded("/join/{token}", [get(page::join)]))
            .service(guarded("/assets/{path:.*}", [get(page::asset)]));
        if mount.documents {
            config.service(guarded("/docs", [get(page::docs)]));
        }
    }
}

/// The paths on the address for operators.
pub(crate) fn configure_operations(config: &mut ServiceConfig) {
    health(config);
    config.service(guarded("/metrics", [get(operations::metrics)]));
}

fn health(config: &mut ServiceConfig) {
    config.service(guarded("/healthz", [get(operations::alive)])).service(guarded("/readyz", [get(operations::ready)]));
}

/// Registers a path outside of `/v1`.
fn guarded<const N: usize>(path: &str, methods: [(Method, Route); N]) -> impl HttpServiceFactory + 'static {
    at(path, methods).wrap(from_fn(refuse_foreign_host)).wrap(from_fn(identified))
}
