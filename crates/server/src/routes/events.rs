//! `GET /v1/events`: the events of the caller for clients that cannot use a WebSocket, as
//! server-sent events or as one JSON document.

use std::time::Duration;

use actix_web::http::header::{Accept, Header as _};
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, web};
use groups_protocol::CloseCode;
use notify::{CatchUpError, Client};
use serde::Deserialize;

use super::refused::refused;
use crate::client::ClientAddress;
use crate::connection::Connection;
use crate::groups::Groups;
use crate::identity::Caller;
use crate::limiter::{AddressWork, Work};
use crate::renewals::grant;
use crate::{Code, Problem, clock, ids, input};

/// Maximum value of `wait` in seconds; a larger value is reduced to it.
const WAIT_SECONDS_MAX: u64 = 30;

#[derive(Deserialize)]
struct Query {
    cursor: Option<String>,
    wait: Option<String>,
}

pub(super) async fn respond(groups: web::Data<Groups>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let streams = accepts_stream(&request);
    if streams {
        groups.limiter().charge_address(ClientAddress::of(&request), AddressWork::Upgrade)?;
    }
    let caller = Caller::extract(&request).await?;
    let Query { cursor, wait } = input::query(&request)?;
    let wait = input::wait(wait.as_deref(), WAIT_SECONDS_MAX)?;
    if *request.method() == Method::HEAD {
        let kind = if streams { "text/event-stream" } else { "application/json" };
        return Ok(HttpResponse::Ok().content_type(kind).finish());
    }
    if groups.is_stopping() {
        return Err(Problem::new(Code::Unavailable, "The server is stopping.").retry_after(1));
    }
    let client = Client {
        user_id: caller.user_id,
        connection_id: ids::new_connection_id(),
        // A client that reconnects by itself repeats the URL, and names the last event in the header.
        cursor: last_event_id(&request).or(cursor).filter(|cursor| !cursor.is_empty()),
        grant: grant(&caller, clock::now()),
    };
    let response = if streams {
        groups.limiter().charge(caller.user_id, Work::Upgrade, 1.0)?;
        groups.hub().event_stream(&request, client)
    } else {
        if client.cursor.is_none() {
            // The whole list, whose price as an answer is not known.
            groups.limiter().charge(caller.user_id, Work::Upgrade, 1.0)?;
        }
        catch_up(&groups, &request, client, wait).await?
    };
    // The user may have been disconnected after the check and before the hub knew the client.
    groups.check_revoked(&caller)?;
    match response.status() {
        StatusCode::OK => Ok(response),
        _ => Err(refused(&response)),
    }
}

async fn catch_up(
    groups: &Groups,
    request: &HttpRequest,
    client: Client,
    wait: Duration,
) -> Result<HttpResponse, Problem> {
    let answering = groups.hub().catch_up(request, client, wait);
    let answer = match Connection::of(request) {
        Some(connection) => tokio::select! {
            answer = answering => answer,
            // Nobody reads the answer, and the user may connect again.
            () = connection.gone() => return Err(Problem::new(Code::Unavailable, "The client has disconnected.")),
        },
        None => answering.await,
    };
    answer.map_err(ended)
}

/// Why there is no answer.
fn ended(CatchUpError { code }: CatchUpError) -> Problem {
    let is = |known: CloseCode| code == Some(known.get());
    if is(CloseCode::TokenExpired) || is(CloseCode::SessionEnded) {
        return Problem::new(Code::Unauthenticated, "The session has ended. Sign in again.");
    }
    Problem::new(Code::Unavailable, "The events cannot be read now. Try again.").retry_after(1)
}

/// Whether the client prefers a stream to a document.
fn accepts_stream(request: &HttpRequest) -> bool {
    let accepted = Accept::parse(request);
    let ranked = accepted.map(|accepted| accepted.ranked()).unwrap_or_default();
    let preferred = ranked.iter().find_map(|media| match (media.type_().as_str(), media.subtype().as_str()) {
        ("text", "event-stream") => Some(true),
        ("application" | "*", "json" | "*") => Some(false),
        _ => None,
    });
    preferred.unwrap_or(false)
}

fn last_event_id(request: &HttpRequest) -> Option<String> {
    let id = request.headers().get("last-event-id")?.to_str().ok()?;
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_stream_is_sent_to_clients_that_prefer_one() {
        for (accept, expected) in [
            ("text/event-stream", true),
            ("text/event-stream, application/json", true),
            ("text/event-stream, */*;q=0.1", true),
            ("application/json, text/event-stream", false),
            ("application/json, text/event-stream;q=0.5", false),
            ("application/json;q=0.5, text/event-stream", true),
            ("*/*", false),
            ("text/html", false),
            ("", false),
            ("nonsense", false),
        ] {
            let request = TestRequest::get().insert_header((header::ACCEPT, accept)).to_http_request();
            assert_eq!(accepts_stream(&request), expected, "{accept:?}");
        }
        assert!(!accepts_stream(&TestRequest::get().to_http_request()));
    }
}
