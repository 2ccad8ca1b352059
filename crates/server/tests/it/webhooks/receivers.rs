//! Receivers that misbehave.

use std::{
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    sync::Arc,
};

use serde_json::json;
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use super::{ALLOWED, path, register, server};
use crate::{
    cluster::until,
    support::{Receiver, Reply, Server, certify},
};

/// Accepts messages over TLS with the certificate in this folder, which is for `localhost`. Returns its
/// port. Its thread ends with the test program.
fn receive_encrypted(folder: &Path) -> u16 {
    let chain = CertificateDer::pem_file_iter(folder.join("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.collect::<Result<_, _>>().unwrap(), key)
        .unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), socket);
            let (mut request, mut byte) = (Vec::new(), [0]);
            // The body of a test is one object.
            while !request.ends_with(b"}") && stream.read_exact(&mut byte).is_ok() {
                request.extend(byte);
            }
            // A sender that does not accept the certificate has gone.
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nThanks").ok();
        }
    });
    port
}

#[tokio::test]
async fn over_https_the_certificate_must_be_for_the_host_of_the_url() {
    let folder = tempfile::tempdir().unwrap();
    if !certify(folder.path()) {
        return;
    }
    let port = receive_encrypted(folder.path());
    let authority = folder.path().join("ca.pem");
    let server = Server::with(&[ALLOWED, ("SSL_CERT_FILE", authority.to_str().unwrap())]).await;
    let operator = server.operator();
    for (host, delivered) in [("localhost", true), ("127.0.0.1", false)] {
        let url = format!("https://{host}:{port}/hook");
        let webhook = operator.post("/v1/admin/webhooks", json!({"url": url})).await.ok(201);
        let result = operator.posts(&format!("{}/test", path(&webhook))).await.ok(200);
        assert_eq!(result["delivered"], delivered, "{result}");
    }
}

#[tokio::test]
async fn a_receiver_that_answers_410_gets_nothing_more_until_it_is_activated() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let receiver = Receiver::start();
    receiver.replies(|_| Reply::Status(410, ""));
    let webhook = register(&operator, &receiver).await;
    let group = ada.creates("Team", &[]).await;
    until("it is paused", async || {
        let webhook = operator.get(&path(&webhook)).await.ok(200);
        webhook["state"] == "paused" && webhook["reason"] == "gone"
    })
    .await;
    ada.renames(&group, "Crew").await.group(200);
    receiver.replies(|_| Reply::Status(200, ""));
    let count = receiver.received().len();
    assert_eq!(count, 1, "it is asked once");
    let active = operator.patch(&path(&webhook), json!({"state": "active"})).await.ok(200);
    assert_eq!((&active["state"], active.get("reason")), (&json!("active"), None));
    receiver.accepts_versions(&group, 1..=2).await;
    receiver.assert_in_order();
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_nothing_is_sent_to_its_target() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let (receiver, target) = (Receiver::start(), Receiver::start());
    let location: &'static str = Box::leak(format!("Location: {}\r\n", target.url()).into_boxed_str());
    receiver.replies(move |_| Reply::Status(307, location));
    let webhook = register(&operator, &receiver).await;
    let group = ada.creates("Team", &[]).await;
    until("it was tried twice", async || receiver.received().len() > 1).await;
    until("the reason is visible", async || {
        let webhook = operator.get(&path(&webhook)).await.ok(200);
        webhook["last_error"].as_str().is_some_and(|error| error.contains("redirects are not followed"))
    })
    .await;
    assert_eq!(target.connections(), 0);
    receiver.replies(|_| Reply::Status(200, ""));
    receiver.accepts_versions(&group, [1]).await;
}

#[tokio::test]
async fn a_receiver_that_breaks_off_gets_the_same_message_again() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let receiver = Receiver::start();
    receiver.replies(|_| Reply::BreakOff);
    register(&operator, &receiver).await;
    let group = ada.creates("Team", &[]).await;
    ada.renames(&group, "Crew").await.group(200);
    until("it was tried twice", async || receiver.received().len() > 1).await;
    receiver.replies(|_| Reply::Status(200, ""));
    receiver.accepts_versions(&group, 1..=2).await;
    assert!(receiver.assert_in_order() >= 1);
}

#[tokio::test]
async fn of_an_endless_response_only_the_start_is_read_and_kept() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let receiver = Receiver::start();
    receiver.replies(|_| Reply::Endless);
    let webhook = register(&operator, &receiver).await;
    let group = ada.creates("Team", &[]).await;
    for number in 2..=5 {
        ada.renames(&group, &format!("Name {number}")).await.group(200);
    }
    receiver.accepts_versions(&group, 1..=5).await;
    assert_eq!(receiver.assert_in_order(), 0);
    let deliveries = format!("{}/deliveries", path(&webhook));
    until("the attempts are stored", async || {
        operator.get(&deliveries).await.ok(200)["deliveries"].as_array().unwrap().len() == 5
    })
    .await;
    let deliveries = operator.get(&deliveries).await.ok(200);
    let response = deliveries["deliveries"][0]["response"].as_str().unwrap();
    assert!(response.len() >= 500 && response.len() <= 4_096, "{}", response.len());
}

#[tokio::test]
async fn a_receiver_that_asks_for_a_pause_gets_it() {
    let server = server().await;
    let (operator, ada) = (server.operator(), server.user());
    let receiver = Receiver::start();
    receiver.replies(|_| Reply::Status(503, "Retry-After: 4\r\n"));
    register(&operator, &receiver).await;
    let group = ada.creates("Team", &[]).await;
    until("it was tried", async || !receiver.received().is_empty()).await;
    let begun = std::time::Instant::now();
    receiver.replies(|_| Reply::Status(200, ""));
    receiver.accepts_versions(&group, [1]).await;
    assert!(begun.elapsed().as_secs_f64() > 3.5, "{:?}", begun.elapsed());
    assert_eq!(receiver.received().len(), 2);
}
