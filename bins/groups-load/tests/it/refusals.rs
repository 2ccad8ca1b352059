//! What the program refuses to do.

use crate::program::run;

#[test]
fn a_remote_server_is_refused() {
    let ran = run("--url http://192.0.2.1:8080 commands");
    assert_eq!(ran.code, Some(2));
    assert!(ran.errors.contains("--anywhere"), "{}", ran.errors);
}

#[test]
fn more_connections_than_file_descriptors_are_refused() {
    let ran = run("--url http://127.0.0.1:1 fanout --connections 100000");
    assert_eq!(ran.code, Some(2));
    // If that many files are allowed, no server listens at the address.
    assert!(ran.errors.contains("ulimit -n") || ran.errors.contains("refused"), "{}", ran.errors);
}

#[test]
fn an_unreachable_server_is_named_in_the_error() {
    // No server listens on port 1 (tcpmux, RFC 1078), which requires superuser rights.
    let ran = run("--url http://127.0.0.1:1 commands");
    assert_eq!(ran.code, Some(2));
    assert!(ran.errors.contains("/v1/dev/login"), "{}", ran.errors);
}

#[test]
fn numbers_out_of_range_are_rejected() {
    for args in ["fanout --seconds 100000", "connect --connections 0", "commands --callers 1000000", "mixed --groups 0"]
    {
        let ran = run(args);
        assert_eq!(ran.code, Some(2), "{args}");
        assert!(ran.errors.contains("is not in"), "{}", ran.errors);
    }
}
