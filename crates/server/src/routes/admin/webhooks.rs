//! `/v1/admin/webhooks`: URLs that get the changes of all groups.

mod answer;
pub(in crate::routes) mod create;
mod deliveries;
mod one;
pub(in crate::routes) mod replay;
mod secret;
mod test;
pub(in crate::routes) mod update;

use actix_web::web::ServiceConfig;

use crate::routes::resource::{at, delete, get, patch, post};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(at("/webhooks", [get(one::list), post(create::respond)]))
        .service(at("/webhooks/{webhook_id}", [get(one::get), patch(update::respond), delete(one::remove)]))
        .service(at("/webhooks/{webhook_id}/test", [post(test::respond)]))
        .service(at("/webhooks/{webhook_id}/deliveries", [get(deliveries::respond)]))
        .service(at("/webhooks/{webhook_id}/replay", [post(replay::respond)]));
}
