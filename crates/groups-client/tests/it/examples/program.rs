//! An example as a process.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

/// The folder with the programs of all examples.
static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(build);

/// An example that runs, and ends with this value.
pub(super) struct Example(Child);

impl Example {
    pub(super) fn start(name: &str, settings: &[(&str, String)]) -> Self {
        let mut command = Command::new(PROGRAMS.join(name).with_extension(std::env::consts::EXE_EXTENSION));
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        Self(command.envs(settings.iter().map(|(name, value)| (name, value))).spawn().unwrap())
    }

    /// Kills it with SIGKILL. It must not have ended by itself.
    pub(super) fn kill(&mut self) {
        assert_eq!(self.0.try_wait().unwrap(), None, "the example has ended");
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Builds them next to the test program, which is `<target>/<profile>/deps/<name>`: a test of this name alone does not.
fn build() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let directory = test.ancestors().nth(2).unwrap();
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into()))
        .args(["build", "--quiet", "--package", "groups-client", "--examples", "--profile", profile, "--target-dir"])
        .arg(directory.parent().unwrap())
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .output()
        .unwrap();
    assert!(build.status.success(), "the examples do not build:\n{}", String::from_utf8_lossy(&build.stderr));
    directory.join("examples")
}
