//! Runs the program and parses its output.

use std::{
    net::SocketAddr,
    process::{Command, Output},
};

use serde_json::Value;

use crate::server::SECRET;

pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) report: Value,
    pub(crate) errors: String,
}

/// Runs a scenario against an address with the tests' secret, and parses the JSON report.
pub(crate) fn load(address: SocketAddr, args: &str) -> Ran {
    run(&format!("--url http://{address} --secret-from-tests --json {args}"))
}

/// Like [`load`], in development mode.
pub(crate) fn load_in_development(address: SocketAddr, args: &str) -> Ran {
    run(&format!("--url http://{address} --json {args}"))
}

/// Runs the program with these arguments.
pub(crate) fn run(args: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_groups-load"));
    command.env_clear();
    for arg in args.split_whitespace() {
        match arg {
            "--secret-from-tests" => command.env("GROUPS_JWT_SECRET", SECRET),
            arg => command.arg(arg),
        };
    }
    let Output { status, stdout, stderr } = command.output().expect("the program runs");
    let report = serde_json::from_slice(&stdout).unwrap_or(Value::Null);
    Ran { code: status.code(), report, errors: String::from_utf8_lossy(&stderr).into_owned() }
}

impl Ran {
    /// The report of a run without violations.
    pub(crate) fn good(self) -> Value {
        assert_eq!(self.code, Some(0), "{}\n{}", self.report, self.errors);
        self.report
    }
}
