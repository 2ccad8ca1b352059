//! The database file: created, locked against other servers, and checked for removal or
//! replacement.

use std::collections::HashSet;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::url::SqliteFile;
use crate::{OpenError, Reason, StoreError};

/// Owner only: the file holds all users' groups and the cursor key. SQLite gives `-wal` and `-shm`
/// the same mode.
const MODE: u32 = 0o600;

/// The mode bits that let group or others read or write.
const MODE_OF_OTHERS: u32 = 0o066;

/// Identifies a file independently of its name: device and inode.
type Identity = (u64, u64);

/// The files that this process has open. A second descriptor must never be opened: when it is
/// closed, POSIX releases all locks of the process on the file, including SQLite's
/// (<https://www.sqlite.org/howtocorrupt.html>, section 2.2).
static OPEN: Mutex<Option<HashSet<Identity>>> = Mutex::new(None);

/// The open file, and the lock on it. Both are released with the last reference, which must be
/// dropped after all connections are closed.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    identity: Identity,
    /// `-wal` and `-shm`, which exist while a connection is open.
    beside: OnceLock<[(PathBuf, Option<Identity>); 2]>,
    lost: AtomicBool,
    /// An advisory lock (`flock`), independent of SQLite's own locks. It is released when the
    /// process ends, however it ends.
    _locked: File,
}

impl DatabaseFile {
    /// Opens the file, creates it if it is missing, and locks it. Waits for another process's lock
    /// for up to `patience`, because a server that was just stopped may still be shutting down.
    pub(super) fn open(file: &SqliteFile, patience: Duration) -> Result<Arc<Self>, OpenError> {
        const PAUSE: Duration = Duration::from_millis(20);
        check_surroundings(file)?;
        let mut waited = Duration::ZERO;
        loop {
            if let Some(opened) = Self::attempt(file)? {
                return Ok(Arc::new(opened));
            }
            if waited >= patience {
                return Err(OpenError::InUse { database: file.path.clone() });
            }
            std::thread::sleep(PAUSE);
            waited += PAUSE;
        }
    }

    /// `None`: another process holds the lock.
    fn attempt(file: &SqliteFile) -> Result<Option<Self>, OpenError> {
        let failed = |error: io::Error| refused(file, &error);
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.get_or_insert_default();
        if std::fs::metadata(&file.path).is_ok_and(|metadata| open.contains(&identity(&metadata))) {
            return Ok(None);
        }
        let database = open_file(Path::new(&file.path), !file.must_exist).map_err(failed)?;
        let metadata = database.metadata().map_err(failed)?;
        if metadata.mode() & MODE_OF_OTHERS != 0 {
            tracing::warn!(
                "other users of this machine may read or write {:?} (mode {:o}): run `chmod 600` on it and on its -wal and -shm",
                file.path,
                metadata.mode() & 0o777,
            );
        }
        let locked = lockable(&file.path, database).map_err(failed)?;
        match locked.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let identity = identity(&metadata);
        open.insert(identity);
        let path = PathBuf::from(&file.path);
        Ok(Some(Self { path, identity, beside: OnceLock::new(), lost: AtomicBool::new(false), _locked: locked }))
    }

    /// Starts checking `-wal` and `-shm` as well. Call it once a connection is open.
    pub(super) fn is_connected(&self) {
        self.beside.get_or_init(|| {
            ["-wal", "-shm"].map(|suffix| {
                let path = beside(&self.path, suffix);
                let identity = std::fs::metadata(&path).ok().map(|metadata| identity(&metadata));
                (path, identity)
            })
        });
    }

    /// The size of `-wal` in bytes, if all files are still those that are open.
    ///
    /// If one was removed or replaced, writes go to an unlinked file: they would be acknowledged
    /// and lost. The connections cannot switch files, so nothing is written until the same files
    /// are back.
    pub(super) fn check(&self) -> Result<u64, StoreError> {
        let mut wal_bytes = 0;
        let mut wrong = None;
        if std::fs::metadata(&self.path).map(|metadata| identity(&metadata)).ok() != Some(self.identity) {
            wrong = Some(&self.path);
        }
        for (index, (path, known)) in self.beside.get().into_iter().flatten().enumerate() {
            let Some(known) = known else { continue };
            match std::fs::metadata(path) {
                Ok(metadata) if identity(&metadata) == *known => {
                    if index == 0 {
                        wal_bytes = metadata.len();
                    }
                }
                _ => wrong = wrong.or(Some(path)),
            }
        }
        let was_lost = self.lost.swap(wrong.is_some(), Ordering::Relaxed);
        match wrong {
            None => {
                if was_lost {
                    tracing::info!("{:?} is back: changes are accepted again", self.path);
                }
                Ok(wal_bytes)
            }
            Some(path) => {
                if !was_lost {
                    tracing::error!(
                        "{path:?} was removed or replaced while the server uses it: changes are refused from now on. What was \
                         acknowledged is still in the open files, below /proc/{}/fd: save them, or move the files back, before you \
                         restart the server",
                        std::process::id(),
                    );
                }
                Err(StoreError::Unavailable(Reason::FileReplaced))
            }
        }
    }

    /// The size of `-wal` in bytes; 0 if it is unknown.
    pub(super) fn wal_bytes(&self) -> u64 {
        std::fs::metadata(beside(&self.path, "-wal")).map_or(0, |metadata| metadata.len())
    }
}

impl Drop for DatabaseFile {
    fn drop(&mut self) {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.get_or_insert_default().remove(&self.identity);
    }
}

fn check_surroundings(file: &SqliteFile) -> Result<(), OpenError> {
    let path = Path::new(&file.path);
    if let Some(old_path) = file.old_path.as_ref().filter(|old_path| Path::new(old_path).is_file()) {
        return Err(OpenError::OldName { old_path: old_path.clone(), path: file.path.clone() });
    }
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty() && !directory.is_dir())
    {
        return Err(OpenError::DirectoryMissing { directory: directory.display().to_string() });
    }
    if path.is_dir() {
        return Err(OpenError::NotADatabase { path: file.path.clone() });
    }
    Ok(())
}

fn open_file(path: &Path, create: bool) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(create).truncate(false).mode(MODE).open(path)
}

/// The file to lock. On Linux, `flock` locks and SQLite's locks are independent, so it is the
/// database file itself. On other systems they may conflict, so it is a separate file next to it.
fn lockable(path: &str, database: File) -> io::Result<File> {
    if cfg!(target_os = "linux") {
        return Ok(database);
    }
    open_file(&beside(Path::new(path), "-lock"), true)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

fn refused(file: &SqliteFile, error: &io::Error) -> OpenError {
    let database = file.path.clone();
    match error.kind() {
        io::ErrorKind::NotFound => OpenError::Missing { path: database },
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => OpenError::ReadOnly { database },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => OpenError::DiskFull { database },
        _ => OpenError::Unreachable { database, detail: error.to_string() },
    }
}
