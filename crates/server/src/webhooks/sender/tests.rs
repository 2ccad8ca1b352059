//! Real requests to receivers on loopback, and to addresses that must not be connected.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use groups_store::{PreviousSecret, WebhookSecret};

use super::*;

fn message() -> Message {
    Message {
        id: "g.1".to_owned(),
        event_type: "webhook.test".to_owned(),
        at: Timestamp::from_unix_millis(0),
        body: "{}".to_owned(),
    }
}

fn secrets() -> WebhookSecrets {
    WebhookSecrets { current: WebhookSecret::new([7; 32]), previous: None }
}

/// Counts the connections to a port, on IPv4 and IPv6.
fn listen() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    for listener in [Some(listener), TcpListener::bind(("::1", port)).ok()].into_iter().flatten() {
        let count = Arc::clone(&count);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                drop(socket);
            }
        });
    }
    (port, count)
}

#[tokio::test]
async fn internal_addresses_are_refused_in_every_spelling_and_never_connected() {
    let (port, connections) = listen();
    let (strict, now) = (Sender::new(false), Timestamp::from_unix_millis(0));
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "[fe80::1]",
        "[fd00::1]",
        "[fec0::1]",
    ] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/hook");
            let sent = strict.send(&url, &secrets(), &message(), now).await;
            let error = sent.error.unwrap();
            // Where the resolver does not know a spelling, there is no address at all.
            assert!(error.contains("not public") || error.contains("cannot be resolved"), "{url}: {error}");
            let refused = strict.check_url(&url).await;
            assert!(refused == Err(UrlRefused::Address) || error.contains("cannot be resolved"), "{url}");
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    let refused: Vec<_> = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]"]
        .into_iter()
        .map(|host| format!("http://{host}:{port}/"))
        .collect();
    for url in refused {
        assert_eq!(strict.check_url(&url).await, Err(UrlRefused::Address), "{url}");
    }
    // The listener works: with the setting, it is connected.
    let permissive = Sender::new(true);
    let url = format!("http://127.0.0.1:{port}/hook");
    assert_eq!(permissive.check_url(&url).await, Ok(()));
    let sent = permissive.send(&url, &secrets(), &message(), now).await;
    assert!(!sent.is_delivered() && sent.status.is_none(), "{sent:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_url_has_a_scheme_and_a_host_and_nothing_else_before_the_path() {
    let sender = Sender::new(false);
    let long = format!("https://8.8.8.8/{}", "a".repeat(URL_BYTES_MAX));
    for (url, expected) in [
        ("https://8.8.8.8/hook?a=b", Ok(())),
        ("http://8.8.8.8", Ok(())),
        ("https://[2606:4700::1111]:8443/", Ok(())),
        ("", Err(UrlRefused::Invalid)),
        ("/hook", Err(UrlRefused::Invalid)),
        ("8.8.8.8", Err(UrlRefused::Invalid)),
        ("ftp://8.8.8.8/", Err(UrlRefused::Invalid)),
        ("file:///etc/passwd", Err(UrlRefused::Invalid)),
        ("https://", Err(UrlRefused::Invalid)),
        ("https://ada@8.8.8.8/", Err(UrlRefused::Invalid)),
        ("https://ada:secret@8.8.8.8/", Err(UrlRefused::Invalid)),
        ("https://8.8.8.8/\u{e4}", Err(UrlRefused::Invalid)),
        ("https://8.8.8.8/ b", Err(UrlRefused::Invalid)),
        ("https://8.8.8.8/#a", Err(UrlRefused::Fragment)),
        (&long, Err(UrlRefused::TooLong)),
    ] {
        assert_eq!(sender.check_url(url).await, expected, "{url}");
    }
}

#[test]
fn retry_after_is_a_number_of_seconds_or_a_date() {
    let now = Timestamp::from_unix_millis(784_111_777_000);
    let after = |value: &'static str| {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]);
        retry_after(&headers, now).map(|after| after.as_secs())
    };
    assert_eq!((after("120"), after("0"), after("soon"), after("-1")), (Some(120), Some(0), None, None));
    assert_eq!(after("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
    assert_eq!(after("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
}

#[test]
fn responses_are_shown_as_plain_text_of_bounded_length() {
    assert_eq!(shown(b"  \n"), None);
    assert_eq!(shown(b"no\0 \x1b[31mway\n"), Some("no\u{fffd} \u{fffd}[31mway".to_owned()));
    let long = shown(&[0xff; 4_096]).unwrap();
    assert!(long.len() <= RESPONSE_BYTES_MAX && long.chars().all(|shown| shown == char::REPLACEMENT_CHARACTER));
}

/// A receiver of one request: it answers with these bytes, again and again if `endless`, and then
/// closes the connection. Returns its URL, and the request.
fn receiver(answer: &str, endless: bool) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?key=value", listener.local_addr().unwrap());
    let (sender, received) = mpsc::channel();
    let answer = answer.to_owned();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        sender.send(request(&mut socket)).unwrap();
        // The sender may close the connection first.
        while socket.write_all(answer.as_bytes()).is_ok() && endless {}
    });
    (url, received)
}

