//! A throw-away PostgreSQL server for the tests of one process.
//!
//! It listens on the loopback only, on a port below 32768 (above it an outgoing connection may hold one), and ends with this
//! process however that ends: a shell between them waits for the end of a pipe, stops the server and removes its files.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A running server.
pub(crate) struct Server {
    port: u16,
    authority: Option<PathBuf>,
    /// Holds the pipe whose end stops the server.
    _shell: Child,
}

impl Server {
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://groups@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that has signed the server's, which is for `localhost`; `None` without `openssl`, where the
    /// server speaks no TLS.
    #[cfg_attr(not(feature = "postgres-tls"), expect(dead_code, reason = "only encrypted connections need it"))]
    pub(crate) fn authority(&self) -> Option<&Path> {
        self.authority.as_deref()
    }
}

/// The server of this process; `None`, with a word, where PostgreSQL is not installed.
///
/// With `GROUPS_TEST_REQUIRE_ALL=1` in the environment its absence is a failure.
pub(crate) fn shared() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    let server = SHARED.get_or_init(|| binaries().map(|directory| start(&directory)));
    if server.is_none() {
        untested::skip("PostgreSQL");
    }
    server.as_ref()
}

/// Servers start one after the other, so that no two choose the same port.
static STARTING: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// A server of a test's own, whose transaction ids no other test uses.
pub(crate) fn own() -> Option<Server> {
    // Says whether PostgreSQL is installed.
    shared()?;
    let _starting = STARTING.lock().unwrap();
    binaries().map(|directory| start(&directory))
}

/// A primary and an asynchronous standby of a test's own. They end with this process however that ends.
pub(crate) struct Pair {
    primary: u16,
    standby: u16,
    binaries: PathBuf,
    data: PathBuf,
    run_as: &'static str,
    shell: Child,
}

/// How both servers of a pair are started.
const PAIR_OPTIONS: &str =
    "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c shared_buffers=16MB";

impl Pair {
    pub(crate) fn start() -> Option<Self> {
        // Says whether PostgreSQL is installed.
        shared()?;
        let binaries = binaries()?;
        let _starting = STARTING.lock().unwrap();
        let (data, run_as) = directory();
        let primary = free_port(10_000);
        let standby = free_port(primary + 1);
        let (bin, dir) = (binaries.display(), data.display());
        let options = PAIR_OPTIONS;
        let script = format!(
            "cd / && {{ {run_as} {bin}/initdb --no-sync -D {dir}/a -U groups -A trust -E UTF8 --locale=C && \
             {run_as} {bin}/pg_ctl -D {dir}/a -l {dir}/a.log -w -o '-p {primary} {options}' start && \
             {run_as} {bin}/pg_basebackup -h 127.0.0.1 -p {primary} -U groups -D {dir}/b -R -c fast --no-sync && \
             {run_as} {bin}/pg_ctl -D {dir}/b -l {dir}/b.log -w -o '-p {standby} {options}' start ; }} >{dir}/log 2>&1 ; \
             echo started; cat >/dev/null; for one in a b; do {run_as} {bin}/pg_ctl -D {dir}/$one -m immediate stop; done >/dev/null 2>&1; \
             rm -rf {dir}"
        );
        let shell = shell(&script);
        Some(Self { primary, standby, binaries, data, run_as, shell })
    }

    pub(crate) fn primary(&self) -> u16 {
        self.primary
    }

    pub(crate) fn standby(&self) -> u16 {
        self.standby
    }

    /// Ends the primary as a crash would.
    pub(crate) fn kill_primary(&self) {
        self.control("a", "-m immediate stop");
    }

    /// Ends the standby as a crash would.
    pub(crate) fn kill_standby(&self) {
        self.control("b", "-m immediate stop");
    }

    /// Starts the standby again, and waits until it accepts connections.
    pub(crate) fn start_standby(&self) {
        let log = self.data.join("b.log");
        self.control("b", &format!("-l {} -w -o '-p {} {PAIR_OPTIONS}' start", log.display(), self.standby));
    }

    /// Lets the standby take over.
    pub(crate) fn promote(&self) {
        self.control("b", "-w promote");
    }

    fn control(&self, which: &str, what: &str) {
        let (bin, dir) = (self.binaries.display(), self.data.display());
        let script = format!("cd / && {} {bin}/pg_ctl -D {dir}/{which} {what} >>{dir}/log 2>&1", self.run_as);
        assert!(Command::new("sh").arg("-c").arg(script).status().unwrap().success(), "pg_ctl {what}");
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // The end of the pipe is the shell's sign to stop the servers.
        drop(self.shell.stdin.take());
        self.shell.wait().ok();
    }
}

/// PgBouncer in front of the shared server. It ends with this process however that ends.
pub(crate) struct Bouncer {
    port: u16,
    /// Holds the pipe whose end stops it.
    _shell: Child,
}

