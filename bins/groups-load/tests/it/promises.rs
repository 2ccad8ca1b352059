//! Violations of the guarantee are detected: a check that never fails proves nothing.

use crate::{
    liar::{Liar, Lie},
    program::load,
    server::Server,
};

#[test]
fn a_lost_event_is_detected() {
    found(Lie::Lose, "gap");
}

#[test]
fn a_repeated_event_is_detected() {
    found(Lie::Repeat, "repeat");
}

#[test]
fn reordered_events_are_detected() {
    found(Lie::Swap, "reorder");
}

#[test]
fn a_missing_event_is_detected() {
    found(Lie::Silence, "lost");
}

fn found(lie: Lie, word: &str) {
    let server = Server::start();
    let liar = Liar::before(server.address, lie);
    let ran = load(liar.address, "fanout --connections 4 --rate 20 --seconds 1 --patience-seconds 1");
    assert_eq!(ran.code, Some(1), "{}\n{}", ran.report, ran.errors);
    let promise = &ran.report["promise"];
    assert!(promise["violations"].as_u64() >= Some(4), "every connection reports the violation: {promise}");
    assert!(promise["examples"].to_string().contains(&format!("\"{word}: ")), "{promise}");
}
