//! `groups-server config`: the effective settings, and where each comes from.

use clap::{Arg, Args, Command, CommandFactory as _};

use crate::arguments::{Arguments, Origin, is_secret, key};
use crate::cli::{Cli, ServerArgs};
use crate::output::Output;

#[derive(Args)]
pub(crate) struct Config {
    /// Print JSON instead of a settings file
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    _server: ServerArgs,
}

impl Config {
    /// Prints a settings file with a comment for each origin, or a JSON object. Secrets are masked.
    pub(crate) fn run(&self, arguments: &Arguments, stdout: &Output) {
        let command = Cli::command();
        let settings = settings(&command, arguments);
        if self.json {
            let object = settings
                .into_iter()
                .map(|(key, value, origin)| (key, serde_json::json!({"value": value, "origin": described(&origin)})));
            stdout.line(serde_json::Value::Object(object.collect()));
            return;
        }
        for (key, value, origin) in settings {
            let value = value
                .map_or_else(|| format!("# {key} ="), |value| format!("{key} = {}", serde_json::Value::String(value)));
            stdout.line(format_args!("{value}    # {}", described(&origin)));
        }
    }
}

/// Each setting with its value, if it has one.
fn settings(command: &Command, arguments: &Arguments) -> Vec<(String, Option<String>, Origin)> {
    let settings = command.get_arguments().filter_map(|argument| {
        let key = key(argument)?;
        Some((key, shown(argument, arguments), arguments.origin(argument)))
    });
    settings.collect()
}

fn shown(argument: &Arg, arguments: &Arguments) -> Option<String> {
    let raw = arguments.matches.get_raw(argument.get_id().as_str())?;
    let value = raw.map(|value| value.to_string_lossy()).collect::<Vec<_>>().join(",");
    if !is_secret(argument) {
        return Some(value);
    }
    Some(if argument.get_long().is_some_and(|flag| flag.ends_with("url")) {
        groups_store::masked(&value)
    } else {
        "…".to_owned()
    })
}

fn described(origin: &Origin) -> String {
    match origin {
        Origin::Flag => "flag".to_owned(),
        Origin::Variable(name) => name.clone(),
        Origin::SecretFile(path) => path.display().to_string(),
        Origin::Line(path, line) => format!("{}, line {line}", path.display()),
        Origin::Default => "default".to_owned(),
    }
}
