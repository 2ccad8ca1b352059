//! The one file that knows actix.

use std::any::Any;

use actix_web::dev::Extensions;

/// For `HttpServer::on_connect`: what a connection's socket needs.
pub fn on_connect(io: &dyn Any, ext: &mut Extensions) {
    let _ = (io, ext);
}
