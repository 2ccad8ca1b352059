//! `GET /v1/ws`: the WebSocket. All checks happen before the upgrade, so that errors are HTTP
//! responses.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use notify::Client;
use serde::Deserialize;

use super::refused::refused;
use crate::client::ClientAddress;
use crate::groups::Groups;
use crate::limiter::{AddressWork, Work};
use crate::renewals::grant;
use crate::{Code, Problem, clock, ids, input};

#[derive(Deserialize)]
struct Query {
    cursor: Option<String>,
}

pub(super) async fn respond(
    groups: web::Data<Groups>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    groups.limiter().charge_address(ClientAddress::of(&request), AddressWork::Upgrade)?;
    let principal = groups.identify(&request).await?;
    groups.limiter().charge(principal.user_id, Work::Upgrade, 1.0)?;
    groups.origins().check(&request)?;
    let query: Query = input::query(&request)?;
    if groups.is_stopping() {
        return Err(Problem::new(Code::Unavailable, "The server is stopping.").retry_after(1));
    }
    groups.learn_name(&principal);
    let client = Client {
        user_id: principal.user_id,
        connection_id: ids::new_connection_id(),
        cursor: query.cursor.filter(|cursor| !cursor.is_empty()),
        grant: grant(&principal, clock::now()),
    };
    let response = groups.hub().accept(&request, payload, client).map_err(|error| {
        Problem::new(Code::UpgradeRequired, format!("This path requires a WebSocket upgrade (RFC 6455): {error}."))
    })?;
    // The user may have been disconnected after the check and before the hub knew the client.
    groups.check_revoked(&principal)?;
    match response.status() {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Err(refused(&response)),
        _ => Ok(response),
    }
}
