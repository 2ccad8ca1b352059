//! The service as part of an actix-web application.

use actix_web::web::{self, ServiceConfig};

use crate::cors::cors;
use crate::groups::Groups;
use crate::routes;

impl Groups {
    /// Mounts every path of the service into an actix-web application:
    ///
    /// `App::new().configure(groups.configure())`, with [`on_connect`](crate::on_connect) given to the `HttpServer`, and
    /// `tcp_nodelay(true)`. Where there are many connections, give it `h1_write_buffer_size(7 * 1024)`, which bounds what each of
    /// them holds, and `client_disconnect_timeout(Duration::ZERO)`, which ends them sooner, as [`run`](crate::run) does.
    ///
    /// What [`run`](crate::run) adds by its own connections, an `HttpServer` does not have: deadlines for every phase of a connection,
    /// limits on connections without a token, and answers in turn to requests that are sent ahead. Put a proxy in front of it that
    /// sends no requests ahead (docs/operating.md, Connections).
    ///
    /// The paths are `/`, `/assets/…`, `/v1/…`, `/healthz` and `/readyz`.
    pub fn configure(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let groups = self.clone();
        move |config| {
            let cors = cors(groups.origins().clone());
            config.app_data(web::Data::new(groups));
            routes::configure(config, cors);
        }
    }
}
