//! `/metrics`: what operators can see.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{Http, Postgres, Server, free_address, installed, skipped, within};

/// What operators can import.
const MONITORING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/monitoring");

/// The samples, by name and labels.
async fn samples(http: &Http) -> BTreeMap<String, f64> {
    let answer = http.call("GET", "/metrics").header("accept", "application/openmetrics-text").send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    let text = answer.text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            (sample.to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let server = Server::start().await;
    let (ada, bob) = (server.user(), server.user());
    let mut socket = ada.connects().await;
    let group = ada.creates("Team", &[&bob]).await;
    socket.expect("group_created").await;
    bob.get(&format!("/v1/groups/{group}")).await.group(200);
    bob.renames(&group, "Mine").await.problem(403, "forbidden");
    // The worker counts a delivery after the client has it.
    let counted = async {
        loop {
            let samples = samples(server.http()).await;
            if samples["groups_delivery_seconds_count"] == 1.0 {
                return samples;
            }
        }
    };
    let samples = within("the metrics of a delivery", counted).await;
    for (sample, value) in [
        ("groups_websocket_connections", 1.0),
        ("groups_websocket_connections_accepted_total", 1.0),
        ("groups_changes_total{action=\"group_created\"}", 1.0),
        ("groups_problems_total{code=\"forbidden\"}", 1.0),
        ("groups_http_requests_total{method=\"GET\",path=\"/v1/groups/{group_id}\",status=\"200\"}", 1.0),
        ("groups_http_requests_total{method=\"PATCH\",path=\"/v1/groups/{group_id}\",status=\"403\"}", 1.0),
        ("groups_http_request_duration_seconds_count{method=\"POST\",path=\"/v1/groups\"}", 1.0),
        ("groups_initial_states_total{source=\"snapshot\"}", 1.0),
        ("groups_commit_batch_changes_count", 1.0),
        ("groups_commit_batch_changes_bucket{le=\"1.0\"}", 1.0),
        ("groups_database_up", 1.0),
        ("groups_bus_up", 1.0),
        ("groups_websocket_queue_bytes", 0.0),
        ("groups_relay_lag_seconds{sink=\"websocket\"}", 0.0),
        ("groups_jobs_total{kind=\"erase\",result=\"failed\"}", 0.0),
        ("groups_jobs_running", 0.0),
    ] {
        assert_eq!(samples.get(sample), Some(&value), "{sample} in {samples:#?}");
    }
    assert!(samples.contains_key("groups_log_reads_total"), "{samples:#?}");
    for sample in ["process_resident_memory_bytes", "process_open_fds", "process_max_fds"] {
        assert!(samples[sample] > 0.0, "{sample}");
    }
    assert!(samples.keys().all(|sample| !sample.contains(&ada.id) && !sample.contains(&group)));
}

#[tokio::test]
async fn the_queue_of_a_client_that_does_not_read_is_counted_until_it_disconnects() {
    let server = Server::start().await;
    let ada = server.user();
    let group = ada.creates("Team", &[]).await;
    let slow = server.dial().bearer(&ada.token).receive_buffer_bytes(2_048).ready().await;
    let path = format!("/v1/groups/{group}");
    let queue_bytes = async || samples(server.http()).await["groups_websocket_queue_bytes"];
    let filled = async {
        for number in 0.. {
            let description = format!("{number} {}", "x".repeat(900));
            ada.patch(&path, json!({"description": description})).await.group(200);
            if queue_bytes().await > 1_000.0 {
                return;
            }
        }
    };
    within("a queue that fills", filled).await;
    drop(slow);
    let emptied = async { while queue_bytes().await != 0.0 {} };
    within("the end of the connection", emptied).await;
}

#[tokio::test]
async fn jobs_are_counted_by_kind_and_result() {
    let server = Server::start().await;
    let (operator, bob) = (server.operator(), server.user());
    bob.creates("Team", &[]).await;
    let path = format!("/v1/admin/users/{}?mode=leave", bob.id);
    let started = operator.call("DELETE", &path).send().await;
    assert_eq!(started.status, 202, "{}", started.text());
    let done =
        async { while samples(server.http()).await["groups_jobs_total{kind=\"leave\",result=\"done\"}"] != 1.0 {} };
    within("the end of the job", done).await;
}

#[tokio::test]
async fn with_an_address_for_operators_metrics_are_not_public() {
    let address = free_address();
    let server = Server::with(&[("GROUPS_OPERATIONS_LISTEN", &address.to_string())]).await;
    server.http().get("/metrics").await.problem(404, "not_found");
    server.http().get("/readyz").await.ok(200);
    let operations = Http::new(address);
    samples(&operations).await;
    operations.get("/readyz").await.ok(200);
    operations.get("/healthz").await.ok(200);
    operations.get("/v1/me").await.problem(404, "not_found");
}

#[tokio::test]
async fn promtool_finds_no_fault_in_the_metrics_and_the_alerts() {
    let Some(promtool) = installed("promtool").or_else(|| skipped("promtool")) else { return };
    let server = Server::start().await;
    let ada = server.user();
    let _socket = ada.connects().await;
    ada.creates("Team", &[]).await;
    let metrics = server.http().get("/metrics").await;
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let run = |arguments: &[&str], input: String| {
        let mut child = Command::new(&promtool)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let says = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{says}");
        says
    };
    assert_eq!(run(&["check", "metrics"], metrics.text()), "");
    run(&["check", "rules", &format!("{MONITORING}/alerts.yml")], String::new());
    run(&["test", "rules", &format!("{MONITORING}/alerts.test.yml")], String::new());
}

#[tokio::test]
async fn the_dashboard_and_the_alerts_use_metrics_that_exist() {
    let Some(postgres) = Postgres::start().await else { return };
    // A replica has metrics even if it is not a standby.
    let server = Server::with(&[("DATABASE_URL", &*postgres.url()), ("GROUPS_REPLICA_URL", &postgres.url())]).await;
    // Metrics with labels appear with their first sample.
    let ada = server.user();
    let mut socket = ada.connects().await;
    ada.creates("Team", &[]).await;
    socket.expect("group_created").await;
    ada.get("/v1/groups/nonsense").await.problem(400, "malformed_request");
    let text = server.http().get("/metrics").await.text();
    let known: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    for file in ["alerts.yml", "dashboard.json"] {
        let file = std::fs::read_to_string(format!("{MONITORING}/{file}")).unwrap();
        let words = file.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        let used = words.filter(|word| word.starts_with("groups_") || word.starts_with("process_"));
        for name in used {
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
            assert!(known.contains(&name) || base.is_some_and(|base| known.contains(&base)), "{name} in {known:#?}");
        }
    }
}
