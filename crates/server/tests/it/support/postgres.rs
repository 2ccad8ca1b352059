//! A PostgreSQL server for a test, which can be restarted.

use std::{
    io::Read,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{PATIENCE, server::free_address, skipped};

/// How servers are started. A standby needs as many connections as its primary.
const OPTIONS: &str = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=200";

/// A running server. Stopped and deleted on drop.
pub(crate) struct Postgres {
    port: u16,
    binaries: PathBuf,
    directory: TempDir,
    /// Command prefix that runs a program as the owner of the files, because PostgreSQL refuses to
    /// run as root.
    run_as: &'static str,
    shell: Child,
}

impl Postgres {
    /// Starts a server. If PostgreSQL is not installed, reports that, and panics if
    /// `GROUPS_TEST_REQUIRE_ALL` is 1.
    pub(crate) async fn start() -> Option<Self> {
        let Some(binaries) = binaries() else { return skipped("PostgreSQL") };
        Some(Self::start_with(binaries, "initdb", "-U groups -A trust -E UTF8 --locale=C --no-sync").await)
    }

    /// Starts a streaming standby of this server.
    pub(crate) async fn standby(&self) -> Self {
        let copy = format!("-h 127.0.0.1 -p {} -U groups -R -c fast --no-sync", self.port);
        Self::start_with(self.binaries.clone(), "pg_basebackup", &copy).await
    }

    /// Starts a server whose files are made by this program.
    async fn start_with(binaries: PathBuf, maker: &str, arguments: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("groups-postgres-").tempdir().expect("a temporary directory");
        let root = Command::new("id").arg("-u").output().expect("id runs").stdout == b"0\n";
        let run_as = if root { "runuser -u postgres --" } else { "" };
        if root {
            let given = Command::new("chown").arg("postgres").arg(directory.path()).status().expect("chown runs");
            assert!(given.success(), "the directory is given to postgres");
        }
        let port = free_address().port();
        // However this process ends, the pipe closes, which stops the server.
        let script = format!(
            "cd / && {run_as} {bin}/{maker} -D {data}/db {arguments} >{data}/log 2>&1 && \
             {{ {run_as} {bin}/postgres -D {data}/db -p {port} {OPTIONS} -c shared_buffers=32MB >>{data}/log 2>&1 & }} ; \
             echo started; cat >/dev/null; {run_as} {bin}/pg_ctl -D {data}/db -m immediate stop >/dev/null 2>&1",
            bin = binaries.display(),
            data = directory.path().display(),
        );
        let mut shell = std::os::unix::process::CommandExt::process_group(&mut Command::new("sh"), 0)
            .arg("-c")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh runs");
        let mut stdout = shell.stdout.take().expect("standard output");
        let server = Self { port, binaries, directory, run_as, shell };
        tokio::task::spawn_blocking(move || stdout.read_exact(&mut [0; 8]))
            .await
            .expect("a thread")
            .expect("its files are made");
        server.answers().await;
        server
    }

    /// Returns a new database on the first call.
    pub(crate) fn url(&self) -> String {
        format!("postgres://groups@127.0.0.1:{}/postgres", self.port)
    }

    /// The columns of all tables that contain one of these texts, with the number of rows.
    pub(crate) async fn rows_with(&self, texts: &[&str]) -> Vec<String> {
        let list: Vec<_> = texts.iter().map(|text| format!("'%{text}%'")).collect();
        // Each column as text, in every table outside of the catalogue.
        let script = format!(
            "DO $$ DECLARE c record; n bigint; BEGIN \
             FOR c IN SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' LOOP \
             EXECUTE format('SELECT count(*) FROM %I WHERE %I::text LIKE ANY ($1)', c.table_name, c.column_name) \
             INTO n USING ARRAY[{}]; \
             IF n > 0 THEN RAISE WARNING 'FOUND % % %', c.table_name, c.column_name, n; END IF; END LOOP; END $$",
            list.join(", ")
        );
        let text = self.sql(&script).await;
        text.lines().filter_map(|line| line.split_once("FOUND ")).map(|(_, found)| found.to_owned()).collect()
    }

    /// Runs a statement. Returns what it prints.
    pub(crate) async fn sql(&self, statement: &str) -> String {
        let mut psql = Command::new(self.binaries.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-U", "groups", "-d", "postgres"]);
        psql.args(["-p", &self.port.to_string(), "-c", statement]);
        let output = tokio::task::spawn_blocking(move || psql.output()).await.expect("a thread").expect("psql runs");
        let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
        assert!(output.status.success(), "{text}");
        text
    }

    /// Kills and restarts it; returns when it responds.
    pub(crate) async fn restart_at_once(&self) {
        self.control("restart").await;
        self.answers().await;
    }

    /// Kills it like a crash.
    pub(crate) async fn stop_at_once(&self) {
        self.control("stop").await;
    }

    /// Restarts it; returns when it responds.
    pub(crate) async fn launch(&self) {
        self.control("start").await;
        self.answers().await;
    }

    async fn control(&self, what: &'static str) {
        // A restart keeps the options.
        let options = format!("-p {} {OPTIONS}", self.port);
        let (mode, options) =
            if what == "start" { ("", format!("-o '{options}'")) } else { ("-m immediate", String::new()) };
        let script = format!(
            "cd / && {} {}/pg_ctl -D {data}/db -l {data}/restarts -w {mode} {options} {what} >/dev/null 2>&1",
            self.run_as,
            self.binaries.display(),
            data = self.directory.path().display(),
        );
        let done = tokio::task::spawn_blocking(move || Command::new("sh").arg("-c").arg(script).status());
        let done = done.await.expect("a thread").expect("sh runs");
        assert!(done.success(), "pg_ctl {what}");
    }

    async fn answers(&self) {
        let from = Instant::now();
        loop {
            let mut ready = Command::new(self.binaries.join("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if ready.status().expect("pg_isready runs").success() {
                return;
            }
            assert!(from.elapsed() < PATIENCE, "PostgreSQL does not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The closed pipe tells the shell to stop the server.
        drop(self.shell.stdin.take());
        self.shell.wait().ok();
    }
}

/// The directory of `initdb` and `postgres`: the newest of Debian, or one in the path.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut installed: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    installed.sort();
    installed.reverse();
    let path = std::env::var_os("PATH").unwrap_or_default();
    installed.extend(std::env::split_paths(&path));
    installed.into_iter().find(|directory| directory.join("initdb").is_file() && directory.join("postgres").is_file())
}
