//! Reads request bodies, with limits on size and time.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes, BytesMut};
use actix_web::{Error, HttpMessage};
use futures_util::{StreamExt, stream};
use tokio::time::{sleep, timeout};

use crate::{Code, Problem};

/// Maximum size of a request body in bytes: several times what 1,000 members need. A larger one is
/// answered with 413.
pub(super) const BODY_BYTES_MAX: usize = 256 * 1024;

/// How much of an oversized body is read and discarded, in bytes. Many clients read the response
/// only after sending the whole body, and would otherwise see a broken connection. A body beyond
/// this limit is answered with 413 immediately, and the connection is closed.
const BODY_BYTES_SPARED: usize = 16 * 1024 * 1024;

/// Reads a body within this time. A slower one is answered with 408, and the connection is closed.
///
/// # Errors
/// [`Code::PayloadTooLarge`], [`Code::RequestTimeout`], or [`Code::MalformedRequest`] if the body
/// is incomplete.
pub(crate) async fn read_body(mut payload: web::Payload, limit: Duration) -> Result<Bytes, Problem> {
    match timeout(limit, read(&mut payload)).await {
        Ok(read) => read,
        Err(_) => {
            outlive_the_answer(payload);
            Err(Problem::new(
                Code::RequestTimeout,
                format!("The body did not arrive within {} seconds.", limit.as_secs()),
            ))
        }
    }
}

async fn read(payload: &mut web::Payload) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(Code::PayloadTooLarge, format!("The body is larger than {BODY_BYTES_MAX} bytes."));
    let (mut body, mut length) = (BytesMut::new(), 0);
    while let Some(part) = payload.next().await {
        let part = part.map_err(|error| match error {
            PayloadError::Overflow => too_large(),
            _ => Problem::malformed("The body is incomplete."),
        })?;
        length += part.len();
        if length > BODY_BYTES_SPARED {
            return Err(too_large());
        }
        if length <= BODY_BYTES_MAX {
            body.extend_from_slice(&part);
        }
    }
    if length > BODY_BYTES_MAX {
        return Err(too_large());
    }
    Ok(body.freeze())
}

/// Keeps an unwanted body alive until the response is sent. If a chunked body is dropped earlier,
/// actix waits for its end before it closes the connection, however long that takes.
fn outlive_the_answer(payload: web::Payload) {
    const LONGER_THAN_AN_ANSWER: Duration = Duration::from_secs(1);
    actix_web::rt::spawn(async move {
        sleep(LONGER_THAN_AN_ANSWER).await;
        drop(payload);
    });
}

/// Replaces a body with an error if its `Content-Length` exceeds what is read and discarded, so
/// that the handler fails immediately when it reads the body.
///
/// The request is not rejected here, because the token is checked before the body.
pub(crate) async fn spare_oversized<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if declared.and_then(|length| length.parse().ok()).is_some_and(|bytes: u64| bytes > BODY_BYTES_SPARED as u64) {
        let refused = stream::iter([Err(PayloadError::Overflow)]);
        request.set_payload(Payload::Stream { payload: Box::pin(refused) });
    }
    next.call(request).await
}

/// Limits the body of a request that has `Upgrade: websocket` but is not a GET, and so cannot be an
/// upgrade. Some proxies add that header to every request. The HTTP layer treats all bytes after
/// such a head as the upgraded connection, and would wait for its end.
pub(crate) async fn end_body_despite_upgrade<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let headers = request.headers();
    let chunked = headers.contains_key(header::TRANSFER_ENCODING);
    if request.method() != Method::GET && headers.contains_key(header::UPGRADE) && !chunked {
        let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let left = declared.and_then(|length| length.trim().parse::<u64>().ok()).unwrap_or(0);
        let body = stream::unfold((request.take_payload(), left), |(mut payload, left)| async move {
            if left == 0 {
                return None;
            }
            let part = payload.next().await?.map(|mut part| {
                part.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                part
            });
            let left = left - part.as_ref().map_or(left, |part| part.len() as u64);
            Some((part, (payload, left)))
        });
        request.set_payload(Payload::Stream { payload: Box::pin(body) });
    }
    next.call(request).await
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use actix_web::{App, HttpServer, ResponseError};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[actix_web::test]
    async fn a_body_that_stalls_is_answered_with_408_and_the_connection_ends() {
        const LIMIT: Duration = Duration::from_millis(50);
        let read = |payload: web::Payload| async move {
            let body = read_body(payload, LIMIT).await?;
            Ok::<_, Problem>(format!("{} bytes", body.len()))
        };
        let server = HttpServer::new(move || App::new().route("/", web::post().to(read)))
            .workers(1)
            .client_disconnect_timeout(Duration::ZERO)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        for body in [
            "Content-Length: 10\r\n\r\nhalf",
            "Content-Length: 10\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            "Transfer-Encoding: chunked\r\n\r\n4\r\nha",
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(format!("POST / HTTP/1.1\r\nHost: x\r\n{body}").as_bytes()).await.unwrap();
            let mut answer = String::new();
            timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
            let (head, problem) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 408 "), "{body:?}: {answer}");
            assert!(head.to_ascii_lowercase().contains("\r\nconnection: close"), "{body:?}: {answer}");
            assert!(problem.contains("\"request_timeout\""), "{body:?}: {answer}");
        }
        handle.stop(false).await;
    }

    #[test]
    fn answers_that_end_the_connection_close_it_explicitly() {
        for code in [Code::PayloadTooLarge, Code::RequestTimeout] {
            let response = Problem::new(code, "").error_response();
            assert!(response.head().connection_type() == actix_web::http::ConnectionType::Close, "{code:?}");
        }
    }
}
