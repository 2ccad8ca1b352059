//! `groupctl watch`: the list, and then every change.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use groups_client::{Checkpoint, Client, Snapshot, Status, Update, Watch};
use serde_json::json;

use super::show;
use super::words::described;
use crate::config::write_private;
use crate::failure::Failure;
use crate::output::{Format, line, printable, to_json};

/// How often the cursor file is written at most. If the program is killed, changes since then are printed again.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Prints until Ctrl-C.
pub(super) async fn run(client: &Client, cursor_file: Option<PathBuf>, format: Format) -> Result<(), Failure> {
    let mut builder = client.watch();
    if let Some(checkpoint) = cursor_file.as_deref().map(load).transpose()?.flatten() {
        builder = builder.resume(checkpoint);
    }
    let mut watch = builder.start();
    let followed = follow(&mut watch, cursor_file.as_deref(), format).await;
    save(&watch, cursor_file.as_deref())?;
    watch.close().await;
    followed
}

async fn follow(watch: &mut Watch, cursor_file: Option<&Path>, format: Format) -> Result<(), Failure> {
    let mut interrupted = std::pin::pin!(interrupt());
    let mut saves = tokio::time::interval(SAVE_EVERY);
    saves.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut unsaved = false;
    loop {
        tokio::select! {
            biased;
            interrupted = &mut interrupted => return Ok(interrupted?),
            _ = saves.tick(), if unsaved => {
                save(watch, cursor_file)?;
                unsaved = false;
            }
            update = watch.next() => {
                show(&update?, format)?;
                unsaved = true;
            }
        }
    }
}

/// Ctrl-C, or a request to end.
pub(super) async fn interrupt() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

fn load(path: &Path) -> Result<Option<Checkpoint>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|_| Failure::Invalid {
            path: path.to_owned(),
            reason: "it is not a cursor file of groupctl; remove it to start with the current list".to_owned(),
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::File { path: path.to_owned(), error }),
    }
}

fn save(watch: &Watch, path: Option<&Path>) -> Result<(), Failure> {
    match (path, watch.checkpoint()) {
        (Some(path), Some(checkpoint)) => write_private(path, &to_json(&checkpoint)?),
        _ => Ok(()),
    }
}

fn show(update: &Update, format: Format) -> std::io::Result<()> {
    match update {
        Update::Snapshot(list) if format == Format::Json => {
            let Snapshot { groups, invitations, requests, .. } = list;
            let snapshot =
                json!({"type": "snapshot", "groups": groups, "invitations": invitations, "requests": requests});
            line(&snapshot.to_string())
        }
        Update::Snapshot(list) if format == Format::Quiet => show::groups(&list.groups, format),
        Update::Snapshot(list) => show::groups_and_pending(&list.groups, &list.invitations, &list.requests, format),
        Update::Event(event) if format == Format::Json => line(&event.json),
        Update::Event(event) if format == Format::Quiet => line(&event.group_id.to_string()),
        Update::Event(event) => {
            let text = format!("{}  {}  v{}  {}", event.at, event.group_id, event.version, described(event));
            line(&printable(&text))
        }
        // Not a result, so it does not belong to the output.
        Update::Status(Status::Live) => {
            eprintln!("groupctl: connected");
            Ok(())
        }
        Update::Status(Status::Waiting { reason, retry_in }) => {
            eprintln!("groupctl: {}; next attempt in {:.1} s", printable(reason), retry_in.as_secs_f64());
            Ok(())
        }
        _ => Ok(()),
    }
}
