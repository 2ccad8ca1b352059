//! Runs the program as one user.

use std::path::Path;
use std::process::{Command, Stdio};

use groups_client::Uuid;
use serde_json::{Value, json};

use crate::server::Server;
use crate::token::token_with;

/// A user of a server.
pub(crate) struct User {
    pub(crate) id: String,
    url: String,
    token: String,
}

/// What a run has printed.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl User {
    pub(crate) fn of(server: &Server) -> Self {
        Self::with(server, json!({}))
    }

    pub(crate) fn named(server: &Server, name: &str) -> Self {
        Self::with(server, json!({"name": name}))
    }

    pub(crate) fn operator(server: &Server) -> Self {
        Self::with(server, json!({"scope": "groups:admin"}))
    }

    /// A user whose token also has these claims.
    fn with(server: &Server, mut claims: Value) -> Self {
        let id = Uuid::now_v7().to_string();
        claims["sub"] = json!(id);
        Self { id, url: server.url(), token: token_with(claims, 3600) }
    }

    /// The program with these arguments, and nothing else in its environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = bare(args);
        command.env("GROUPS_URL", &self.url).env("GROUPS_TOKEN", &self.token);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        finish(self.command(args))
    }

    /// The output of a run that succeeds.
    pub(crate) fn output(&self, args: &[&str]) -> String {
        self.run(args).success()
    }

    /// The JSON of a run that succeeds.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.output(&[&["--json"], args].concat())).unwrap()
    }

    /// The id that a run prints.
    pub(crate) fn id_of(&self, args: &[&str]) -> String {
        self.output(&[&["--quiet"], args].concat()).trim().to_owned()
    }
}

impl Ran {
    pub(crate) fn success(self) -> String {
        assert_eq!((self.code, self.errors.as_str()), (Some(0), ""), "{}", self.output);
        self.output
    }
}

/// The program without a user.
pub(crate) fn bare(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_groupctl"));
    command.args(args).env_clear().env("HOME", "/nonexistent").stdin(Stdio::null());
    command
}

/// The program with a configuration folder.
pub(crate) fn configured(folder: &Path, args: &[&str]) -> Command {
    let mut command = bare(args);
    command.env("XDG_CONFIG_HOME", folder);
    command
}

pub(crate) fn finish(mut command: Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), output: text(output.stdout), errors: text(output.stderr) }
}
