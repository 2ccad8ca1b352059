//! HTTP/2 on a guarded connection.
//!
//! The dispatcher of actix-http sets no limits on streams and headers, does not notice a client that
//! never grants room for its answer, and uses a version of h2 that queues empty frames without limit
//! (RUSTSEC-2026-0258). This one uses the current version, whose types are those of `http` 1; actix has
//! those of `http` 0.2.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::time::UNIX_EPOCH;

use actix_http::error::PayloadError;
use actix_http::{BoxedPayloadStream, HttpMessage as _, Payload, Request, Response};
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Service;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, Version};
use actix_web::web::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, FuturesUnordered};
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use tokio::time::{Instant, timeout};

use super::door::Opened;
use crate::clock;
use crate::connection::{Connection, Deadlines, Patience};

/// Maximum number of requests of a connection that are answered at the same time.
const STREAMS_MAX: u32 = 64;

/// Maximum size of the headers of a request, in bytes as HTTP/2 counts them. A token has at most 16 KiB.
const HEADERS_BYTES_MAX: u32 = 64 * 1024;

/// What a client can send of one body before it is read, and of all bodies.
const BODY_WINDOW_BYTES: u32 = 64 * 1024;
const BODIES_WINDOW_BYTES: u32 = 512 * 1024;

/// What is kept of one answer until the client grants room for it, in bytes.
const SEND_BUFFER_BYTES: usize = 32 * 1024;

/// Answers are passed on in pieces of this size, in bytes.
const PIECE_BYTES: usize = 16 * 1024;

/// Headers that exist only in HTTP/1.1 (RFC 9113 section 8.2.2).
const CONNECTION_HEADERS: [&str; 5] = ["connection", "transfer-encoding", "upgrade", "keep-alive", "proxy-connection"];

/// Serves requests until the connection ends. When `stopping` is ready, no further requests are
/// accepted.
pub(super) async fn serve_http2<S, B>(
    Opened { guarded, peer, .. }: Opened,
    deadlines: Deadlines,
    application: Rc<S>,
    stopping: impl Future<Output = ()>,
) -> Result<(), h2::Error>
where
    S: Service<Request, Response = Response<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let connection = guarded.connection();
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADERS_BYTES_MAX)
        .initial_window_size(BODY_WINDOW_BYTES)
        .initial_connection_window_size(BODIES_WINDOW_BYTES)
        .max_send_buffer_size(SEND_BUFFER_BYTES);
    // The guard ends a connection that is too slow.
    let mut http2 = builder.handshake(guarded).await?;
    let mut answering = FuturesUnordered::new();
    let mut stopping = pin!(stopping);
    let mut is_stopping = false;
    loop {
        tokio::select! {
            () = &mut stopping, if !is_stopping => {
                is_stopping = true;
                http2.graceful_shutdown();
            }
            Some(()) = answering.next(), if !answering.is_empty() => {}
            accepted = http2.accept() => match accepted {
                Some(accepted) => {
                    let (head, mut respond) = accepted?;
                    let Some(mut request) = request(head) else {
                        respond.send_reset(Reason::PROTOCOL_ERROR);
                        continue;
                    };
                    request.head_mut().peer_addr = peer;
                    request.extensions_mut().insert(connection.clone());
                    answering.push(answer(request, respond, &*application, &connection, Patience::new(deadlines)));
                }
                None => return Ok(()),
            },
        }
    }
}

/// Converts the head of a request, with its body behind it. `None` if a part of it is invalid.
fn request(head: http::Request<RecvStream>) -> Option<Request> {
    let (parts, body) = head.into_parts();
    let body = stream::unfold(body, |mut body| async move {
        let part = body.data().await?;
        if let Ok(part) = &part {
            // The client may send as much again.
            let _ = body.flow_control().release_capacity(part.len());
        }
        Some((part.map_err(|error| PayloadError::Io(io::Error::other(error))), body))
    });
    let body: BoxedPayloadStream = Box::pin(body);
    let mut request = Request::with_payload(Payload::Stream { payload: body });
    let head = request.head_mut();
    head.method = Method::from_bytes(parts.method.as_str().as_bytes()).ok()?;
    head.version = Version::HTTP_2;
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        head.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    head.uri = parts.uri.to_string().parse().ok()?;
    let authority = head.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let (false, Some(authority)) = (head.headers.contains_key(header::HOST), authority) {
        // RFC 9113 section 8.3.1.
        head.headers.insert(header::HOST, authority);
    }
    Some(request)
}