impl Bouncer {
    /// Starts one in this mode: `transaction` or `session`. `None`, with a word, where it is not installed.
    ///
    /// It has fewer connections to the server than a store has to it.
    pub(crate) fn start(mode: &str) -> Option<Self> {
        Self::to(shared()?.port, mode)
    }

    /// The same in front of the server on this port.
    pub(crate) fn to(target: u16, mode: &str) -> Option<Self> {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let places = std::env::split_paths(&paths).chain([PathBuf::from("/usr/sbin")]);
        let Some(program) = places.map(|place| place.join("pgbouncer")).find(|program| program.is_file()) else {
            untested::skip("PgBouncer");
            return None;
        };
        let _starting = STARTING.lock().unwrap();
        // It refuses to run as root, too.
        let (data, run_as) = directory();
        let port = free_port(target + 1);
        let connections = if mode == "session" { 50 } else { 3 };
        std::fs::write(data.join("users"), "\"groups\" \"\"\n").unwrap();
        let dir = data.display();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={target}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {dir}/users\npool_mode = {mode}\n\
             default_pool_size = {connections}\nmax_client_conn = 200\npidfile = {dir}/pid\n"
        );
        std::fs::write(data.join("settings"), settings).unwrap();
        let script = format!(
            "cd / && {{ {run_as} {program} {dir}/settings >{dir}/log 2>&1 & }} ; echo started; cat >/dev/null; \
             {run_as} sh -c 'kill $(cat {dir}/pid)'; rm -rf {dir}",
            program = program.display(),
        );
        let shell = shell(&script);
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "PgBouncer does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self { port, _shell: shell })
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://groups@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

/// A directory for servers, and how a command begins that is to run as its owner.
fn directory() -> (PathBuf, &'static str) {
    let data = tempfile::Builder::new().prefix("groups-postgres-").tempdir().unwrap().keep();
    // The server refuses to run as root.
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if root {
        assert!(Command::new("chown").arg("postgres").arg(&data).status().unwrap().success());
    }
    (data, if root { "runuser -u postgres --" } else { "" })
}

/// Runs a script that says "started" and then waits for the end of its input.
fn shell(script: &str) -> Child {
    // In a group of its own, so that an interrupted test run does not interrupt the cleaning up.
    let mut shell = std::os::unix::process::CommandExt::process_group(&mut Command::new("sh"), 0)
        .arg("-c")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut started = [0; 8];
    shell.stdout.as_mut().unwrap().read_exact(&mut started).unwrap();
    shell
}

/// The directory of `initdb` and `postgres`: Debian's newest, or one in the path.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut installed: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    installed.sort();
    installed.reverse();
    let path = std::env::var_os("PATH").unwrap_or_default();
    installed.extend(std::env::split_paths(&path));
    installed.into_iter().find(|directory| directory.join("initdb").is_file() && directory.join("postgres").is_file())
}

fn start(binaries: &Path) -> Server {
    let (data, run_as) = directory();
    let port = free_port(0);
    // Valid for a week, and created for each test run.
    let curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    let certificates = format!(
        "{run_as} sh -c 'cd {data} && openssl req -x509 {curve} -keyout ca.key -out ca.pem -days 7 -subj /CN=authority && \
         openssl req {curve} -keyout server.key -out server.csr -subj /CN=server && \
         echo subjectAltName=DNS:localhost >server.txt && openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key \
         -CAcreateserial -days 7 -extfile server.txt -out server.pem' >{data}/log 2>&1",
        data = data.display(),
    );
    let script = format!(
        "cd / && {{ {certificates} && tls=\"-c ssl=on -c ssl_cert_file={data}/server.pem -c ssl_key_file={data}/server.key\" ; }} ; \
         {run_as} {bin}/initdb --no-sync -D {data}/db -U groups -A trust -E UTF8 --locale=C >>{data}/log 2>&1 && \
         {{ {run_as} {bin}/postgres -D {data}/db -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
            -c fsync=off $tls -c max_connections=300 -c shared_buffers=32MB -c autovacuum=off >>{data}/log 2>&1 & }} ; \
         echo started; cat >/dev/null; {run_as} {bin}/pg_ctl -D {data}/db -m immediate stop >/dev/null 2>&1; rm -rf {data}",
        bin = binaries.display(),
        data = data.display(),
    );
    let shell = shell(&script);
    let begun = Instant::now();
    let ready = || {
        let mut ready = Command::new(binaries.join("pg_isready"));
        ready.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
        ready.status().unwrap().success()
    };
    while !ready() {
        assert!(begun.elapsed() < Duration::from_secs(60), "PostgreSQL does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    let authority = Some(data.join("ca.pem")).filter(|_| data.join("server.pem").is_file());
    Server { port, authority, _shell: shell }
}

/// A port behind this one, or anywhere; different processes begin at different places.
fn free_port(after: u16) -> u16 {
    let begin =
        if after > 10_000 { u32::from(after) } else { 20_000 + u32::from(after) / 4 + std::process::id() % 10_000 };
    (begin..32_768)
        .filter_map(|port| u16::try_from(port).ok())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
