//! Every scenario runs against the real server without violations, and its figures are consistent.

use crate::{
    program::{load, load_in_development},
    server::Server,
};

#[test]
fn every_connection_receives_every_change_of_a_fan_out() {
    let server = Server::start();
    let report = load(server.address, "fanout --connections 20 --rate 20 --seconds 1").good();
    assert_eq!((&report["changes"], &report["promise"]["events"]), (&20.into(), &400.into()), "{report}");
    assert_eq!((&report["receipt_us"]["count"], &report["change_us"]["count"]), (&400.into(), &20.into()), "{report}");
    assert!(report["bytes_per_event"].as_f64() > Some(100.0), "{report}");
}

#[test]
fn connections_of_one_user_receive_every_change_in_bursts() {
    let server = Server::start();
    let args = "fanout --connections 20 --connections-per-user 10 --rate 40 --burst 10 --seconds 1";
    let report = load(server.address, args).good();
    assert_eq!((&report["changes"], &report["promise"]["events"]), (&40.into(), &800.into()), "{report}");
}

#[test]
fn changes_can_be_sent_to_another_url() {
    let server = Server::start();
    let args = format!("fanout --connections 5 --rate 10 --seconds 1 --changes-on http://{}/", server.address);
    assert_eq!(load(server.address, &args).good()["promise"]["events"], 50);
}

#[test]
fn the_groups_show_every_change_of_the_callers() {
    let server = Server::start();
    let report = load(server.address, "commands --callers 8 --groups 3 --members 20 --seconds 1").good();
    let count = |of: &str| report[of]["count"].as_u64().expect("a count");
    assert_eq!(count("added_us") + count("removed_us") + count("settings_us"), count("all_us"));
    assert_eq!(report["changes"], count("all_us"));
    assert!(count("removed_us") > 0 && count("added_us") >= count("removed_us"), "{report}");
}

#[test]
fn connected_members_receive_the_changes_of_callers_and_are_timed() {
    let server = Server::start();
    let report = load(server.address, "commands --callers 4 --groups 10 --online 10 --seconds 1").good();
    let count = |of: &serde_json::Value| of["count"].as_u64().expect("a count");
    let timed = count(&report["added_us"]) + count(&report["settings_us"]);
    assert_eq!(count(&report["events"]["from_request_us"]), timed, "one member of each group: {report}");
    assert_eq!(report["promise"]["events"], report["changes"], "{report}");
}

#[test]
fn callers_that_only_add_only_add() {
    let server = Server::start();
    let report = load(server.address, "commands --callers 2 --groups 2 --only additions --seconds 1").good();
    assert_eq!((&report["added_us"]["count"], &report["removed_us"]["count"]), (&report["changes"], &0.into()));
}

#[test]
fn lists_have_all_groups_of_their_users() {
    let server = Server::start();
    let args = "lists --users 4 --groups 12 --team 2 --description-chars 100 --callers 2 --seconds 1";
    let report = load(server.address, args).good();
    assert_eq!((&report["wrong_lists"], &report["answer_us"]["count"]), (&0.into(), &report["requests"]), "{report}");
    assert!(report["bytes_per_answer"].as_f64() > Some(12.0 * 400.0), "{report}");
}

#[test]
fn with_a_process_id_the_cost_per_connection_is_measured() {
    let server = Server::start();
    // The server runs in this process.
    let args = format!("--pid {} connect --connections 400 --hold-seconds 0", std::process::id());
    let report = load(server.address, &args).good();
    assert!(report["server_cpu_us_per_connection"].as_f64() > Some(0.0), "{report}");
    assert!(report["resident_bytes_per_connection"].is_number(), "{report}");
}

#[test]
fn clients_that_reconnect_receive_what_they_missed() {
    let server = Server::start();
    let report = load(server.address, "resume --connections 30 --groups 3 --missed 4").good();
    assert_eq!((&report["resumed"], &report["replayed_events"]), (&30.into(), &120.into()), "{report}");
    let report = load(server.address, "resume --connections 30 --groups 3 --missed 4 --without-cursor").good();
    assert_eq!((&report["resumed"], &report["replayed_events"]), (&0.into(), &0.into()), "{report}");
}

#[test]
fn every_view_is_correct_under_a_mixed_load() {
    let server = Server::start();
    let args = "mixed --connections 30 --groups 5 --callers 4 --rate 200 --stay-seconds 1 --seconds 2";
    let report = load(server.address, args).good();
    assert!(report["reconnections"].as_u64() > Some(0), "{report}");
    assert!(report["changes"].as_u64() > Some(50), "{report}");
}

#[test]
fn development_mode_needs_no_secret() {
    let server = Server::in_development();
    let report = load_in_development(server.address, "fanout --connections 5 --rate 10 --seconds 1").good();
    assert_eq!(report["promise"]["events"], 50, "{report}");
}
