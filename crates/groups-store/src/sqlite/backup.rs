//! Copies a database that may be in use.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::open::{self, Settings};
use crate::BackupError;
use crate::url::SqliteFile;

/// Owner only, like the database.
const MODE: u32 = 0o600;

pub(crate) fn backup(file: SqliteFile, busy: Duration, to: &Path) -> Result<u64, BackupError> {
    if !Path::new(&file.path).exists() {
        return Err(BackupError::Missing(file.path.into()));
    }
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let settings = Settings { file, busy, pages_max: None };
    let mut conn = open::open_existing(&settings)?;
    let partial = Partial::create(to)?;
    // One read transaction, which does not keep the server from writing.
    diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(partial.text()?).execute(&mut conn).map_err(copy_failed)?;
    drop(conn);
    check(&settings, &partial)?;
    partial.publish(to)
}

fn copy_failed(error: diesel::result::Error) -> BackupError {
    BackupError::Copy { detail: error.to_string() }
}

fn check(settings: &Settings, partial: &Partial) -> Result<(), BackupError> {
    let file = SqliteFile { path: partial.text()?.to_owned(), must_exist: true, old_path: None };
    let mut copy = open::open_existing(&Settings { file, ..settings.clone() })?;
    match open::first_fault(&mut copy).map_err(copy_failed)? {
        Some(detail) => Err(BackupError::Damaged { detail }),
        None => Ok(()),
    }
}

/// The copy before it has its name. Removed on drop.
struct Partial(PathBuf);

impl Partial {
    fn create(to: &Path) -> Result<Self, BackupError> {
        let mut path = to.as_os_str().to_owned();
        path.push(format!(".partial-{}", std::process::id()));
        let path = PathBuf::from(path);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(MODE)
            .open(&path)
            .map_err(|source| write_failed(to, source))?;
        Ok(Self(path))
    }

    fn text(&self) -> Result<&str, BackupError> {
        let not_text = || write_failed(&self.0, io::Error::new(io::ErrorKind::InvalidInput, "the path is not UTF-8"));
        self.0.to_str().ok_or_else(not_text)
    }

    /// Flushes the file, and gives it its name unless that is taken. Returns its size.
    fn publish(self, to: &Path) -> Result<u64, BackupError> {
        let published = || {
            let file = File::open(&self.0)?;
            file.sync_all()?;
            fs::hard_link(&self.0, to)?;
            let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(folder)?.sync_all()?;
            Ok(file.metadata()?.len())
        };
        published().map_err(|source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => BackupError::Exists(to.to_owned()),
            _ => write_failed(to, source),
        })
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut path = self.0.clone().into_os_string();
            path.push(suffix);
            let _removed_or_never_made = fs::remove_file(path);
        }
    }
}

fn write_failed(path: &Path, source: io::Error) -> BackupError {
    BackupError::Write { path: path.to_owned(), source }
}
