//! Tells a connection's guard when a request starts, how long its body is, and when its response is
//! complete.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_http::{HttpMessage as _, Request, Response};
use actix_web::body::{BodySize, EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header;
use actix_web::web::Bytes;

use super::framing::Body;
use super::guarded::Connection;

/// Forwards a request to the application. It wraps all middleware, so that it sees every request
/// that the HTTP layer decoded and every response as it is sent.
pub(crate) fn exchange<S, B>(
    request: Request,
    application: &S,
) -> impl Future<Output = Result<Response<Answer<EitherBody<B>>>, actix_web::Error>> + use<S, B>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody + 'static,
{
    let connection = request.conn_data().cloned().or_else(|| request.extensions().get::<Connection>().cloned());
    if let Some(connection) = &connection {
        connection.begin(body_of(&request));
    }
    let answer = application.call(request);
    async move {
        let answer = match answer.await {
            Ok(answer) => Response::from(answer).map_body(|_, body| EitherBody::left(body)),
            Err(error) => Response::from(error.error_response()).map_body(|_, body| EitherBody::right(body)),
        };
        Ok(answer.map_body(|_, body| {
            if let (Some(connection), BodySize::Sized(bytes)) = (&connection, body.size()) {
                connection.answers(bytes);
            }
            Answer { body, _sent: Sent(connection) }
        }))
    }
}

/// How the request's body is framed. An upgrade has no body: the bytes after it are the WebSocket's.
fn body_of(request: &Request) -> Body {
    if request.chunked().unwrap_or(false) {
        return Body::chunked();
    }
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    Body::of_length(length.and_then(|length| length.trim().parse().ok()).unwrap_or(0))
}

pin_project_lite::pin_project! {
    /// A response body. It is dropped when it was sent completely or is no longer needed.
    pub(crate) struct Answer<B> {
        #[pin]
        body: B,
        _sent: Sent,
    }
}

struct Sent(Option<Connection>);

impl Drop for Sent {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            connection.answered();
        }
    }
}

impl<B: MessageBody> MessageBody for Answer<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.project().body.poll_next(cx)
    }
}
