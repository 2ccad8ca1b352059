//! `groupctl feed`: the changes of all groups.

use std::io;

use groups_client::{Admin, Feed, FeedError, FeedRetry, LogChange};

use super::show;
use super::watch::interrupt;
use crate::failure::{Failure, explained};
use crate::output::{Format, line, printable, to_json};

/// Prints one line for each change until Ctrl-C, or with `once` until the end of the log.
pub(super) async fn run(admin: Admin<'_>, after: Option<String>, once: bool, format: Format) -> Result<(), Failure> {
    let mut feed = admin.feed(after);
    let printed = print(&mut feed, once, format).await;
    // The JSON has a cursor in each line.
    if let (Format::Table, Some(cursor)) = (format, feed.cursor()) {
        eprintln!("groupctl: continue with --after {cursor}");
    }
    printed
}

async fn print(feed: &mut Feed, once: bool, format: Format) -> Result<(), Failure> {
    let mut interrupted = std::pin::pin!(interrupt());
    loop {
        let next = async {
            match once {
                true => feed.next_available().await,
                false => feed.next_with(report).await.map(Some),
            }
        };
        let change = tokio::select! {
            biased;
            interrupted = &mut interrupted => return Ok(interrupted?),
            change = next => change?,
        };
        match change {
            Some(change) => print_change(&change, format)?,
            None => return Ok(()),
        }
    }
}

fn print_change(entry: &LogChange, format: Format) -> io::Result<()> {
    let LogChange { group_id, change, .. } = entry;
    match format {
        Format::Json => line(&to_json(entry)?),
        Format::Quiet => line(&group_id.to_string()),
        Format::Table => {
            let (at, version, actor) = (&change.at, change.version, change.actor_id);
            line(&printable(&format!("{at}  {group_id}  v{version}  {actor} {}", show::action(change))))
        }
    }
}

fn report(FeedRetry { error, retry_in, .. }: FeedRetry<'_>) {
    let reason = printable(&explained(error));
    eprintln!("groupctl: {reason}; next attempt in {:.1} s", retry_in.as_secs_f64());
}

impl From<FeedError> for Failure {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Call(error) | FeedError::CursorExpired(error) => Self::Call(error),
            error => Self::Feed(error),
        }
    }
}
