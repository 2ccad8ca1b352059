//! A PostgreSQL server for the benchmark: its default configuration with full durability, in a
//! temporary directory, on a free port of the loopback interface.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::port::free_address;
use crate::failure::Failure;
use crate::process::{Signal, send};

/// A PostgreSQL server. Killed on drop unless it was stopped.
#[derive(Debug)]
pub(super) struct Postgres {
    pid: u32,
    port: u16,
    password: String,
    client: Client,
    counts_statements: bool,
    child: Child,
    _directory: TempDir,
}

/// The user and group that PostgreSQL runs as.
type Account = (u32, u32);

const PATIENCE: Duration = Duration::from_secs(60);
const USER: &str = "groups";

impl Postgres {
    /// Starts a new server with the programs in `binaries`, or else those of the newest installed
    /// version. `None` if there are none.
    pub(super) async fn start(binaries: Option<&Path>) -> Result<Option<Self>, Failure> {
        let Some(binaries) = binaries.map(Path::to_owned).or_else(installed) else { return Ok(None) };
        let account = account()?;
        let directory = tempfile::tempdir().map_err(Failure::io("a temporary directory"))?;
        let (data, password_file) = (directory.path().join("data"), directory.path().join("password"));
        let password = format!("{}{}", Uuid::now_v7().simple(), fastrand::u64(..));
        fs::write(&password_file, &password).map_err(Failure::io("the password of PostgreSQL"))?;
        if let Some((user, group)) = account {
            for path in [directory.path(), &password_file] {
                chown(path, Some(user), Some(group)).map_err(Failure::io("the directory of PostgreSQL"))?;
            }
        }
        let program = |name: &str| command(&binaries.join(name), directory.path(), account);
        let made = program("initdb")
            .args(["-U", USER, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--pwfile"])
            .arg(&password_file)
            .arg("-D")
            .arg(&data)
            .output()
            .await
            .map_err(Failure::io("initdb"))?;
        if !made.status.success() {
            return Err(Failure::Postgres(String::from_utf8_lossy(&made.stderr).into_owned()));
        }
        let port = free_address().map_err(Failure::io("a free port"))?.port();
        // Counts statements. Part of the distribution, but not of every installation.
        let counts_statements = binaries.join("../lib/pg_stat_statements.so").is_file();
        let mut server = program("postgres");
        server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        server.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        if counts_statements {
            server.args(["-c", "shared_preload_libraries=pg_stat_statements"]);
        }
        let child = server.kill_on_drop(true).spawn().map_err(Failure::io("PostgreSQL"))?;
        let pid = child.id().ok_or_else(|| Failure::Postgres("it ended at once".to_owned()))?;
        let client = first_client(&url(port, &password, "postgres")).await?;
        if counts_statements {
            client.batch_execute("CREATE EXTENSION pg_stat_statements").await?;
        }
        Ok(Some(Self { pid, port, password, client, counts_statements, child, _directory: directory }))
    }

    /// Disconnects all clients, stops the server and removes its files.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        // A fast shutdown: https://www.postgresql.org/docs/current/server-shutdown.html
        send(self.pid, Signal::INT).map_err(Failure::io("stopping PostgreSQL"))?;
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended
            .map_err(|_| Failure::Late("the end of PostgreSQL", PATIENCE.as_secs()))?
            .map_err(Failure::io("PostgreSQL"))?;
        Ok(())
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn url(&self, database: &str) -> String {
        url(self.port, &self.password, database)
    }

    pub(super) async fn create_database(&self, name: &str) -> Result<(), Failure> {
        Ok(self.client.batch_execute(&format!("CREATE DATABASE {name}")).await?)
    }

    /// The number of statements executed in a database so far, including `BEGIN` and `COMMIT`. `None`
    /// if the extension that counts them is not installed.
    pub(super) async fn statements(&self, database: &str) -> Result<Option<f64>, Failure> {
        const QUERY: &str = "SELECT coalesce(sum(calls), 0)::float8 FROM pg_stat_statements AS s \
            JOIN pg_database AS d ON d.oid = s.dbid WHERE d.datname = $1";
        if !self.counts_statements {
            return Ok(None);
        }
        Ok(Some(self.client.query_one(QUERY, &[&database]).await?.try_get(0)?))
    }
}

/// Connects to a database, and drives the connection in the background.
pub(super) async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // Its errors are also those of the client's next call.
    tokio::spawn(async move { connection.await.ok() });
    Ok(client)
}

fn url(port: u16, password: &str, database: &str) -> String {
    format!("postgres://{USER}:{password}@127.0.0.1:{port}/{database}")
}

/// Connects as soon as the server accepts connections.
async fn first_client(url: &str) -> Result<Client, Failure> {
    let started = Instant::now();
    loop {
        match connect(url).await {
            Ok(client) => return Ok(client),
            Err(error) if started.elapsed() >= PATIENCE => return Err(error.into()),
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

fn command(program: &Path, directory: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    command
}

/// PostgreSQL refuses to run as root, so root starts it as the user `postgres`.
fn account() -> Result<Option<Account>, Failure> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(Failure::io("/etc/passwd"))?;
    let missing = || Failure::Postgres("root cannot run it, and there is no user 'postgres'".to_owned());
    find_account(&users, "postgres").map(Some).ok_or_else(missing)
}

/// Finds user and group id in the text of `/etc/passwd`.
fn find_account(users: &str, name: &str) -> Option<Account> {
    let mut fields = users.lines().find(|line| line.split(':').next() == Some(name))?.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// The directory of PostgreSQL's programs: Debian's newest version, or one in the path.
fn installed() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut directories: Vec<(u32, PathBuf)> = versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
        .collect();
    directories.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = directories.into_iter().map(|(_, path)| path).chain(std::env::split_paths(&path));
    all.into_iter().find(|directory| directory.join("initdb").is_file() && directory.join("postgres").is_file())
}

#[cfg(test)]
mod tests {
    use super::find_account;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let users = "postgres2:x:7:8::/:/bin/sh\npostgres:x:105:110:PostgreSQL:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(find_account(users, "postgres"), Some((105, 110)));
        assert_eq!(find_account(users, "nobody"), None);
    }
}
