//! Browsers as processes.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tokio::sync::oneshot;

use crate::support::within;

/// A process that ends when it is dropped.
pub(super) struct Process(Child);

impl Process {
    /// Starts a program. Returns the address that it prints on standard error: what `address` finds in
    /// a line.
    pub(super) async fn start(mut command: Command, address: fn(&str) -> Option<&str>) -> (Self, String) {
        let program = command.get_program().to_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program:?}: {error}"));
        let (sender, found) = oneshot::channel();
        let stderr = child.stderr.take().expect("standard error");
        std::thread::spawn(move || {
            let mut sender = Some(sender);
            // To the end, so that the program never waits for a reader.
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some(address) = address(&line)
                    && let Some(sender) = sender.take()
                {
                    sender.send(address.to_owned()).ok();
                }
            }
        });
        let process = Self(child);
        let line = within(&format!("{program:?} starts"), found).await;
        (process, line.unwrap_or_else(|_| panic!("{program:?} ended without an address")))
    }

    /// Starts a program whose output nobody reads.
    pub(super) fn silent(mut command: Command) -> Self {
        let program = command.get_program().to_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self(child.unwrap_or_else(|error| panic!("{program:?}: {error}")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have exited already if that made the test fail.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The program that a variable names, or the first of these names that is installed.
pub(super) fn installed(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(program) = std::env::var_os(variable) {
        return Some(program.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/bin"));
    std::env::split_paths(&path)
        .flat_map(|directory| names.iter().map(move |name| directory.join(name)))
        .find(|file| file.is_file())
}
