//! The paths of one group, which users and operators share.

use actix_web::web::ServiceConfig;

use super::resource::{at, delete, get, patch, post};
use super::{add_members, change_role, delete_group, get_group, history, list_members, remove_member, update_group};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(at(
            "/groups/{group_id}",
            [get(get_group::respond), patch(update_group::respond), delete(delete_group::respond)],
        ))
        .service(at("/groups/{group_id}/members", [get(list_members::respond), post(add_members::respond)]))
        .service(at(
            "/groups/{group_id}/members/{user_id}",
            [patch(change_role::respond), delete(remove_member::respond)],
        ))
        .service(at("/groups/{group_id}/changes", [get(history::respond)]));
}
