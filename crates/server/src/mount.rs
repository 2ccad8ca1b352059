//! The service as part of an actix-web application.

use actix_cors::Cors;
use actix_web::http::{Method, header};
use actix_web::web::{self, ServiceConfig};

use crate::groups::Groups;
use crate::routes;

impl Groups {
    /// Mounts every path of the service into an actix-web application:
    ///
    /// `App::new().configure(groups.configure())`, with [`on_connect`](crate::on_connect) given to the `HttpServer`, and
    /// `tcp_nodelay(true)`. Where there are many connections, give it `h1_write_buffer_size(7 * 1024)`, which bounds what each of
    /// them holds, and `client_disconnect_timeout(Duration::ZERO)`, which ends them sooner, as [`run`](crate::run) does.
    ///
    /// The paths are `/`, `/assets/…`, `/v1/…`, `/healthz` and `/readyz`.
    pub fn configure(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let groups = self.clone();
        move |config| {
            let cors = groups.cors();
            config.app_data(web::Data::new(groups));
            routes::configure(config, cors);
        }
    }

    /// Which pages of other origins may use the HTTP interface.
    fn cors(&self) -> Cors {
        let methods = [Method::GET, Method::POST, Method::PATCH, Method::DELETE];
        let headers = [header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH];
        self.allowed_origins()
            .iter()
            .fold(Cors::default(), |cors, origin| cors.allowed_origin(origin))
            .allowed_methods(methods)
            .allowed_headers(headers)
            .allowed_header("Idempotency-Key")
            .expose_headers([header::ETAG, header::LOCATION, header::RETRY_AFTER])
            .max_age(3_600)
            .block_on_origin_mismatch(false)
    }
}
