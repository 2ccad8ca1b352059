//! `groups-server config`: the effective settings, and where each comes from.

use clap::Args;

use crate::origin::Effective;
use crate::output::Output;
use crate::server_args::ServerArgs;

#[derive(Args)]
pub(crate) struct Config {
    /// Print JSON instead of a settings file
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    _server: ServerArgs,
}

impl Config {
    /// Prints a settings file with a comment for each origin, or a JSON object.
    pub(crate) fn run(&self, settings: &[Effective], stdout: &Output) {
        if self.json {
            let object = settings.iter().map(|Effective { key, value, origin }| {
                (key.clone(), serde_json::json!({"value": value, "origin": origin.to_string()}))
            });
            stdout.line(serde_json::Value::Object(object.collect()));
            return;
        }
        for Effective { key, value, origin } in settings {
            let line = match value {
                // A text in JSON is also one in TOML.
                Some(value) => format!("{key} = {}", serde_json::Value::from(value.as_str())),
                None => format!("# {key} ="),
            };
            stdout.line(format_args!("{line}    # {origin}"));
        }
    }
}