fn request(socket: &mut TcpStream) -> String {
    let (mut request, mut buffer) = (Vec::new(), [0; 4_096]);
    while !request.ends_with(b"{}") {
        let count = socket.read(&mut buffer).unwrap();
        assert!(count > 0, "the request is complete");
        request.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(request).unwrap()
}

async fn sent_to(url: &str) -> Sent {
    let now = Timestamp::from_unix_millis(1_700_000_000_999);
    Sender::new(true).send(url, &secrets(), &message(), now).await
}

#[tokio::test]
async fn a_message_is_a_post_with_the_headers_of_the_convention() {
    let (url, received) = receiver("HTTP/1.1 204 No Content\r\n\r\n", false);
    let sent = sent_to(&url).await;
    assert!(sent.is_delivered() && sent.status == Some(204) && sent.response.is_none(), "{sent:?}");
    let request = received.recv().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "{}");
    let signature = signatures([&[7_u8; 32][..]], "g.1", 1_700_000_000, "{}");
    for line in [
        "POST /hook?key=value HTTP/1.1",
        "content-type: application/json",
        "webhook-id: g.1",
        "webhook-timestamp: 1700000000",
        &format!("webhook-signature: {signature}"),
        concat!("user-agent: groups/", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(head.lines().any(|found| found == line), "{line} in {head}");
    }
}

#[tokio::test]
async fn the_previous_secret_signs_until_it_ends() {
    let until = Timestamp::from_unix_millis(2_000);
    let previous = Some(PreviousSecret { secret: WebhookSecret::new([8; 32]), until });
    let secrets = WebhookSecrets { previous, ..secrets() };
    for (now, count) in [(1_999, 2), (2_000, 1)] {
        let (url, received) = receiver("HTTP/1.1 200 OK\r\n\r\n", false);
        let sender = Sender::new(true);
        assert!(sender.send(&url, &secrets, &message(), Timestamp::from_unix_millis(now)).await.is_delivered());
        let request = received.recv().unwrap();
        let signature = request.lines().find_map(|line| line.strip_prefix("webhook-signature: ")).unwrap();
        assert_eq!(signature.split(' ').count(), count, "{signature}");
    }
}

#[tokio::test]
async fn redirects_are_failures_and_are_not_followed() {
    let (port, connections) = listen();
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let answer = format!("HTTP/1.1 {status}\r\nLocation: http://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n");
        let (url, _received) = receiver(&answer, false);
        let error = sent_to(&url).await.error.unwrap();
        assert!(error.contains("redirects are not followed"), "{error}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn of_an_endless_response_only_the_start_is_read() {
    let (url, _received) =
        receiver("HTTP/1.1 200 OK\r\n\r\nfour hundred bytes of nothing, and so on for a long time", true);
    let sent = sent_to(&url).await;
    assert!(sent.is_delivered() && sent.duration < Duration::from_secs(5), "{sent:?}");
    assert_eq!(sent.response.unwrap().len(), RESPONSE_BYTES_MAX);
}

#[tokio::test]
async fn the_status_decides_even_if_the_response_breaks_off_after_it() {
    let (url, _received) = receiver("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", false);
    let sent = sent_to(&url).await;
    assert!(sent.is_delivered(), "{sent:?}");
    assert_eq!(sent.response.as_deref(), Some("half"));
    let (url, _received) =
        receiver("HTTP/1.1 503 Unavailable\r\nRetry-After: 7\r\nContent-Length: 100\r\n\r\nhalf", false);
    let sent = sent_to(&url).await;
    assert_eq!((sent.status, sent.retry_after), (Some(503), Some(Duration::from_secs(7))));
    assert_eq!(sent.error.as_deref(), Some("The receiver answered 503."));
}

#[tokio::test]
async fn without_a_status_nothing_is_delivered() {
    for answer in ["", "HTTP/1.1 200", "nonsense\r\n\r\n"] {
        let (url, _received) = receiver(answer, false);
        let sent = sent_to(&url).await;
        assert!(!sent.is_delivered() && sent.status.is_none() && sent.error.is_some(), "{answer:?}: {sent:?}");
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = sent_to(&format!("http://{free}/")).await.error.unwrap();
    assert!(error.starts_with("Cannot connect to"), "{error}");
}

#[tokio::test]
async fn only_410_says_that_the_receiver_is_gone() {
    for (status, gone) in [("410 Gone", true), ("404 Not Found", false), ("400 Bad Request", false)] {
        let (url, _received) = receiver(&format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"), false);
        let sent = sent_to(&url).await;
        assert!(!sent.is_delivered() && sent.is_gone() == gone, "{status}: {sent:?}");
    }
}
