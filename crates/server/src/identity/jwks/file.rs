//! A file with keys: the operator's own, or the copy of the last good keys (`GROUPS_JWKS_CACHE`).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Maximum size of a set of keys, in bytes.
pub(super) const BYTES_MAX: usize = 256 * 1024;

/// Maximum duration of a read or a write.
pub(super) const TIME_MAX: Duration = Duration::from_secs(5);

/// Reads a file of at most [`BYTES_MAX`] bytes within [`TIME_MAX`].
///
/// # Errors
/// If it is not such a file.
pub(super) async fn read(path: PathBuf) -> io::Result<Vec<u8>> {
    in_time(move || {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut bytes = Vec::new();
        file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > BYTES_MAX {
            return Err(io::Error::other(format!("it is longer than {BYTES_MAX} bytes")));
        }
        Ok(bytes)
    })
    .await
}

/// Replaces the file atomically: after a crash it has the old or the new content. Others cannot write
/// to it, because they could add keys of their own.
///
/// # Errors
/// If its folder cannot be written.
pub(super) async fn write(path: PathBuf, bytes: Vec<u8>) -> io::Result<()> {
    in_time(move || {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let fresh = path.with_file_name(name);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(fresh, path)
    })
    .await
}

async fn in_time<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    match timeout(TIME_MAX, spawn_blocking(work)).await {
        Ok(done) => done.map_err(io::Error::other)?,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
