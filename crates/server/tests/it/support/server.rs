//! The server as a process: started, stopped, killed, and restarted on the same database and port.

use std::{
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{Dial, Http, PATIENCE, User, build, claims, new_id, signed, within};

/// The secret that signs the tests' tokens.
pub(crate) const SECRET: &str = "a secret for tests, with more than the 32 bytes that HS256 asks for";

/// What the server prints on standard output when it is ready.
const LISTENING: &str = "listening on http";

/// A server with its own database. Stopped on drop.
pub(crate) struct Server {
    settings: Vec<(String, String)>,
    directory: TempDir,
    address: SocketAddr,
    http: Arc<Http>,
    process: Option<Process>,
    file_kib_max: Option<u32>,
}

struct Process {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts a server that accepts the tests' tokens and has no rate limits.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Like [`start`](Self::start), with additional or different settings.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let mut all = vec![("GROUPS_JWT_SECRET", SECRET), ("GROUPS_RATE_LIMIT", "0")];
        all.extend(settings);
        Self::with_exactly(&all).await
    }

    /// Starts a server without a key, in development mode.
    pub(crate) async fn in_development() -> Self {
        Self::with_exactly(&[("GROUPS_RATE_LIMIT", "0")]).await
    }

    /// Starts a server with exactly these settings.
    pub(crate) async fn with_exactly(settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let address = free_address();
        let http = Arc::new(Http::new(address));
        let mut server = Self { settings, directory, address, http, process: None, file_kib_max: None };
        server.launch().await;
        server
    }

    /// Starts the process on the same database and port, and waits until it is ready.
    pub(crate) async fn launch(&mut self) {
        assert!(self.process.is_none(), "the server already runs");
        self.http.forget_connections();
        let mut child = self.command().spawn().expect("the server starts");
        let log = Arc::new(Mutex::new(String::new()));
        keep_log(child.stderr.take().expect("standard error"), Arc::clone(&log));
        let (sender, address) = oneshot::channel();
        announce(child.stdout.take().expect("standard output"), sender);
        self.process = Some(Process { child, log });
        let address = within("the server starts", address).await.unwrap_or_else(|_| {
            panic!("the server ended before it served:\n{}", self.log());
        });
        assert_eq!(address, self.address, "the server listens on the configured address");
    }

    fn command(&self) -> Command {
        // A test can add addresses.
        let more = self.settings.iter().find(|(name, _)| name == "GROUPS_LISTEN");
        let listen = more.map_or(self.address.to_string(), |(_, more)| format!("{},{more}", self.address));
        let mut command = match self.file_kib_max {
            None => Command::new(build::program()),
            Some(kib) => {
                // If the signal is ignored, a write beyond the limit fails; POSIX specifies blocks
                // of 512 bytes.
                let mut shell = Command::new("/bin/sh");
                let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\"", kib * 2);
                shell.arg("-c").arg(script).arg(build::program());
                shell
            }
        };
        command
            .env_clear()
            .env("DATABASE_URL", format!("sqlite://{}", self.database().display()))
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .env("GROUPS_LISTEN", listen)
            .env("RUST_BACKTRACE", "1")
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        self.directory.path().join("groups.db")
    }

    /// From the next start on, limits the size of the server's files, to simulate a full disk.
    pub(crate) fn limit_files(&mut self, kib_max: Option<u32>) {
        self.file_kib_max = kib_max;
    }

    /// Kills the process with SIGKILL, like the kernel or a power failure.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().expect("the server runs");
        process.child.kill().expect("SIGKILL");
        process.child.wait().expect("the process is reaped");
    }

    /// Stops the process with SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.pid())]).status().expect("sh runs");
        assert!(sent.success(), "the signal was sent");
    }

    /// Waits until the process exits. Returns its status, and how long that took.
    pub(crate) async fn ended(&mut self) -> (ExitStatus, Duration) {
        let from = Instant::now();
        let mut process = self.process.take().expect("the server runs");
        loop {
            if let Some(status) = process.child.try_wait().expect("the state of the process") {
                return (status, from.elapsed());
            }
            assert!(from.elapsed() < PATIENCE, "the server does not end");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// From the next start on, a setting has this value.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(set, _)| set != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Kills and restarts it.
    pub(crate) async fn kill_and_launch(&mut self) {
        self.kill();
        self.launch().await;
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().expect("the server runs").child.id()
    }

    /// Resident memory of the process, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process's status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        line.trim_end_matches("kB").trim().parse().expect("a number of KiB")
    }

    /// The log since the last start.
    pub(crate) fn log(&self) -> String {
        match &self.process {
            Some(process) => process.log.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            None => String::new(),
        }
    }

    /// The address it listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// An HTTP client without a token.
    pub(crate) fn http(&self) -> &Arc<Http> {
        &self.http
    }

    /// An upgrade request without a token.
    pub(crate) fn dial(&self) -> Dial {
        Dial::to(self.address)
    }

    /// Creates a user with a token for one hour.
    pub(crate) fn user(&self) -> User {
        let id = new_id();
        let token = signed(SECRET, &claims(&id));
        self.user_with(id, token)
    }

    /// Waits until so many clients are connected.
    pub(crate) async fn until_connected(&self, clients: u64) {
        let from = Instant::now();
        loop {
            let connections = self.http.get("/readyz").await.value()["connections"].clone();
            if connections == clients {
                return;
            }
            assert!(from.elapsed() < PATIENCE, "{connections} clients are connected instead of {clients}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Creates a user whose token opens `/v1/admin`.
    pub(crate) fn operator(&self) -> User {
        let id = new_id();
        let mut claims = claims(&id);
        claims["scope"] = json!("groups:admin");
        self.user_with(id, signed(SECRET, &claims))
    }

    /// Creates a user with a display name.
    pub(crate) fn user_named(&self, name: &str) -> User {
        let id = new_id();
        let mut claims = claims(&id);
        claims["name"] = json!(name);
        self.user_with(id, signed(SECRET, &claims))
    }

    /// Returns a user with this id and token.
    pub(crate) fn user_with(&self, id: String, token: String) -> User {
        User { id, token, http: Arc::clone(&self.http) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail = log.len().saturating_sub(4_000);
            let tail = (tail..log.len()).find(|at| log.is_char_boundary(*at)).unwrap_or(log.len());
            eprintln!("--- the server's log ends with:\n{}---", &log[tail..]);
        }
        if let Some(mut process) = self.process.take() {
            // It may have exited already; a test that cares has checked before.
            process.child.kill().ok();
            process.child.wait().ok();
        }
    }
}

/// Finds a port below the ephemeral range, so that it is still free after a restart.
pub(crate) fn free_address() -> SocketAddr {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Concurrent test programs start their search at different ports.
    let offset = std::process::id().wrapping_mul(97) as u16 % COUNT;
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let address = SocketAddr::from(([127, 0, 0, 1], FIRST + offset.wrapping_add(step) % COUNT));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port is free");
}

fn keep_log(mut from: impl Read + Send + 'static, into: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..count]);
            into.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
        }
    });
}

/// Reads standard output to its end, so that the server never blocks on it; reports the address
/// once.
fn announce(from: impl Read + Send + 'static, sender: oneshot::Sender<SocketAddr>) {
    std::thread::spawn(move || {
        let mut sender = Some(sender);
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let address = line.split_once(LISTENING).and_then(|(_, rest)| {
                let address = rest.trim().trim_start_matches('s').trim_start_matches("://");
                address.trim_end_matches('/').parse().ok()
            });
            if let (Some(address), Some(sender)) = (address, sender.take_if(|_| address.is_some())) {
                sender.send(address).ok();
            }
        }
    });
}
