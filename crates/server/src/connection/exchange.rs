//! Tells a connection's guard when a request begins, which body it has, and when its answer is out.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_http::{HttpMessage as _, Request, Response, StatusCode};
use actix_web::body::{BodySize, EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header;
use actix_web::web::Bytes;

use super::framing::Body;
use super::guarded::Connection;

/// Passes a request on to the application. It stands outside of every middleware, so that it sees each request that the HTTP layer has
/// decoded, and each answer as it goes out.
pub(crate) fn exchange<S, B>(
    request: Request,
    application: &S,
) -> impl Future<Output = Result<Response<Answer<EitherBody<B>>>, actix_web::Error>> + use<S, B>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let connection = request.conn_data::<Connection>().cloned();
    if let Some(connection) = &connection {
        connection.begin(body_of(&request));
    }
    let answer = application.call(request);
    async move {
        let answer = match answer.await {
            Ok(answer) => Response::from(answer).map_body(|_, body| EitherBody::left(body)),
            Err(error) => Response::from(error.error_response()).map_body(|_, body| EitherBody::right(body)),
        };
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS
            && let Some(connection) = &connection
        {
            connection.upgrade();
        }
        Ok(answer.map_body(|_, body| Answer { body, _sent: Sent(connection) }))
    }
}

/// The body that a request announces. An upgrade has none: what follows it is handed out once the answer is 101.
fn body_of(request: &Request) -> Body {
    if request.chunked().unwrap_or(false) {
        return Body::chunked();
    }
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    Body::of_length(length.and_then(|length| length.trim().parse().ok()).unwrap_or(0))
}

pin_project_lite::pin_project! {
    /// The body of an answer; it is dropped when it is out, or when nobody wants it any more.
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
