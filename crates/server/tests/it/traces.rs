//! Traces: what a collector receives, and that a dead one changes nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use server::{Groups, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::{Application, Dial, SECRET, claims, free_address, new_id, signed, within};

/// A collector that accepts OTLP over HTTP, one request on each connection.
async fn collector() -> (SocketAddr, mpsc::UnboundedReceiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, spans) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            let body = loop {
                let mut piece = [0; 4_096];
                let read = stream.read(&mut piece).await.unwrap();
                bytes.extend(&piece[..read]);
                let text = String::from_utf8_lossy(&bytes);
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
                let head = head.to_ascii_lowercase();
                assert!(head.contains("content-type: application/json"), "{head}");
                let (_, length) = head.split_once("content-length: ").unwrap();
                let length: usize = length.lines().next().unwrap().parse().unwrap();
                if body.len() >= length {
                    break serde_json::from_str::<Value>(body).unwrap();
                }
            };
            for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap() {
                sender.send(span.clone()).ok();
            }
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, spans)
}

fn settings(directory: &Path, collector: SocketAddr) -> Settings {
    Settings {
        database_url: format!("sqlite://{}", directory.join("groups.db").display()),
        jwt_secret: Some(SECRET.into()),
        rate_limit: 0,
        otlp_endpoint: Some(format!("http://{collector}")),
        ..Settings::default()
    }
}

#[tokio::test]
async fn a_trace_leads_from_the_request_of_a_client_to_the_commit_and_to_the_socket() {
    let (address, mut spans) = collector().await;
    let directory = tempfile::tempdir().unwrap();
    let builder = Groups::builder(settings(directory.path(), address));
    let application = Application::start(builder.prefix("/realtime")).await;
    let ada = new_id();
    let token = signed(SECRET, &claims(&ada));
    let mut socket = Dial::to(application.http.address()).below("/realtime").bearer(&token).ready().await;
    let create = |traceparent: &str| {
        let call = application.http.call("POST", "/realtime/v1/groups").bearer(&token);
        call.header("traceparent", traceparent).json(&json!({"name": "Team"}))
    };
    let trace = "0af7651916cd43dd8448eb211c80319c";
    create(&format!("00-{trace}-b7ad6b7169203331-00")).send().await.group(201);
    let created = create(&format!("00-{trace}-b7ad6b7169203331-01")).send().await;
    let group = created.group(201);
    for _ in 0..2 {
        socket.event(&ada, "group_created").await;
    }
    let mut by_name = BTreeMap::new();
    while by_name.len() < 3 {
        let span = within("three spans", spans.recv()).await.unwrap();
        assert_eq!(span["traceId"], trace);
        by_name.insert(span["name"].as_str().unwrap().to_owned(), span);
    }
    let names: Vec<_> = by_name.keys().map(String::as_str).collect();
    assert_eq!(names, ["POST /realtime/v1/groups", "commit", "deliver"]);
    let [request, commit, deliver] = [&by_name[names[0]], &by_name["commit"], &by_name["deliver"]];
    assert_eq!(request["parentSpanId"], "b7ad6b7169203331");
    assert_eq!(commit["parentSpanId"], request["spanId"]);
    assert_eq!(deliver["parentSpanId"], commit["spanId"]);
    let attribute = |span: &Value, key: &str| {
        let attributes = span["attributes"].as_array().unwrap();
        attributes.iter().find(|attribute| attribute["key"] == key).unwrap()["value"].clone()
    };
    assert_eq!(attribute(request, "http.response.status_code"), json!({"intValue": "201"}));
    assert_eq!(attribute(request, "groups.request_id")["stringValue"], created.header("x-request-id").unwrap());
    assert_eq!(attribute(commit, "groups.group_id")["stringValue"], group["group_id"]);
    application.stop().await;
    assert!(spans.try_recv().is_err(), "what is not sampled is not traced");
}

#[tokio::test]
async fn the_token_of_a_link_is_in_no_trace() {
    let (address, mut spans) = collector().await;
    let directory = tempfile::tempdir().unwrap();
    let application = Application::start(Groups::builder(settings(directory.path(), address))).await;
    let token = signed(SECRET, &claims(&new_id()));
    let link = "A".repeat(32);
    let call = application.http.call("POST", &format!("/v1/join/{link}")).bearer(&token);
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    call.header("traceparent", traceparent).send().await.problem(404, "link_not_found");
    let mut names = Vec::new();
    while names.len() < 2 {
        let span = within("two spans", spans.recv()).await.unwrap();
        assert!(!span.to_string().contains(&link), "{span}");
        names.push(span["name"].as_str().unwrap().to_owned());
    }
    names.sort();
    assert_eq!(names, ["POST /v1/join/{token}", "commit"]);
    application.stop().await;
}

#[tokio::test]
async fn a_dead_collector_changes_nothing_for_clients() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { traces_ratio: "1".to_owned(), ..settings(directory.path(), free_address()) };
    let application = Application::start(Groups::builder(settings).prefix("/realtime")).await;
    let ada = new_id();
    let token = signed(SECRET, &claims(&ada));
    let mut socket = Dial::to(application.http.address()).below("/realtime").bearer(&token).ready().await;
    for number in 0..20 {
        let call = application.http.call("POST", "/realtime/v1/groups").bearer(&token);
        call.json(&json!({"name": format!("Team {number}")})).send().await.group(201);
        socket.event(&ada, "group_created").await;
    }
    let counted = async {
        loop {
            let text = application.http.get("/realtime/metrics").await.text();
            let dropped = text.lines().find_map(|line| line.strip_prefix("groups_trace_spans_dropped_total "));
            if dropped.unwrap().parse::<f64>().unwrap() >= 60.0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within("the spans that were dropped", counted).await;
    application.stop().await;
}