/// Answers one request. Ends early if the client resets the stream.
async fn answer<S, B>(
    request: Request,
    mut respond: SendResponse<Bytes>,
    application: &S,
    connection: &Connection,
    patience: Patience,
) where
    S: Service<Request, Response = Response<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let is_head = request.method() == Method::HEAD;
    let answered = tokio::select! {
        answered = application.call(request) => answered,
        _ = poll_fn(|cx| respond.poll_reset(cx)) => return,
    };
    let Ok(answer) = answered else {
        respond.send_reset(Reason::INTERNAL_ERROR);
        return;
    };
    let (answer, body) = answer.into_parts();
    let size = if is_head { BodySize::None } else { body.size() };
    let ends = size.is_eof();
    let Ok(mut stream) = respond.send_response(head(&answer, body.size()), ends) else { return };
    if ends {
        return;
    }
    match send(body, &mut stream, patience).await {
        Ok(()) => {}
        Err(reason) => {
            if reason == Reason::CANCEL {
                tracing::debug!("a client missed a deadline: it makes no room for its answer");
                connection.answer_was_slow();
            }
            stream.send_reset(reason);
        }
    }
}

/// The head of an answer in the form of HTTP/2.
fn head(answer: &Response<()>, body: BodySize) -> http::Response<()> {
    let mut head = http::Response::new(());
    if let Ok(status) = http::StatusCode::from_u16(answer.status().as_u16()) {
        *head.status_mut() = status;
    }
    let headers = head.headers_mut();
    for (name, value) in answer.headers() {
        if CONNECTION_HEADERS.contains(&name.as_str()) || *name == header::CONTENT_LENGTH {
            continue;
        }
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_bytes(value.as_bytes())) {
            headers.append(name, value);
        }
    }
    if let BodySize::Sized(bytes) = body {
        headers.insert(http::header::CONTENT_LENGTH, bytes.into());
    }
    if !headers.contains_key(http::header::DATE)
        && let Ok(date) = http::HeaderValue::from_str(&httpdate::fmt_http_date(UNIX_EPOCH + clock::since_epoch()))
    {
        headers.insert(http::header::DATE, date);
    }
    head
}

/// Sends a body as fast as the client makes room for it.
///
/// # Errors
/// Why the stream must be reset: [`Reason::CANCEL`] if the client is too slow.
async fn send<B: MessageBody>(body: B, stream: &mut SendStream<Bytes>, mut patience: Patience) -> Result<(), Reason> {
    let failed = |error: h2::Error| error.reason().unwrap_or(Reason::INTERNAL_ERROR);
    let mut body = pin!(body);
    while let Some(part) = poll_fn(|cx| body.as_mut().poll_next(cx)).await {
        let Ok(mut part) = part else { return Err(Reason::INTERNAL_ERROR) };
        while !part.is_empty() {
            stream.reserve_capacity(part.len().min(PIECE_BYTES));
            let from = Instant::now();
            let room = timeout(patience.left(), poll_fn(|cx| stream.poll_capacity(cx))).await;
            let room = match room.map_err(|_| Reason::CANCEL)? {
                Some(room) => room.map_err(failed)?,
                // The stream is closed.
                None => return Ok(()),
            };
            let piece = part.split_to(room.min(part.len()));
            patience.spend(from.elapsed(), piece.len());
            stream.send_data(piece, false).map_err(failed)?;
        }
    }
    stream.send_data(Bytes::new(), true).map_err(failed)
}
