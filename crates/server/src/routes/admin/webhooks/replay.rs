//! `POST /v1/admin/webhooks/{webhook_id}/replay`: deliver again from a position on.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::answer;
use crate::groups::Groups;
use crate::input::CommandRequest;
use crate::{Problem, clock};

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Replay"))]
pub(in crate::routes) struct Body {
    /// The cursor after which to continue: of a message, of the change feed or of a webhook.
    #[cfg_attr(test, schemars(with = "crate::routes::openapi::CursorInput"))]
    after: String,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    path: web::Path<String>,
    command_request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let id = answer::id(&path)?;
    let body: Body = command_request.json()?;
    let store = groups.store();
    let no_cursor = || Problem::malformed("`after` is not a cursor of this database.");
    let after = store.cursor(&body.after).ok_or_else(no_cursor)?;
    let expired =
        |error| Problem::of_position(error, "Let the receiver read the current state, and replay from there.");
    let webhook = store.replay_webhook(id, after, clock::now()).await.map_err(expired)?;
    let webhook = webhook.ok_or_else(answer::not_found)?;
    groups.webhooks().changed();
    Ok(answer::webhook(HttpResponse::Ok(), store, &webhook))
}
