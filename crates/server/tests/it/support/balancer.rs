//! HAProxy or nginx in front of several servers, configured as `docs/proxies.md` describes.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{Http, PATIENCE, installed, server::free_address, skipped};

/// The document from which the configurations are taken, so that errors in them are detected.
const PROXIES: &str = include_str!("../../../../../docs/proxies.md");

/// A running load balancer. Stopped on drop.
pub(crate) struct Balancer {
    http: Arc<Http>,
    listen: SocketAddr,
    process: Child,
    _directory: TempDir,
}

impl Balancer {
    /// Starts HAProxy in front of these servers and waits until it has found them ready. `None`, with
    /// a message, if it is not installed.
    pub(crate) async fn haproxy(servers: &[SocketAddr]) -> Option<Self> {
        let Some(program) = installed("haproxy") else { return skipped("HAProxy") };
        let listen = free_address();
        Some(Self::start(&program, &["-db", "-f"], &haproxy(0, listen, servers), listen).await)
    }

    /// The same with the example for the PROXY protocol.
    pub(crate) async fn haproxy_with_proxy_protocol(servers: &[SocketAddr]) -> Option<Self> {
        let Some(program) = installed("haproxy") else { return skipped("HAProxy") };
        let listen = free_address();
        Some(Self::start(&program, &["-db", "-f"], &haproxy(1, listen, servers), listen).await)
    }

    /// The same with nginx.
    pub(crate) async fn nginx(servers: &[SocketAddr]) -> Option<Self> {
        let Some(program) = installed("nginx") else { return skipped("nginx") };
        let listen = free_address();
        // Errors before it has read its configuration go to standard error as well.
        Some(Self::start(&program, &["-e", "stderr", "-c"], &nginx(listen, servers), listen).await)
    }

    /// Starts nginx with its defaults, which do not let upgrades through.
    pub(crate) async fn nginx_without_upgrades(servers: &[SocketAddr]) -> Option<Self> {
        Self::nginx_with("", servers).await
    }

    /// The same, but it ends a connection that is silent for 3 seconds.
    pub(crate) async fn nginx_with_a_short_timeout(servers: &[SocketAddr]) -> Option<Self> {
        Self::nginx_with("proxy_read_timeout 3s;", servers).await
    }

    /// The same, but it refuses streams of events.
    pub(crate) async fn nginx_without_streams(servers: &[SocketAddr]) -> Option<Self> {
        Self::nginx_with("if ($http_accept ~ text/event-stream) { return 403; }", servers).await
    }

    async fn nginx_with(rule: &str, servers: &[SocketAddr]) -> Option<Self> {
        let Some(program) = installed("nginx") else { return skipped("nginx") };
        let listen = free_address();
        let configuration = format!(
            "{} upstream groups {{ {} }}\n\
             server {{ listen {listen}; location / {{ {rule} proxy_set_header Host $http_host; proxy_pass http://groups; }} }}\n}}\n",
            nginx_head(),
            servers.iter().map(|server| format!("server {server};")).collect::<String>(),
        );
        Some(Self::start(&program, &["-e", "stderr", "-c"], &configuration, listen).await)
    }

    /// Starts HAProxy with its defaults. It refuses upgrades.
    pub(crate) async fn haproxy_without_upgrades(servers: &[SocketAddr]) -> Option<Self> {
        let Some(program) = installed("haproxy") else { return skipped("HAProxy") };
        let listen = free_address();
        let mut configuration = format!(
            "defaults\n    mode http\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n\
             listen groups\n    bind {listen}\n    http-request deny if {{ req.hdr(upgrade) -m found }}\n",
        );
        for (at, server) in servers.iter().enumerate() {
            configuration += &format!("    server groups{at} {server}\n");
        }
        Some(Self::start(&program, &["-db", "-f"], &configuration, listen).await)
    }

    async fn start(program: &Path, arguments: &[&str], configuration: &str, listen: SocketAddr) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("configuration");
        let configuration = configuration.replace("$DIRECTORY", directory.path().to_str().expect("a path in UTF-8"));
        std::fs::write(&file, configuration).expect("the configuration is written");
        let process = Command::new(program)
            .args(arguments)
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the load balancer starts");
        let mut balancer = Self { http: Arc::new(Http::new(listen)), listen, process, _directory: directory };
        balancer.serves().await;
        assert!(balancer.process.try_wait().expect("its state").is_none(), "the load balancer took another's port");
        balancer
    }

    /// An HTTP client that uses it.
    pub(crate) fn http(&self) -> &Arc<Http> {
        &self.http
    }

    /// The address at which it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.listen
    }

    /// Waits until it finds a ready server.
    pub(crate) async fn serves(&self) {
        let from = Instant::now();
        while !self.http.call("GET", "/readyz").try_send().await.is_ok_and(|answer| answer.status == 200) {
            assert!(from.elapsed() < PATIENCE, "the load balancer finds no server");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// One of the documented examples in a language.
fn example(language: &str, index: usize) -> &'static str {
    let example = PROXIES.split(&format!("```{language}\n")).nth(index + 1).expect("an example");
    example.split_once("```").expect("the end of the example").0
}

/// The documented example with other addresses.
fn haproxy(index: usize, listen: SocketAddr, servers: &[SocketAddr]) -> String {
    let mut written = String::new();
    let mut left = servers.iter().enumerate();
    for line in example("haproxy", index).lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["bind", ..] => written += &format!("    bind {listen}\n"),
            ["server", _, _, ..] => {
                let options = words[3..].join(" ");
                for (at, server) in left.by_ref() {
                    written += &format!("    server groups{at} {server} {options}\n");
                }
            }
            _ => written += &format!("{line}\n"),
        }
    }
    written
}

/// The beginning of a configuration for one process in the foreground.
fn nginx_head() -> String {
    let mut written = "daemon off; master_process off; pid $DIRECTORY/pid; error_log stderr;\n\
        events { worker_connections 4096; }\n\
        http {\n\
        access_log off;\n"
        .to_owned();
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        written += &format!("{kind}_temp_path $DIRECTORY/{kind};\n");
    }
    written
}

/// The documented example with other addresses.
fn nginx(listen: SocketAddr, servers: &[SocketAddr]) -> String {
    let mut written = nginx_head();
    let mut left = servers.iter();
    for line in example("nginx", 0).lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["listen", ..] => written += &format!("    listen {listen};\n"),
            ["server", address, ..] if address != "{" => {
                let options = words[2..].join(" ");
                for server in left.by_ref() {
                    written += &format!("    server {server} {options}\n");
                }
            }
            _ => written += &format!("{line}\n"),
        }
    }
    written + "}\n"
}
