//! What goes to npm.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

#[test]
fn the_license_of_the_project_is_part_of_the_package() {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(ours.join(path)).unwrap();
    assert_eq!(read("LICENSE"), read("../../LICENSE"));
}

#[test]
fn the_contract_is_part_of_the_package() {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm");
    let package = folder.join("crates/groups-web");
    fs::create_dir_all(folder.join("docs")).unwrap();
    fs::create_dir_all(&package).unwrap();
    fs::copy(ours.join("../../docs/contract.md"), folder.join("docs/contract.md")).unwrap();
    fs::copy(ours.join("package.json"), package.join("package.json")).unwrap();
    let mut npm = Command::new("npm");
    npm.args(["pack", "--dry-run", "--json", "--offline"]).current_dir(&package).stdin(Stdio::null());
    let Ok(output) = npm.output() else {
        untested::skip("npm");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("\"path\": \"contract.md\""), "{said}");
    assert!(!package.join("contract.md").exists(), "the copy stays behind");
}
