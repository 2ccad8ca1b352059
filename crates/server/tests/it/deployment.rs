//! The files in `bins/groups-server/deploy`: valid, and true about the server.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use crate::support::{Http, PATIENCE, SECRET, User, free_address, installed, program, skipped, within};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bins/groups-server/deploy");

/// The user of the container.
const CONTAINER_USER: u32 = 65_532;

/// Runs a tool that must succeed, and returns what it prints.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let says = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} says:\n{says}");
    says
}

/// The texts of all files in a folder.
fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = entries.flat_map(|path| match path.is_dir() {
        true => texts(&path),
        false => vec![(path.clone(), fs::read_to_string(path).unwrap())],
    });
    texts.collect()
}

/// A process that is killed on drop.
struct Running(Child);

impl Running {
    /// Ends it with SIGTERM, sent to a process id, and expects exit code 0.
    async fn terminate(&mut self, pid: u32) {
        run(Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]));
        let ended = async {
            loop {
                if let Some(status) = self.0.try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(PATIENCE / 1_000).await;
            }
        };
        let status = within("the process ends", ended).await;
        assert!(status.success(), "{status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Uses a server that is starting as clients do: it creates a group and receives its event.
async fn use_server(http: Http) {
    let starts = async {
        while !http.call("GET", "/readyz").try_send().await.is_ok_and(|answer| answer.status == 200) {
            tokio::time::sleep(PATIENCE / 1_000).await;
        }
    };
    within("the server starts", starts).await;
    let ada = User::new(&Arc::new(http));
    let mut socket = ada.connects().await;
    ada.creates("Team", &[]).await;
    socket.expect("group_created").await;
}

#[test]
fn systemd_accepts_the_units_and_rates_the_server_as_well_contained() {
    let Some(analyze) = installed("systemd-analyze").or_else(|| skipped("systemd")) else { return };
    let folder = tempfile::tempdir().unwrap();
    for (path, unit) in texts(&Path::new(DEPLOY).join("systemd")) {
        let unit = unit.replace("/usr/bin/groups-server", program().to_str().unwrap());
        fs::write(folder.path().join(path.file_name().unwrap()), unit).unwrap();
    }
    let unit = folder.path().join("groups-server.service");
    let socket = folder.path().join("groups-server.socket");
    assert_eq!(run(Command::new(&analyze).args(["verify", "--man=no"]).args([&unit, &socket])), "");
    run(Command::new(&analyze).args(["security", "--offline=true", "--threshold=20"]).arg(&unit));
}

/// The system calls of a set, such as `@system-service`, with the sets that it contains.
fn system_calls(analyze: &Path, set: &str) -> BTreeSet<String> {
    let text = run(Command::new(analyze).args(["syscall-filter", set]));
    let lines = text.lines().skip(1).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let calls = lines.flat_map(|line| match line.starts_with('@') {
        true => system_calls(analyze, line),
        false => BTreeSet::from([line.to_owned()]),
    });
    calls.collect()
}

/// The system calls that the unit allows.
fn allowed_system_calls(analyze: &Path) -> BTreeSet<String> {
    let unit = fs::read_to_string(format!("{DEPLOY}/systemd/groups-server.service")).unwrap();
    let filters = unit.lines().filter_map(|line| line.strip_prefix("SystemCallFilter="));
    filters.fold(BTreeSet::new(), |mut allowed, filter| {
        let (is_denied, names) = filter.strip_prefix('~').map_or((false, filter), |names| (true, names));
        for name in names.split(' ') {
            let calls = match name.starts_with('@') {
                true => system_calls(analyze, name),
                false => BTreeSet::from([name.to_owned()]),
            };
            match is_denied {
                true => allowed.retain(|call| !calls.contains(call)),
                false => allowed.extend(calls),
            }
        }
        allowed
    })
}

#[tokio::test]
async fn a_server_makes_only_system_calls_that_its_unit_allows() {
    let Some(analyze) = installed("systemd-analyze").or_else(|| skipped("systemd")) else { return };
    let Some(strace) = installed("strace").or_else(|| skipped("strace")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (address, trace) = (free_address(), folder.path().join("trace"));
    let child = Command::new(strace)
        .args(["-f", "-qq", "-o"])
        .arg(&trace)
        .arg(program())
        .env_clear()
        .env("GROUPS_LISTEN", address.to_string())
        .env("GROUPS_JWT_SECRET", SECRET)
        .env("DATABASE_URL", folder.path().join("groups.db"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut strace = Running(child);
    use_server(Http::new(address)).await;
    let pid = strace.0.id();
    let traced = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    strace.terminate(traced.trim().parse().unwrap()).await;

    let allowed = allowed_system_calls(&analyze);
    let trace = fs::read_to_string(trace).unwrap();
    // `4711 openat(…`; the line that begins the program is systemd's.
    let calls = trace.lines().filter_map(|line| line.split_whitespace().nth(1)?.split_once('(')).map(|(call, _)| call);
    let denied: BTreeSet<_> = calls.filter(|call| !allowed.contains(*call)).collect();
    assert!(allowed.contains("accept4") && denied.is_empty(), "not allowed: {denied:?}");
}

#[test]
fn linters_find_no_fault_in_the_container_file_the_manifests_and_the_compose_project() {
    let tools = ["hadolint", "kubernetes-validate", "check-jsonschema", "promtool"];
    let [Some(hadolint), Some(kubernetes), Some(compose), Some(promtool)] =
        tools.map(|tool| installed(tool).or_else(|| skipped(tool)))
    else {
        return;
    };
    let deploy = Path::new(DEPLOY);
    assert_eq!(run(Command::new(hadolint).arg(deploy.join("container/Containerfile"))), "");
    // Its schemas have no `Kustomization`.
    let manifests = texts(&deploy.join("kubernetes")).into_iter().map(|(path, _)| path);
    let manifests: Vec<_> = manifests.filter(|path| !path.ends_with("kustomization.yaml")).collect();
    assert!(manifests.len() > 3, "{manifests:?}");
    run(Command::new(kubernetes).arg("--strict").args(manifests));
    let project = deploy.join("compose/compose.yml");
    run(Command::new(compose).args(["--builtin-schema", "vendor.compose-spec"]).arg(project));
    run(Command::new(promtool).args(["check", "config", "--syntax-only"]).arg(deploy.join("compose/prometheus.yml")));
}

#[tokio::test]
async fn the_root_folder_of_the_image_runs_the_server_as_its_user() {
    let folder = tempfile::tempdir().unwrap();
    let is_root = chown(folder.path(), Some(0), None).is_ok();
    let Some(chroot) = installed("chroot").filter(|_| is_root).or_else(|| skipped("chroot as root")) else { return };
    let image = folder.path().join("image");
    run(Command::new("bash").arg(format!("{DEPLOY}/container/root")).arg(&image).arg(program()));
    let (address, operations) = (free_address(), free_address());
    let in_image = |arguments: &[&str]| {
        let mut command = Command::new(&chroot);
        command
            .arg(format!("--userspec={CONTAINER_USER}:{CONTAINER_USER}"))
            .arg(&image)
            .arg("/bin/groups-server")
            .args(arguments)
            .env_clear()
            .env("GROUPS_LISTEN", address.to_string())
            .env("GROUPS_OPERATIONS_LISTEN", operations.to_string())
            .env("GROUPS_JWT_SECRET", SECRET)
            .env("DATABASE_URL", "sqlite:///data/groups.db");
        command
    };
    let mut server = Running(in_image(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    use_server(Http::new(address)).await;
    run(&mut in_image(&["healthcheck"]));
    server.terminate(server.0.id()).await;
    assert!(!in_image(&["healthcheck"]).output().unwrap().status.success(), "no server answers any more");
}

#[test]
fn the_files_name_only_settings_that_exist() {
    let help = run(Command::new(program()).arg("--help"));
    let mut texts = texts(Path::new(DEPLOY));
    texts.push((PathBuf::from("deployment.md"), fs::read_to_string(format!("{ROOT}/docs/deployment.md")).unwrap()));
    let is_name = |letter: char| letter.is_ascii_uppercase() || letter == '_';
    let mut used = BTreeSet::new();
    for (path, text) in &texts {
        for name in text.split(|letter| !is_name(letter)).filter(|name| name.starts_with("GROUPS_")) {
            let setting = name.strip_suffix("_FILE").unwrap_or(name);
            let is_known = ["=", "]"].iter().any(|end| help.contains(&format!("[env: {setting}{end}")));
            assert!(is_known, "{name} in {}", path.display());
            used.insert(name);
        }
    }
    assert!(used.len() > 5, "{used:?}");
}

#[tokio::test]
async fn the_debian_package_has_a_server_that_runs_with_its_own_settings() {
    let Some(dpkg) = installed("dpkg-deb").or_else(|| skipped("dpkg-deb")) else { return };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let has_cargo_deb = Command::new(&cargo).args(["deb", "--version"]).output().unwrap().status.success();
    let Some(()) = has_cargo_deb.then_some(()).or_else(|| skipped("cargo-deb")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (package, files) = (folder.path().join("groups-server.deb"), folder.path().join("files"));
    // The package is made of a release build, for which the program under test stands in.
    fs::create_dir(folder.path().join("release")).unwrap();
    fs::copy(program(), folder.path().join("release/groups-server")).unwrap();
    run(Command::new(cargo)
        // The program under test is large: stripped, it is compressed in a fraction of the time.
        .args(["deb", "--quiet", "--package", "groups-server", "--no-build", "--strip", "--fast", "--output"])
        .arg(&package)
        .env("CARGO_TARGET_DIR", folder.path())
        .current_dir(ROOT));
    run(Command::new(dpkg).arg("--extract").arg(&package).arg(&files));
    for file in ["usr/lib/systemd/system/groups-server.service", "usr/lib/sysusers.d/groups-server.conf"] {
        assert!(files.join(file).is_file(), "{file}");
    }
    let address = free_address();
    let child = Command::new(files.join("usr/bin/groups-server"))
        .env_clear()
        .env("GROUPS_CONFIG", files.join("etc/groups-server/groups.toml"))
        .env("GROUPS_LISTEN", address.to_string())
        .env("GROUPS_JWT_SECRET", SECRET)
        .current_dir(&folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut server = Running(child);
    use_server(Http::new(address)).await;
    server.terminate(server.0.id()).await;
}
