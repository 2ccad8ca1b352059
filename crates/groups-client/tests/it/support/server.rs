//! The server as a process: started, killed, and started again on the same database and port.

use std::io::{BufRead, BufReader, Lines};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

use tempfile::TempDir;

use super::token::SECRET;

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| match std::env::var_os("GROUPS_TEST_SERVER") {
    // Packagers can test the program that they ship.
    Some(program) => program.into(),
    None => build(),
});

/// A server with its own database, which ends with this value.
pub(crate) struct Server {
    settings: Vec<(String, String)>,
    directory: TempDir,
    address: SocketAddr,
    process: Option<Process>,
}

struct Process {
    child: Child,
    /// Kept, so that the server can write to it.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts a server that accepts the tests' tokens and has no rate limits.
    pub(crate) fn start() -> Self {
        Self::with(&[("GROUPS_JWT_SECRET", SECRET), ("GROUPS_RATE_LIMIT", "0")])
    }

    /// Starts a server with exactly these settings.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let directory = tempfile::tempdir().unwrap();
        let mut server = Self { settings, directory, address: free_address(), process: None };
        server.launch();
        server
    }

    /// Starts the process on the same database and port, and waits until it is ready.
    pub(crate) fn launch(&mut self) {
        let log = std::fs::File::create(self.directory.path().join("log")).unwrap();
        let mut child = Command::new(&*PROGRAM)
            .env_clear()
            .env("DATABASE_URL", format!("sqlite://{}", self.directory.path().join("groups.db").display()))
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .env("GROUPS_LISTEN", self.address.to_string())
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = output.by_ref().map_while(Result::ok).any(|line| line.contains("listening on http://"));
        self.process = Some(Process { child, _output: output });
        assert!(listening, "the server ended before it served:\n{}", self.log());
    }

    /// Kills the process with SIGKILL.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.child.kill().unwrap();
        process.child.wait().unwrap();
    }

    /// The files of the database, while the process does not run.
    pub(crate) fn saved(&self) -> Vec<(PathBuf, Vec<u8>)> {
        self.database_files().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    }

    /// Replaces the database by one that was saved, while the process does not run.
    pub(crate) fn restore(&self, files: &[(PathBuf, Vec<u8>)]) {
        self.database_files().for_each(|path| std::fs::remove_file(path).unwrap());
        files.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
    }

    /// The database with its write-ahead log.
    fn database_files(&self) -> impl Iterator<Item = PathBuf> {
        let files = std::fs::read_dir(self.directory.path()).unwrap().map(|file| file.unwrap().path());
        let is_database = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("groups.db");
        files.filter(is_database).collect::<Vec<_>>().into_iter()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the server's log:\n{}---", self.log());
        }
        if let Some(mut process) = self.process.take() {
            process.child.kill().ok();
            process.child.wait().ok();
        }
    }
}

/// Finds a port below the ephemeral range, so that it is still free after a restart.
pub(crate) fn free_address() -> SocketAddr {
    const FIRST: u16 = 10_000;
    const COUNT: u16 = 10_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Concurrent test programs start their search at different ports.
    let offset = std::process::id().wrapping_mul(97) as u16 % COUNT;
    let mut ports = (0..COUNT).map(|_| FIRST + offset.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT);
    let free = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    SocketAddr::from(([127, 0, 0, 1], free.expect("a free port")))
}

/// Builds the program with the profile and target directory of the test program itself, which is
/// `<target>/<profile>/deps/<name>`: a test cannot know where the binary of another package is.
fn build() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let directory = test.ancestors().nth(2).unwrap();
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into()))
        .args(["build", "--quiet", "--package", "groups-server", "--profile", profile, "--target-dir"])
        .arg(directory.parent().unwrap())
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .output()
        .unwrap();
    assert!(build.status.success(), "groups-server does not build:\n{}", String::from_utf8_lossy(&build.stderr));
    directory.join("groups-server").with_extension(std::env::consts::EXE_EXTENSION)
}
