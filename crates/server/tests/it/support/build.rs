//! Finds the server program and builds it first, because a test of this package cannot know where
//! another package's binary is.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| match std::env::var_os("GROUPS_TEST_SERVER") {
    // Packagers can test the program that they ship.
    Some(program) => program.into(),
    None => build(),
});

/// Returns the path of an up-to-date `groups-server`.
pub(crate) fn program() -> &'static Path {
    &PROGRAM
}

/// Builds with the profile and target directory of the test program itself, which is
/// `<target>/<profile>/deps/<name>`.
fn build() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the test program");
    let directory = test.ancestors().nth(2).expect("a profile's directory");
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let target = directory.parent().expect("a target directory");
    let build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into()))
        .args(["build", "--quiet", "--package", "groups-server", "--profile", profile, "--target-dir"])
        .arg(target)
        // The features of the tests, applied to the program.
        .args(if cfg!(feature = "nats") { &["--features", "nats"][..] } else { &[] })
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .expect("cargo runs");
    assert!(build.status.success(), "groups-server does not build:\n{}", String::from_utf8_lossy(&build.stderr));
    directory.join("groups-server").with_extension(std::env::consts::EXE_EXTENSION)
}
