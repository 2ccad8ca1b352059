//! Runs a command that prints lines until it is interrupted.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// A command that runs until Ctrl-C.
pub(crate) struct Running {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, output }
    }

    /// The next line. The test runner's own deadline is the limit.
    pub(crate) fn line(&mut self) -> String {
        self.output.next().expect("another line").unwrap()
    }

    pub(crate) fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    pub(crate) fn version(&mut self) -> u64 {
        self.json()["version"].as_u64().unwrap()
    }

    /// Presses Ctrl-C. Also returns the lines that were not read yet.
    pub(crate) fn interrupt(&mut self) -> (ExitStatus, Vec<String>) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let rest = self.output.by_ref().map_while(Result::ok).collect();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
