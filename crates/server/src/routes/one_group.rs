//! The paths of one group, which users and operators share.

use actix_web::web::ServiceConfig;

use super::resource::{at, delete, get, patch, post, put};
use super::{
    add_members, bans, change_role, delete_group, get_group, history, invitations, links, list_members, remove_member,
    requests, update_group,
};

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
        .service(at("/groups/{group_id}/changes", [get(history::respond)]))
        .service(at("/groups/{group_id}/invitations", [get(invitations::list), post(invitations::create)]))
        .service(at("/groups/{group_id}/invitations/{user_id}", [delete(invitations::remove)]))
        .service(at("/groups/{group_id}/requests", [get(requests::list)]))
        .service(at("/groups/{group_id}/requests/{user_id}", [delete(requests::decline)]))
        .service(at("/groups/{group_id}/requests/{user_id}/approve", [post(requests::approve)]))
        .service(at("/groups/{group_id}/bans", [get(bans::list)]))
        .service(at("/groups/{group_id}/bans/{user_id}", [put(bans::put), delete(bans::remove)]))
        .service(at("/groups/{group_id}/links", [get(links::list), post(links::create), delete(links::revoke_all)]))
        .service(at("/groups/{group_id}/links/{link_id}", [get(links::get), delete(links::revoke)]));
}
