//! Mounts the service into an actix-web application.

use actix_web::middleware::Condition;
use actix_web::web::{self, ServiceConfig};

use crate::cors::cors;
use crate::groups::Groups;
use crate::routes;

impl Groups {
    /// Mounts all paths of the service into an actix-web application:
    ///
    /// `http_server(move || App::new().configure(groups.configure()))`, see
    /// [`http_server`](crate::http_server).
    ///
    /// Register routes of your own below the prefix before `configure`, which takes everything below
    /// it. Without a prefix, it takes only its own paths.
    ///
    /// An `HttpServer` lacks what [`run`](crate::run) adds to its own connections: deadlines for
    /// every phase of a connection, limits on connections without a token, and in-order answers to
    /// pipelined requests. Put a proxy in front of it that does not pipeline (docs/limits.md,
    /// Connections).
    ///
    /// The paths, relative to the [prefix](crate::GroupsBuilder::prefix) if one is set, are
    /// `/v1/…`, `/healthz`, `/readyz`, `/metrics` (unless
    /// [`operations_listen`](crate::Settings::operations_listen) is set), and, with the
    /// [page](crate::GroupsBuilder::page), `/`, `/join/{token}` and `/assets/…`. Unless they are
    /// [switched off](crate::GroupsBuilder::documents), also `/openapi.json`, `/asyncapi.json` and, with the page, `/docs`.
    pub fn configure(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let groups = self.clone();
        move |config| {
            let mount = groups.mount().clone();
            let cors = Condition::new(mount.cors, cors(groups.origins().clone()));
            let proxies = groups.proxies().clone();
            let data = web::Data::new(groups);
            if mount.prefix.is_empty() {
                config.app_data(data).app_data(proxies);
                routes::configure(config, cors, &mount);
            } else {
                let scope = web::scope(&mount.prefix).app_data(data).app_data(proxies);
                config.service(scope.configure(|config| routes::configure(config, cors, &mount)));
            }
        }
    }
}
