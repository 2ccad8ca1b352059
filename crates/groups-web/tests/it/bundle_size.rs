//! The size of what a page loads, as bundlers build it: the README says it, and it does not grow unnoticed.
//!
//! `GROUPS_TEST_NODE_MODULES` is a `node_modules` directory with `esbuild`.

use std::{
    env,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use flate2::{Compression, write::GzEncoder};

const CLIENT: &str = r#"export { GroupsClient } from "./assets/groups-client.js";"#;
const SIDEBAR: &str = r#"import "./assets/groups-sidebar.js";"#;
const MEMBERS: &str = r#"import "./assets/groups-members.js";"#;

/// Writes the bundle of a program. The package is used as a library, because its command is a script or a native program,
/// depending on how it was installed.
const BUNDLE: &str = r#"
    const [esbuild, contents] = process.argv.slice(1);
    const options = { stdin: { contents, resolveDir: "." }, bundle: true, minify: true, format: "esm", write: false };
    process.stdout.write(require(esbuild).buildSync(options).outputFiles[0].contents);
"#;

/// A size may differ from the README by this much, as its last digit does.
const TOLERANCE_KB: f64 = 0.15;

/// The kilobytes of a program after bundling, minifying and compressing with gzip.
fn gzipped_kb(esbuild: &Path, program: &str) -> f64 {
    let output = Command::new("node")
        .args(["-e", BUNDLE])
        .arg(esbuild)
        .arg(program)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let succeeded = output.status.success() && !output.stdout.is_empty();
    assert!(succeeded, "{}", String::from_utf8_lossy(&output.stderr));
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&output.stdout).unwrap();
    encoder.finish().unwrap().len() as f64 / 1_000.0
}

/// The number before this text in the README.
fn in_readme(text: &str) -> f64 {
    let readme = include_str!("../../README.md");
    let before = readme.split(text).next().filter(|before| before.len() < readme.len()).unwrap();
    before.rsplit(char::is_whitespace).next().unwrap().parse().unwrap()
}

#[test]
fn the_bundles_have_the_sizes_in_the_readme() {
    let modules = env::var_os("GROUPS_TEST_NODE_MODULES").map(PathBuf::from);
    let Some(esbuild) = modules.map(|modules| modules.join("esbuild")).filter(|folder| folder.is_dir()) else {
        untested::skip("esbuild in GROUPS_TEST_NODE_MODULES");
        return;
    };
    for (program, text) in [
        (CLIENT.to_owned(), " KB for the client alone"),
        (format!("{CLIENT}{SIDEBAR}"), " KB with the sidebar"),
        (format!("{CLIENT}{SIDEBAR}{MEMBERS}"), " KB with both elements"),
    ] {
        let (measured, said) = (gzipped_kb(&esbuild, &program), in_readme(text));
        assert!((measured - said).abs() <= TOLERANCE_KB, "{measured:.2} KB, and the README says {said}{text}");
    }
}
